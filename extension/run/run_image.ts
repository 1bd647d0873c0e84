// Creates a container from the form's choices and starts it, in a terminal if it is interactive.
import * as vscode from 'vscode';
import type { HostConfig } from '../../runtime/protocol/container_config.ts';
import type { ContainerInspect } from '../../runtime/protocol/container_views.ts';
import { isEngineError } from '../../runtime/protocol/errors.ts';
import type { Params } from '../../runtime/protocol/methods.ts';
import { type App, confirmTrust } from '../commands/app.ts';
import { pullImage } from '../commands/image_transfer.ts';
import type { Terminals } from '../terminals/terminals.ts';
import { emptyRunOptions, parseSize, quoteForShell, type RunOptions, splitCommand } from './options.ts';

/** @returns whether a container was started: false when a person decided against it. */
export async function runImage(app: App, terminals: Terminals, options: RunOptions): Promise<boolean> {
  if (!(await confirmTrust(vscode.l10n.t('Run {0}?', options.image)))) return false;
  const client = await app.engine.client();
  const request = createRequest(options);
  const { Id } = await client.call('container.create', request).catch(async (error: unknown) => {
    if (!isEngineError(error, 'NotFound')) throw error;
    await pullImage(app, options.image);
    return await client.call('container.create', request);
  });
  const { Name } = await client.call('container.inspect', { Container: Id });
  if (options.interactive) terminals.openAndStart(Id, Name.replace(/^\//, ''));
  else await app.activity.run(Id, vscode.l10n.t('starting…'), () => client.call('container.start', { Container: Id }));
  return true;
}

/** What the engine is asked to create. */
function createRequest(options: RunOptions): Params<'container.create'> {
  const command = splitCommand(options.command);
  const exposed = options.ports.map(({ container, protocol }) => `${container}/${protocol}`);
  const bindings: NonNullable<HostConfig['PortBindings']> = {};
  for (const { address, host, container, protocol } of options.ports) {
    const key = `${container}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: address, HostPort: host }];
  }
  const anonymous = options.volumes.filter(({ source }) => source === '').map(({ target }) => target);
  return {
    ...(options.name === '' ? {} : { Name: options.name }),
    Config: {
      Image: options.image,
      ...(command.length === 0 ? {} : { Cmd: command }),
      Env: options.environment.map(({ name, value }) => `${name}=${value}`),
      User: options.user,
      WorkingDir: options.workdir,
      Tty: options.interactive,
      OpenStdin: options.interactive,
      StdinOnce: options.interactive,
      AttachStdin: options.interactive,
      AttachStdout: options.interactive,
      AttachStderr: options.interactive,
      ExposedPorts: Object.fromEntries(exposed.map((port) => [port, {}])),
      Volumes: Object.fromEntries(anonymous.map((target) => [target, {}])),
    },
    HostConfig: {
      PortBindings: bindings,
      Binds: options.volumes
        .filter(({ source }) => source !== '')
        .map(({ source, target, readOnly }) => `${source}:${target}${readOnly ? ':ro' : ''}`),
      ...(options.network === '' ? {} : { NetworkMode: options.network }),
      ...(options.memory === '' ? {} : { Memory: parseSize(options.memory) }),
      ...(options.cpus === '' ? {} : { NanoCpus: Math.round(Number(options.cpus) * 1e9) }),
      ...(options.pidsLimit === '' ? {} : { PidsLimit: Number(options.pidsLimit) }),
      RestartPolicy: { Name: options.restart },
      AutoRemove: options.removeOnExit,
    },
  };
}

/** The choices that an existing container was made with, to run it again with changes. */
export function optionsOf(inspect: ContainerInspect): RunOptions {
  const { Config, HostConfig } = inspect;
  const restart = (['always', 'unless-stopped', 'on-failure'] as const).find(
    (policy) => policy === HostConfig.RestartPolicy?.Name,
  );
  return {
    ...emptyRunOptions(Config.Image ?? inspect.Image),
    command: (Config.Cmd ?? []).map(quoteForShell).join(' '),
    ports: Object.entries(HostConfig.PortBindings ?? {}).flatMap(([key, bindings]) => {
      const [container = '', protocol] = key.split('/');
      return bindings.map(({ HostIp, HostPort }) => ({
        address: HostIp ?? '',
        host: HostPort ?? '',
        container,
        protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
      }));
    }),
    volumes: inspect.Mounts.filter(({ Type }) => Type === 'bind' || Type === 'volume').map((mount) => ({
      source: mount.Type === 'volume' ? (mount.Name ?? '') : mount.Source,
      target: mount.Destination,
      readOnly: !mount.RW,
    })),
    environment: (Config.Env ?? []).map((variable) => {
      const at = variable.indexOf('=');
      return { name: variable.slice(0, at), value: variable.slice(at + 1) };
    }),
    network: ['default', 'bridge', undefined].includes(HostConfig.NetworkMode) ? '' : (HostConfig.NetworkMode ?? ''),
    memory: HostConfig.Memory ? String(HostConfig.Memory) : '',
    cpus: HostConfig.NanoCpus ? String(HostConfig.NanoCpus / 1e9) : '',
    pidsLimit: HostConfig.PidsLimit !== undefined && HostConfig.PidsLimit > 0 ? String(HostConfig.PidsLimit) : '',
    user: Config.User ?? '',
    workdir: Config.WorkingDir ?? '',
    restart: restart ?? 'no',
    interactive: Config.Tty === true && Config.OpenStdin === true,
    removeOnExit: HostConfig.AutoRemove === true,
  };
}

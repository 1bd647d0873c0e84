// RUN: the command in a container of its own, in the same OCI runtime as every container, under the engine's networks.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { FrameDecoder } from '../container/attach_stream.ts';
import { stringifySpec } from '../container/bundle.ts';
import { hostsText } from '../container/etc_files.ts';
import type { MonitorClient } from '../container/monitor_client.ts';
import { launchMonitor } from '../container/monitor_client.ts';
import { networkClient, usesNetworks } from '../container/network_client.ts';
import { runtimeRoot } from '../container/oci_command.ts';
import { type ContainerRecord, zeroTime } from '../container/record.ts';
import type { ContainerServices } from '../container/services.ts';
import { generateSpec } from '../container/spec/generate.ts';
import type { OciMount } from '../container/spec/oci.ts';
import { readUserFiles, resolveUser } from '../container/spec/user.ts';
import { proxyArguments } from '../dockerfile/predefined.ts';
import { makeDirectoryInRoot, statInRoot, writeFileInRoot } from '../native/filesystem.ts';
import type { BuildRequest } from '../protocol/build.ts';
import type { HostConfig } from '../protocol/container_config.ts';
import { EngineError } from '../protocol/errors.ts';
import { removeTree } from '../store/files.ts';
import type { RunOperation } from './steps.ts';

export interface RunEnvironment {
  readonly services: ContainerServices;
  /** The mounted root file system. */
  readonly root: string;
  /** What `--mount` adds, with sources on this machine. */
  readonly mounts: readonly OciMount[];
  /** Variables of secrets: for the process only, never recorded. */
  readonly secretEnv: readonly string[];
  /** Limits, hosts and shared memory of the whole build. */
  readonly hostConfig: HostConfig;
  readonly signal: AbortSignal;
  readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
}

/** Runs the command to its end. @returns its exit code. @throws EngineError when it could not be started. */
export async function runCommand(operation: RunOperation, environment: RunEnvironment): Promise<number> {
  const { services, signal } = environment;
  const id = `build${randomBytes(12).toString('hex')}`;
  const scratch = join(services.context.paths.execRoot, 'builds');
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(scratch, 'run-'));
  const record = recordOf(id, operation, environment.hostConfig);
  let monitor: MonitorClient | undefined;
  try {
    await writeBundle(directory, record, operation, environment);
    monitor = await launchMonitor({
      program: services.ociPath,
      root: runtimeRoot(services),
      id,
      bundle: directory,
      directory: join(directory, 'monitor'),
      ...(services.context.options.cgroupDriver === 'systemd' ? { systemdCgroup: true } : {}),
    });
    if (usesNetworks(record.hostConfig)) {
      record.attachment = await services.networks.attach(networkClient(record), monitor.pid);
      writeEtcFiles(directory, record, record.attachment.resolvConf);
    }
    const { ended } = await followOutput(monitor, environment.onOutput);
    signal.throwIfAborted();
    const started = monitor;
    const stop = (): void => void started.kill(9).catch(() => {});
    signal.addEventListener('abort', stop, { once: true });
    await monitor.start();
    const exit = await monitor.exited;
    await ended;
    await monitor.deleted;
    signal.removeEventListener('abort', stop);
    signal.throwIfAborted();
    if (exit === undefined) throw new EngineError('RuntimeFailed', 'the monitor of the command was killed');
    if (exit.oomKilled)
      environment.onOutput('stderr', Buffer.from('the command was killed: it reached its memory limit\n'));
    return exit.exitCode;
  } finally {
    monitor?.abort();
    await services.networks.release(id);
    await removeTree(directory);
  }
}

function recordOf(id: string, operation: RunOperation, common: HostConfig): ContainerRecord {
  const network = operation.network === 'default' ? (common.NetworkMode ?? 'default') : operation.network;
  return {
    id,
    name: id,
    created: zeroTime,
    imageId: '',
    imageSize: 0,
    platform: 'linux',
    config: {
      Hostname: 'buildkitsandbox',
      User: operation.user,
      Env: [...operation.env],
      Cmd: [...operation.args],
      WorkingDir: operation.cwd,
    },
    hostConfig: { ...common, NetworkMode: network, ...(operation.privileged ? { Privileged: true } : {}) },
    mounts: [],
    endpoints: {},
    attachment: undefined,
    state: {
      status: 'created',
      pid: 0,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: zeroTime,
      finishedAt: zeroTime,
      health: undefined,
    },
    restartCount: 0,
    stoppedByUser: false,
  };
}

function writeEtcFiles(directory: string, record: ContainerRecord, resolvConf: string): void {
  writeFileSync(join(directory, 'hostname'), `${record.config.Hostname}\n`);
  writeFileSync(join(directory, 'hosts'), hostsText(record));
  writeFileSync(join(directory, 'resolv.conf'), resolvConf);
  for (const name of ['hostname', 'hosts', 'resolv.conf']) chmodSync(join(directory, name), 0o644);
}

async function writeBundle(
  directory: string,
  record: ContainerRecord,
  operation: RunOperation,
  environment: RunEnvironment,
): Promise<void> {
  const { services, root } = environment;
  writeEtcFiles(directory, record, services.networks.plainResolvConf(networkClient(record)));
  const user = resolveUser(operation.user, await readUserFiles(root));
  const spec = generateSpec({
    record,
    user,
    rootfs: root,
    mounts: {
      mounts: [],
      files: {
        hostname: join(directory, 'hostname'),
        hosts: join(directory, 'hosts'),
        resolvConf: join(directory, 'resolv.conf'),
      },
      shm: { size: record.hostConfig.ShmSize ?? 64 << 20 },
      initBinary: undefined,
    },
    facts: services.facts,
    cgroupsPath:
      services.context.options.cgroupDriver === 'systemd'
        ? `${record.hostConfig.CgroupParent ?? 'system.slice'}:slipway:${record.id}`
        : posix.join(record.hostConfig.CgroupParent ?? services.context.options.cgroupParent ?? '/slipway', record.id),
    joined: {},
    idMappings: undefined,
    deviceEdits: [],
    defaultUlimits: services.context.options.defaultUlimits,
  });
  const { process } = spec;
  // Not part of the recorded environment: it would end in the image otherwise.
  const env = [...process.env, ...environment.secretEnv];
  const inline = writeInline(directory, operation);
  const document = {
    ...spec,
    process: { ...process, env },
    mounts: [...spec.mounts, ...environment.mounts, ...inline],
  };
  writeFileSync(join(directory, 'config.json'), stringifySpec(document), { mode: 0o600 });
}

/** Scripts of heredocs, where the kernel can start them. */
function writeInline(directory: string, operation: RunOperation): OciMount[] {
  if (operation.inline.length === 0) return [];
  const pipes = join(directory, 'pipes');
  mkdirSync(pipes);
  for (const { name, content } of operation.inline) {
    writeFileSync(join(pipes, name), content);
    chmodSync(join(pipes, name), 0o755);
  }
  chmodSync(pipes, 0o755);
  return [{ destination: '/dev/pipes', type: 'bind', source: pipes, options: ['rbind', 'ro'] }];
}

/** Attached before the start, so that nothing is missed. `ended` resolves when everything that was written is told. */
async function followOutput(
  monitor: MonitorClient,
  onOutput: RunEnvironment['onOutput'],
): Promise<{ ended: Promise<void> }> {
  const socket = await monitor.attach();
  const decoder = new FrameDecoder();
  const hello = Promise.withResolvers<void>();
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // The monitor ends its side when all is said; the other side is ours to end.
  socket.once('end', () => socket.destroy());
  socket.on('error', () => {});
  socket.on('data', (bytes: Buffer) => {
    for (const frame of decoder.feed(bytes)) {
      if (frame.type === 'stdout' || frame.type === 'stderr') onOutput(frame.type, frame.data);
      else if (frame.type === 'hello') hello.resolve();
    }
  });
  await Promise.race([hello.promise, ended]);
  return { ended };
}

/** Makes a mount's target where it is missing. @returns what was made, outermost first: it must not stay in the layer. */
export async function makeMountPoint(root: string, target: string, isFile: boolean): Promise<string[]> {
  const exists = await statInRoot(root, target, true).then(
    () => true,
    () => false,
  );
  if (exists) return [];
  if (!isFile) return await makeDirectoryInRoot(root, target);
  const made = await makeDirectoryInRoot(root, posix.dirname(target));
  await writeFileInRoot(root, target, Buffer.alloc(0));
  return [...made, target];
}

/** Proxies that were given count for every command, and for no layer's key. */
export function proxiesOf({ BuildArgs = {} }: BuildRequest, { env }: RunOperation): string[] {
  return proxyArguments.flatMap((name) => {
    const value = BuildArgs[name];
    return value === undefined || env.some((own) => own.startsWith(`${name}=`)) ? [] : [`${name}=${value}`];
  });
}

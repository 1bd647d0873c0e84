// The OCI runtime's short verbs (pause, resume, update, ps, delete, …) for what the monitor has no part in.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { EngineError } from '../protocol/errors.ts';
import type { Container } from './container.ts';
import type { ContainerServices } from './services.ts';

/** A runtime's program and the arguments that go before its verb. */
export interface RuntimeCommand {
  readonly path: string;
  readonly args: readonly string[];
}

/** Names that mean our own runtime. Docker's clients ask for `runc` without thinking of it. */
const ownNames = new Set(['', 'slipway-oci', 'runc', 'io.containerd.runc.v2']);

/** Another runtime by name (setting `runtimes`) or path; undefined for our own. Throws `InvalidArgument`. */
export function foreignRuntime(services: ContainerServices, name: string): RuntimeCommand | undefined {
  const configured = services.context.options.runtimes[name];
  if (configured !== undefined) return { path: configured.path, args: configured.runtimeArgs ?? [] };
  if (ownNames.has(name)) return undefined;
  if (name.startsWith('/')) return { path: name, args: [] };
  throw new EngineError('InvalidArgument', `unknown or invalid runtime name: ${name}`, {
    remedy: 'add it to "runtimes" in the engine\'s configuration, or give the path of its program',
  });
}

/** Where the runtime keeps its state. */
export function runtimeRoot({ context }: ContainerServices): string {
  return join(context.paths.execRoot, 'oci');
}

/** Global arguments of our runtime (or another's) for this engine. */
function runtimeCommand(services: ContainerServices, runtimeName: string): RuntimeCommand {
  const foreign = foreignRuntime(services, runtimeName);
  const root = ['--root', runtimeRoot(services)];
  const systemd = services.context.options.cgroupDriver === 'systemd' ? ['--systemd-cgroup'] : [];
  if (foreign !== undefined) return { path: foreign.path, args: [...foreign.args, ...root, ...systemd] };
  return { path: services.ociPath, args: [...root, ...systemd] };
}

/** Kills what may be left of a container and removes its cgroup and runtime state. Nothing there is no error. */
export async function deleteRuntimeState(services: ContainerServices, id: string): Promise<void> {
  const { path, args } = runtimeCommand(services, '');
  await run({ path, args }, id, ['delete', '--force', id]).catch((error: unknown) =>
    services.context.log.debug('delete --force', { id, error: String(error) }),
  );
}

/** Runs a verb to its end; its output. A failure carries the runtime's last line. */
export async function runOci(
  services: ContainerServices,
  container: Container,
  args: readonly string[],
  input?: string,
): Promise<string> {
  return await run(runtimeCommand(services, container.record.hostConfig.Runtime ?? ''), container.id, args, input);
}

function run(
  { path, args: before }: RuntimeCommand,
  id: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(path, [...before, ...args], { maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new EngineError(
            'RuntimeFailed',
            `cannot ${args[0]} container ${id}: ${stderr.trim().split('\n').at(-1) || error.message}`,
          ),
        );
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

// run, create, start and attach: containers and the person's terminal.
import { existsSync, writeFileSync } from 'node:fs';
import type { Client } from '../../protocol/client.ts';
import type { ContainerInspect } from '../../protocol/container_views.ts';
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import type { Params } from '../../protocol/methods.ts';
import { type CommandSpec, flag, type Invocation, text } from '../command.ts';
import type { CliContext } from '../context.ts';
import { createRequest } from '../options/request.ts';
import { createFlags, runFlags } from '../options/run_flags.ts';
import { UsageError } from '../parse.ts';
import { pullWithProgress } from './image_transfer.ts';
import { errorText } from './many.ts';
import { proxySignals, serveStdio } from './stdio.ts';

/** Docker's codes for a container that could not be started. */
function startFailureCode(error: unknown): number {
  const message = error instanceof Error ? error.message : '';
  // Docker's client goes by the words, whatever was not found.
  if (isEngineError(error, 'CommandNotFound') || /no such file or directory/i.test(message)) return 127;
  return isEngineError(error, 'CommandNotExecutable') ? 126 : 125;
}

function failure(context: CliContext, error: unknown): number {
  const remedy = error instanceof EngineError && error.remedy !== undefined ? `\n${error.remedy}` : '';
  context.error(
    `slipway: Error response from engine: ${error instanceof Error ? error.message : String(error)}${remedy}\n\nRun 'slipway run --help' for more information\n`,
  );
  return startFailureCode(error);
}

/** Creates; pulls the image first if it is missing (or as --pull says). */
async function create(client: Client, context: CliContext, input: Invocation): Promise<string> {
  const cidfile = input.text('cidfile');
  if (cidfile !== undefined && existsSync(cidfile))
    throw new UsageError(`container ID file found, make sure the other container isn't running or delete ${cidfile}`);
  const request = createRequest(input, context.environment);
  const size = context.terminal.size();
  if (input.flag('tty') && size !== undefined)
    request.HostConfig = { ...request.HostConfig, ConsoleSize: [size.height, size.width] };
  const policy = input.text('pull') ?? 'missing';
  if (!['always', 'missing', 'never'].includes(policy))
    throw new UsageError(`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`);
  const pull = () =>
    pullWithProgress(
      client,
      context,
      {
        Reference: request.Config.Image ?? '',
        ...(request.Platform === undefined ? {} : { Platform: request.Platform }),
      },
      { quiet: input.flag('quiet'), toErrors: true },
    );
  if (policy === 'always') await pull();
  const { Id, Warnings } = await createOrPull(client, context, request, policy, pull);
  for (const warning of Warnings) context.error(`WARNING: ${warning}\n`);
  if (cidfile !== undefined) writeFileSync(cidfile, Id);
  return Id;
}

async function createOrPull(
  client: Client,
  context: CliContext,
  request: Params<'container.create'>,
  policy: string,
  pull: () => Promise<unknown>,
) {
  try {
    return await client.call('container.create', request, { signal: context.signal });
  } catch (error) {
    // Not the image of a mount: pulling the container's own would not bring that.
    const isMissing =
      isEngineError(error, 'NotFound') &&
      (error.message === `No such image: ${request.Config.Image}` ||
        error.message.startsWith(`image with reference ${request.Config.Image} was found but`));
    if (policy !== 'missing' || !isMissing) throw error;
    context.error(`Unable to find image '${withTag(request.Config.Image ?? '')}' locally\n`);
    await pull();
    return await client.call('container.create', request, { signal: context.signal });
  }
}

function withTag(image: string): string {
  return image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;
}

interface AttachPlan {
  readonly id: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string | undefined;
}

function attach(client: Client, { id, stdin, stdout, stderr, detachKeys }: AttachPlan) {
  return client.stream('container.attach', {
    Container: id,
    Stream: true,
    Stdin: stdin,
    Stdout: stdout,
    Stderr: stderr,
    ...(detachKeys === undefined ? {} : { DetachKeys: detachKeys }),
  });
}

function resizeOf(client: Client, id: string) {
  return ({ height, width }: { height: number; width: number }) =>
    client.call('container.resize', { Container: id, Height: height, Width: width });
}

/**
 * Serves the attached streams until the container ends (its exit code) or the person detaches: 0 for who started it, 1 for
 * `attach`, as with Docker.
 */
async function follow(
  client: Client,
  context: CliContext,
  plan: AttachPlan,
  stream: Awaited<ReturnType<typeof attach>>,
  exit: Promise<{ StatusCode: number }>,
  sigProxy: boolean,
): Promise<number> {
  using _signals =
    sigProxy && !plan.tty
      ? proxySignals(context.interruption, (Signal) => client.call('container.kill', { Container: plan.id, Signal }))
      : { [Symbol.dispose]: () => {} };
  await serveStdio(stream.socket, {
    tty: plan.tty,
    stdin: plan.stdin,
    terminal: context.terminal,
    resize: resizeOf(client, plan.id),
  });
  const outcome = await stream.outcome;
  if (outcome.Reason === 'detached') return 0;
  return (await exit).StatusCode;
}

function checkTerminal(context: CliContext, tty: boolean, stdin: boolean): void {
  if (tty && stdin && !context.terminal.isInputTerminal) throw new UsageError('the input device is not a TTY');
}

async function run(input: Invocation, context: CliContext): Promise<number> {
  const detached = input.flag('detach');
  const tty = input.flag('tty');
  const stdin = input.flag('interactive') && !detached;
  if (detached && input.list('attach').length > 0) throw new UsageError('Conflicting options: -a and -d');
  if (!detached) checkTerminal(context, tty, stdin);
  const client = await context.engine();
  let id: string;
  try {
    id = await create(client, context, input);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return failure(context, error);
  }
  if (detached) {
    try {
      await client.call('container.start', { Container: id });
    } catch (error) {
      return failure(context, error);
    }
    context.out(`${id}\n`);
    return 0;
  }
  return await runAttached(client, context, input, id);
}

async function runAttached(client: Client, context: CliContext, input: Invocation, id: string): Promise<number> {
  const attached = input.list('attach').map((name) => name.toLowerCase());
  const wants = (name: string) => attached.length === 0 || attached.includes(name);
  const plan: AttachPlan = {
    id,
    tty: input.flag('tty'),
    stdin: input.flag('interactive') && wants('stdin'),
    stdout: wants('stdout'),
    stderr: wants('stderr'),
    detachKeys: input.text('detach-keys'),
  };
  const stream = await attach(client, plan);
  const removing = input.flag('rm');
  const exit = client.call('container.wait', { Container: id, Condition: removing ? 'removed' : 'next-exit' });
  exit.catch(() => {});
  try {
    await client.call('container.start', { Container: id });
  } catch (error) {
    stream.socket.destroy();
    if (removing) await client.call('container.remove', { Container: id, Volumes: true }).catch(() => {});
    return failure(context, error);
  }
  const size = context.terminal.size();
  if (plan.tty && size !== undefined) await resizeOf(client, id)(size).catch(() => {});
  return await follow(client, context, plan, stream, exit, input.has('sig-proxy') ? input.flag('sig-proxy') : true);
}

async function startOne(client: Client, context: CliContext, ref: string): Promise<boolean> {
  try {
    await client.call('container.start', { Container: ref });
  } catch (error) {
    if (!isEngineError(error, 'NotModified')) {
      context.error(`Error response from engine: ${errorText(error)}\n`);
      return false;
    }
  }
  context.out(`${ref}\n`);
  return true;
}

async function start(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const attached = input.flag('attach') || input.flag('interactive');
  if (!attached) {
    const failed: string[] = [];
    for (const ref of input.args) if (!(await startOne(client, context, ref))) failed.push(ref);
    if (failed.length > 0) context.error(`Error: failed to start containers: ${failed.join(', ')}\n`);
    return failed.length > 0 ? 1 : 0;
  }
  const [ref = '', ...more] = input.args;
  if (more.length > 0) throw new UsageError('you cannot start and attach multiple containers at once');
  const container = await client.call('container.inspect', { Container: ref });
  const plan = planFor(container, input.flag('interactive'), input.text('detach-keys'));
  checkTerminal(context, plan.tty, plan.stdin);
  const stream = await attach(client, plan);
  const exit = client.call('container.wait', {
    Container: container.Id,
    Condition: container.HostConfig.AutoRemove === true ? 'removed' : 'next-exit',
  });
  exit.catch(() => {});
  try {
    await client.call('container.start', { Container: container.Id });
  } catch (error) {
    if (!isEngineError(error, 'NotModified')) throw error;
  }
  return await follow(client, context, plan, stream, exit, input.has('sig-proxy') ? input.flag('sig-proxy') : true);
}

function planFor({ Id, Config }: ContainerInspect, stdin: boolean, detachKeys: string | undefined): AttachPlan {
  return {
    id: Id,
    tty: Config.Tty === true,
    stdin: stdin && Config.OpenStdin === true,
    stdout: true,
    stderr: true,
    detachKeys,
  };
}

async function attachCommand(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const [ref = ''] = input.args;
  const container = await client.call('container.inspect', { Container: ref });
  if (!container.State.Running)
    throw new EngineError('Conflict', 'You cannot attach to a stopped container, start it first');
  if (container.State.Paused)
    throw new EngineError('Conflict', 'You cannot attach to a paused container, unpause it first');
  if (container.State.Restarting)
    throw new EngineError('Conflict', 'You cannot attach to a restarting container, wait until it is running');
  const plan = planFor(container, !input.flag('no-stdin'), input.text('detach-keys'));
  checkTerminal(context, plan.tty, plan.stdin);
  const exit = client.call('container.wait', { Container: container.Id });
  exit.catch(() => {});
  const stream = await attach(client, plan);
  const sigProxy = input.has('sig-proxy') ? input.flag('sig-proxy') : true;
  const code = await follow(client, context, plan, stream, exit, sigProxy);
  if ((await stream.outcome).Reason === 'ended') return code;
  context.error('read escape sequence\n');
  return 1;
}

async function createCommand(input: Invocation, context: CliContext): Promise<number> {
  context.out(`${await create(await context.engine(), context, input)}\n`);
  return 0;
}

const sigProxy = flag('sig-proxy', 'Proxy all received signals to the process');
const detachKeys = text('detach-keys', 'string', 'Override the key sequence for detaching a container');

export const containerRunCommands: readonly CommandSpec[] = [
  {
    path: ['container', 'run'],
    aliases: [['run']],
    summary: 'Create and run a new container from an image',
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    options: runFlags,
    min: 1,
    stopAtFirst: true,
    completes: 'image',
    run,
  },
  {
    path: ['container', 'create'],
    aliases: [['create']],
    summary: 'Create a new container',
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    options: createFlags,
    min: 1,
    stopAtFirst: true,
    completes: 'image',
    run: createCommand,
  },
  {
    path: ['container', 'start'],
    aliases: [['start']],
    summary: 'Start one or more stopped containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    options: [
      flag('attach', 'Attach STDOUT/STDERR and forward signals', 'a'),
      flag('interactive', "Attach container's STDIN", 'i'),
      detachKeys,
      sigProxy,
    ],
    min: 1,
    completes: 'container',
    run: start,
  },
  {
    path: ['container', 'attach'],
    aliases: [['attach']],
    summary: 'Attach local standard input, output, and error streams to a running container',
    usage: '[OPTIONS] CONTAINER',
    options: [flag('no-stdin', 'Do not attach STDIN'), detachKeys, sigProxy],
    min: 1,
    max: 1,
    completes: 'container',
    run: attachCommand,
  },
];

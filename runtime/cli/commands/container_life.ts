// Commands that change a container's state.
import type { Resources } from '../../protocol/container_config.ts';
import { isEngineError } from '../../protocol/errors.ts';
import {
  type CommandSpec,
  flag,
  forceOption,
  type Invocation,
  number,
  type OptionSpec,
  pruneFilterOption,
  text,
} from '../command.ts';
import type { CliContext } from '../context.ts';
import { humanSize } from '../format/units.ts';
import { resourcesOf } from '../options/request.ts';
import { createFlags } from '../options/run_flags.ts';
import { toFilters } from '../options/values.ts';
import { UsageError } from '../parse.ts';
import { confirm, errorText, forEach } from './many.ts';

const one = '[OPTIONS] CONTAINER [CONTAINER...]';

/** "It is so already" is success for a person. */
async function unlessDone(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isEngineError(error, 'NotModified')) throw error;
  });
}

function stopOptions(input: Invocation): { Signal?: string; Timeout?: number } {
  const signal = input.text('signal');
  const timeout = input.number('timeout');
  return {
    ...(signal === undefined ? {} : { Signal: signal }),
    ...(timeout === undefined ? {} : { Timeout: timeout }),
  };
}

const stopFlags: readonly OptionSpec[] = [
  text('signal', 'string', 'Signal to send to the container', 's'),
  number('timeout', 'int', 'Seconds to wait before killing the container', 't'),
  { name: 'time', kind: 'number', help: '', hidden: true, same: 'timeout' },
];

async function stop(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  return await forEach(context, input.args, async (ref) => {
    await unlessDone(client.call('container.stop', { Container: ref, ...stopOptions(input) }));
    return ref;
  });
}

async function restart(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  return await forEach(context, input.args, async (ref) => {
    await client.call('container.restart', { Container: ref, ...stopOptions(input) });
    return ref;
  });
}

async function kill(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const signal = input.text('signal');
  return await forEach(context, input.args, async (ref) => {
    await client.call('container.kill', { Container: ref, ...(signal === undefined ? {} : { Signal: signal }) });
    return ref;
  });
}

function simple(method: 'container.pause' | 'container.unpause') {
  return async (input: Invocation, context: CliContext): Promise<number> => {
    const client = await context.engine();
    return await forEach(context, input.args, async (ref) => {
      await client.call(method, { Container: ref });
      return ref;
    });
  };
}

async function remove(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const force = input.flag('force');
  return await forEach(context, input.args, async (ref) => {
    try {
      await client.call('container.remove', {
        Container: ref.replace(/^\//, ''),
        Force: force,
        Volumes: input.flag('volumes'),
        Link: input.flag('link'),
      });
    } catch (error) {
      if (!force || !isEngineError(error, 'NotFound')) throw error;
      context.error(`Error response from engine: ${error.message}\n`);
      return undefined;
    }
    return ref;
  });
}

async function rename(input: Invocation, context: CliContext): Promise<number> {
  const [Container = '', Name = ''] = input.args;
  try {
    await (await context.engine()).call('container.rename', { Container, Name });
    return 0;
  } catch (error) {
    context.error(`Error response from engine: ${errorText(error)}\n`);
    throw new Error(`failed to rename container named ${Container}`);
  }
}

async function wait(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  return await forEach(context, input.args, async (ref) =>
    String((await client.call('container.wait', { Container: ref }, { signal: context.signal })).StatusCode),
  );
}

async function update(input: Invocation, context: CliContext): Promise<number> {
  const client = await context.engine();
  const limits: Resources = resourcesOf(input);
  const policy = input.text('restart');
  if (Object.keys(limits).length === 0 && policy === undefined)
    throw new UsageError('you must provide one or more flags when using this command');
  const [name = '', count] = policy?.split(':', 2) ?? [];
  return await forEach(context, input.args, async (ref) => {
    const { Warnings } = await client.call('container.update', {
      Container: ref,
      Resources: limits,
      ...(policy === undefined ? {} : { RestartPolicy: { Name: name, MaximumRetryCount: Number(count ?? 0) } }),
    });
    for (const warning of Warnings) context.error(`WARNING: ${warning}\n`);
    return ref;
  });
}

async function prune(input: Invocation, context: CliContext): Promise<number> {
  const filters = toFilters(input.list('filter'));
  if (!input.flag('force') && !(await confirm(context, 'WARNING! This will remove all stopped containers.'))) return 0;
  const { ContainersDeleted, SpaceReclaimed } = await (await context.engine()).call('container.prune', {
    Filters: filters,
  });
  if (ContainersDeleted.length > 0) context.out(`Deleted Containers:\n${ContainersDeleted.join('\n')}\n\n`);
  context.out(`Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`);
  return 0;
}

const updateNames = new Set(
  'memory memory-reservation memory-swap cpus cpu-shares cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpuset-cpus cpuset-mems pids-limit blkio-weight restart kernel-memory'.split(
    ' ',
  ),
);

function declare(
  name: string,
  summary: string,
  options: readonly OptionSpec[],
  run: CommandSpec['run'],
  further: Partial<CommandSpec> = {},
): CommandSpec {
  return {
    path: ['container', name],
    aliases: [[name]],
    summary,
    usage: one,
    options,
    min: 1,
    completes: 'container',
    run,
    ...further,
  };
}

export const containerLifeCommands: readonly CommandSpec[] = [
  declare('stop', 'Stop one or more running containers', stopFlags, stop),
  declare('restart', 'Restart one or more containers', stopFlags, restart),
  declare(
    'kill',
    'Kill one or more running containers',
    [text('signal', 'string', 'Signal to send to the container', 's')],
    kill,
  ),
  declare('pause', 'Pause all processes within one or more containers', [], simple('container.pause')),
  declare('unpause', 'Unpause all processes within one or more containers', [], simple('container.unpause')),
  declare(
    'rm',
    'Remove one or more containers',
    [
      flag('force', 'Force the removal of a running container (uses SIGKILL)', 'f'),
      flag('volumes', 'Remove anonymous volumes associated with the container', 'v'),
      flag('link', 'Remove the specified link', 'l'),
    ],
    remove,
    { aliases: [['container', 'remove'], ['rm']] },
  ),
  declare('rename', 'Rename a container', [], rename, { usage: 'CONTAINER NEW_NAME', min: 2, max: 2 }),
  declare('wait', 'Block until one or more containers stop, then print their exit codes', [], wait),
  declare(
    'update',
    'Update configuration of one or more containers',
    createFlags.filter(({ name }) => updateNames.has(name)),
    update,
  ),
  declare('prune', 'Remove all stopped containers', [pruneFilterOption, forceOption], prune, {
    aliases: [],
    usage: '[OPTIONS]',
    min: 0,
    max: 0,
    completes: 'none',
  }),
];

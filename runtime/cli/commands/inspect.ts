// inspect, for every kind of thing.
import type { Client } from '../../protocol/client.ts';
import { EngineError, isEngineError } from '../../protocol/errors.ts';
import { type CommandSpec, flag, type Invocation, type OptionSpec, text } from '../command.ts';
import type { CliContext } from '../context.ts';
import { ExitCode } from '../exit_code.ts';
import { inspectRenderer } from '../format/table.ts';
import { TemplateError } from '../format/template.ts';
import { errorText } from './many.ts';

type Kind = 'container' | 'image' | 'network' | 'volume';

async function lookUp(client: Client, kind: Kind, ref: string, size: boolean): Promise<unknown> {
  switch (kind) {
    case 'container':
      return await client.call('container.inspect', { Container: ref, Size: size });
    case 'image':
      return await client.call('image.inspect', { Image: ref });
    case 'network':
      return await client.call('network.inspect', { Network: ref });
    case 'volume': {
      const volume = await client.call('volume.inspect', { Volume: ref });
      // As Docker shows a volume that was made without any.
      return { ...volume, Options: Object.keys(volume.Options).length === 0 ? null : volume.Options };
    }
  }
}

const kinds: readonly Kind[] = ['container', 'image', 'network', 'volume'];

/** Of whatever kind the name first fits. */
async function lookUpAny(client: Client, ref: string, size: boolean): Promise<unknown> {
  for (const kind of kinds) {
    try {
      return await lookUp(client, kind, ref, size);
    } catch (error) {
      if (!isEngineError(error, 'NotFound') && !isEngineError(error, 'InvalidArgument')) throw error;
    }
  }
  throw new Error(`No such object: ${ref}`);
}

function rendererOf(context: CliContext, format: string | undefined): ReturnType<typeof inspectRenderer> {
  try {
    return inspectRenderer(format);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    context.error(`slipway: template parsing error: ${error.message}\n`);
    throw new ExitCode(64); // Docker's, of EX_USAGE
  }
}

async function inspect(
  context: CliContext,
  input: Invocation,
  find: (client: Client, ref: string) => Promise<unknown>,
): Promise<number> {
  const render = rendererOf(context, input.text('format'));
  const client = await context.engine();
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const ref of input.args) {
    try {
      found.push(await find(client, ref));
    } catch (error) {
      failures.push(`${error instanceof EngineError ? 'Error response from engine' : 'Error'}: ${errorText(error)}`);
    }
  }
  if (found.length > 0 || input.text('format') === undefined) context.out(render(found));
  for (const failure of failures) context.error(`${failure}\n`);
  return failures.length > 0 ? 1 : 0;
}

const options: readonly OptionSpec[] = [
  text('format', 'string', "Format output using a custom template: 'json' or a Go template", 'f'),
  flag('size', 'Display total file sizes if the type is container', 's'),
];

function declare(kind: Kind): CommandSpec {
  return {
    path: [kind, 'inspect'],
    summary: `Display detailed information on one or more ${kind}s`,
    usage: `[OPTIONS] ${kind.toUpperCase()} [${kind.toUpperCase()}...]`,
    options: [
      ...options,
      { ...flag('verbose', 'Verbose output for diagnostics', 'v'), hidden: true },
      { ...text('platform', 'string', 'Inspect a specific platform'), hidden: true },
    ],
    min: 1,
    completes: kind,
    run: (input, context) => inspect(context, input, (client, ref) => lookUp(client, kind, ref, input.flag('size'))),
  };
}

async function inspectAny(input: Invocation, context: CliContext): Promise<number> {
  const type = input.text('type');
  const kind = kinds.find((candidate) => candidate === type);
  if (type !== undefined && type !== '' && kind === undefined)
    throw new Error(`unknown type: "${type}": must be one of ${kinds.map((known) => `"${known}"`).join(', ')}`);
  const size = input.flag('size');
  return await inspect(context, input, (client, ref) =>
    kind === undefined ? lookUpAny(client, ref, size) : lookUp(client, kind, ref, size),
  );
}

export const inspectCommands: readonly CommandSpec[] = [
  ...kinds.map(declare),
  {
    path: ['inspect'],
    summary: 'Return low-level information on Slipway objects',
    usage: '[OPTIONS] NAME|ID [NAME|ID...]',
    options: [...options, { ...text('type', 'string', 'Only inspect objects of the given type'), choices: [...kinds] }],
    min: 1,
    completes: 'container',
    run: inspectAny,
  },
];

// completion: a script for a shell, and what that script asks.
import type { Client } from '../../protocol/client.ts';
import type { CommandSpec } from '../command.ts';
import { complete, type ThingKind } from '../completion/candidates.ts';
import { completionScripts } from '../completion/scripts.ts';
import type { CliContext } from '../context.ts';
import { globals } from '../globals.ts';
import { groups } from '../help.ts';
import { UsageError } from '../parse.ts';

async function namesOf(client: Client, kind: ThingKind): Promise<string[]> {
  switch (kind) {
    case 'container':
      return (await client.call('container.list', { All: true })).map(({ Id, Names }) =>
        (Names[0] ?? Id.slice(0, 12)).replace(/^\//, ''),
      );
    case 'image':
      return (await client.call('image.list', {})).flatMap(({ RepoTags }) => RepoTags ?? []);
    case 'network':
      return (await client.call('network.list', {})).map(({ Name }) => Name);
    case 'volume':
      return (await client.call('volume.list', {})).Volumes.map(({ Name }) => Name);
  }
}

async function answer(
  commands: readonly CommandSpec[],
  words: readonly string[],
  context: CliContext,
): Promise<string[]> {
  const { candidates, things, files } = complete({ commands, globals, groups }, words);
  const lines = candidates.map(({ text, help }) => (help === undefined ? text : `${text}\t${help}`));
  if (things !== undefined) {
    // A key pressed for completion starts no engine.
    const client = await context.runningEngine();
    if (client !== undefined)
      lines.push(...(await namesOf(client, things.kind)).map((name) => `${things.prefix}${name}`));
  }
  const typed = words.at(-1) ?? '';
  return [...lines.filter((line) => line.startsWith(typed)).sort(), ...(files === true ? [':files'] : [])];
}

function isShell(name: string | undefined): name is keyof typeof completionScripts {
  return name !== undefined && name in completionScripts;
}

const shells = Object.keys(completionScripts);

/** `all` answers every command, these included: asked when a completion is. */
export const completionCommands = (all: () => readonly CommandSpec[]): readonly CommandSpec[] => [
  {
    path: ['completion'],
    summary: 'Print the completion script of a shell',
    usage: 'bash|zsh|fish',
    options: [],
    min: 1,
    max: 1,
    choices: shells,
    async run({ args: [shell] }, context) {
      if (!isShell(shell)) throw new UsageError(`unknown shell "${shell}": expected ${shells.join(', ')}`);
      context.out(completionScripts[shell]);
      return 0;
    },
  },
  {
    path: ['__complete'],
    hidden: true,
    summary: 'Say what may stand next on a command line',
    usage: 'WORD...',
    options: [],
    min: 0,
    passThrough: true,
    async run({ args }, context) {
      context.out((await answer(all(), args, context)).map((line) => `${line}\n`).join(''));
      return 0;
    },
  },
];

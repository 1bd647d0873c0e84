// Completion of arguments, by instruction.
import { CompletionItemKind } from 'vscode-languageserver';
import { instructionFlags } from '../../runtime/dockerfile/flags.ts';
import { labels, ports, predefinedArgumentDoc, predefinedArguments, shells, signals, users } from '../docs/values.ts';
import type { Services } from '../services.ts';
import { addKeywords, builderAt, type Cursor } from './completion.ts';
import { addFlags, addStages } from './completion_flags.ts';
import type { CompletionBuilder, CompletionSupport } from './completion_list.ts';
import { addImages, addPaths } from './completion_sources.ts';
import { directoriesOfStage, knownDirectories, knownUsers } from './known_names.ts';

export async function completeArguments(
  cursor: Cursor,
  services: Services,
  support: CompletionSupport,
): Promise<CompletionBuilder | undefined> {
  const { instruction, word, words } = cursor;
  const builder = builderAt(cursor, word.length, support);
  const position = words.filter((other) => !other.startsWith('--')).length;
  switch (instruction.keyword) {
    case 'FROM':
      await completeFrom(builder, cursor, position, services);
      break;
    case 'COPY':
    case 'ADD':
      if (word.startsWith('<')) {
        addHeredocs(builder, '<<EOF ${1:/path/to/file}\n$2\nEOF', 'a file written here');
        break;
      }
      return completeTransfer(builder, cursor, services, support);
    case 'ARG':
      completeArg(builder, cursor);
      break;
    case 'ENV':
      if (!word.includes('=')) completeEnv(builder, cursor);
      break;
    case 'LABEL':
      if (!word.includes('=')) {
        for (const [name, detail] of Object.entries(labels)) {
          builder.add({
            label: name,
            kind: CompletionItemKind.Property,
            detail,
            snippet: `${name}="$1"`,
            text: `${name}=`,
          });
        }
      }
      break;
    case 'EXPOSE':
      completeExpose(builder, cursor, support);
      break;
    case 'USER':
      if (position === 0) builder.addValues({ ...knownUsers(cursor), ...users });
      break;
    case 'WORKDIR':
    case 'VOLUME':
      for (const label of knownDirectories(cursor)) {
        builder.add({ label, kind: CompletionItemKind.Folder, detail: 'used above' });
      }
      break;
    case 'STOPSIGNAL':
      builder.addValues(signals, CompletionItemKind.EnumMember);
      break;
    case 'SHELL':
      return completeShell(cursor, support);
    case 'HEALTHCHECK':
      if (position === 0) completeHealthcheck(builder);
      break;
    case 'ONBUILD': {
      const without = ['FROM', 'MAINTAINER', 'ONBUILD'] as const;
      if (position === 0) addKeywords(builder, cursor.open, word, without, cursor.offset);
      break;
    }
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
      await completeCommand(builder, cursor);
      break;
    default:
      break;
  }
  if (word === '' && position === 0 && instruction.keyword !== 'UNKNOWN' && instructionFlags[instruction.keyword]) {
    addFlags(builder, instruction);
  }
  return builder;
}

async function completeFrom(
  builder: CompletionBuilder,
  cursor: Cursor,
  position: number,
  services: Services,
): Promise<void> {
  if (position === 0) {
    addStages(builder, cursor);
    await addImages(builder, cursor.word, services);
  } else if (position === 1) {
    const lower = cursor.instruction.keywordText === cursor.instruction.keywordText.toLowerCase();
    builder.add({ label: lower ? 'as' : 'AS', kind: CompletionItemKind.Keyword, detail: 'names the stage' });
  }
}

async function completeTransfer(
  builder: CompletionBuilder,
  cursor: Cursor,
  services: Services,
  support: CompletionSupport,
): Promise<CompletionBuilder> {
  const { instruction, words, word } = cursor;
  if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') return builder;
  const position = words.filter((other) => !other.startsWith('--')).length;
  const source = words.find((other) => other.startsWith('--from='))?.slice('--from='.length);
  const paths = source === undefined ? await addPaths(cursor, word, services, support) : undefined;
  const result = paths ?? builder;
  const kind = CompletionItemKind.Folder;
  if (word === '' && position === 0) addFlags(result, instruction);
  if (source !== undefined && position === 0) {
    for (const label of directoriesOfStage(cursor, source)) result.add({ label, kind, detail: `in ${source}` });
  } else if (word === '' && position === 0) {
    addHeredocs(result, '<<EOF ${1:/path/to/file}\n$2\nEOF', 'a file written here');
  }
  // Only a word without a slash is replaced as a whole by the builder for paths.
  if (position > 0 && !word.includes('/')) {
    result.add({ label: './', kind, detail: 'the working directory' });
    for (const label of knownDirectories(cursor)) result.add({ label, kind, detail: 'used above' });
  }
  return result;
}

/** `<<EOF`, also when `<` or `<<` is written already. */
function addHeredocs(builder: CompletionBuilder, snippet: string, detail: string): void {
  if (builder.snippets) builder.add({ label: '<<EOF', kind: CompletionItemKind.Snippet, detail, snippet });
}

function completeArg(builder: CompletionBuilder, cursor: Cursor): void {
  if (cursor.word.includes('=')) return;
  const kind = CompletionItemKind.Variable;
  const inStage = cursor.open.model.stages.some(({ from }) => from.start < cursor.outer.start);
  if (inStage) {
    for (const { name } of cursor.open.scopes.globals) builder.add({ label: name, kind, detail: 'global ARG' });
  }
  for (const name of predefinedArguments) {
    const detail = predefinedArgumentDoc(name) ?? '';
    builder.add({ label: name, kind, detail, key: { of: 'argument', name } });
  }
}

function completeEnv(builder: CompletionBuilder, cursor: Cursor): void {
  const kind = CompletionItemKind.Variable;
  for (const binding of cursor.open.scopes.visible(cursor.outer).values()) {
    const text = `${binding.name}=`;
    const detail = binding.kind === 'env' ? 'set above' : 'ARG';
    const snippet = binding.kind === 'env' ? `${text}$1` : `${text}\\$${binding.name}`;
    builder.add({ label: binding.name, kind, text, detail, snippet });
  }
  builder.add({
    label: 'PATH',
    kind,
    text: 'PATH=',
    snippet: 'PATH=${1:/app/bin}:\\$PATH',
    detail: 'where programs are',
  });
}

function completeExpose(builder: CompletionBuilder, cursor: Cursor, support: CompletionSupport): void {
  const slash = cursor.word.indexOf('/');
  if (slash >= 0) {
    const protocols = builderAt(cursor, cursor.word.length - slash - 1, support);
    protocols.addValues({ tcp: 'the default', udp: '', sctp: '' }, CompletionItemKind.EnumMember);
    builder.items.push(...protocols.items);
    return;
  }
  builder.addValues(ports);
}

/** SHELL's value has blanks in it, so all of it is replaced. */
function completeShell(cursor: Cursor, support: CompletionSupport): CompletionBuilder {
  const builder = builderAt(cursor, cursor.before.trimStart().length, support);
  builder.addValues(shells);
  return builder;
}

function completeHealthcheck(builder: CompletionBuilder): void {
  const kind = CompletionItemKind.Keyword;
  builder.add({ label: 'CMD', kind, text: 'CMD ', detail: 'the command that checks' });
  builder.add({ label: 'NONE', kind, detail: "turns off the base image's check" });
}

/** Commands, options and known programs inside the shell. */
async function completeCommand(builder: CompletionBuilder, cursor: Cursor): Promise<void> {
  const { completeShellWord } = await import('./completion_shell.ts');
  completeShellWord(builder, cursor);
  const first = cursor.words.every((word) => word.startsWith('--'));
  if (cursor.instruction.keyword === 'RUN' && (cursor.word.startsWith('<') || (first && cursor.word === ''))) {
    addHeredocs(builder, '<<EOF\n$1\nEOF', 'a script');
  }
  if (!first || cursor.word !== '') return;
  if (builder.snippets) {
    builder.add({
      label: '["program", "argument"]',
      kind: CompletionItemKind.Snippet,
      detail: 'exec form: no shell',
      snippet: '["${1:program}"$2]',
    });
  }
}

// Completion of flags, their values, and the options of `RUN --mount`.
import { CompletionItemKind } from 'vscode-languageserver';
import type { Instruction } from '../../runtime/dockerfile/ast.ts';
import { instructionFlags } from '../../runtime/dockerfile/flags.ts';
import { type MountType, mountOptionAliases, mountOptions, mountTypes } from '../../runtime/dockerfile/mount.ts';
import { stageOf } from '../../runtime/dockerfile/stages.ts';
import { flagDocs, mountOptionDoc, mountTypeDocs } from '../docs/flags.ts';
import { users } from '../docs/values.ts';
import type { Services } from '../services.ts';
import { builderAt, type Cursor } from './completion.ts';
import type { CompletionBuilder, CompletionSupport } from './completion_list.ts';
import { addImages, addPaths } from './completion_sources.ts';
import { knownUsers } from './known_names.ts';

/** Flags or a flag's value; undefined when neither is being written. */
export async function completeFlags(
  cursor: Cursor,
  services: Services,
  support: CompletionSupport,
): Promise<CompletionBuilder | undefined> {
  const { word, words, instruction } = cursor;
  if (!word.startsWith('-') || words.some((other) => !other.startsWith('--'))) return undefined;
  const equals = word.indexOf('=');
  if (equals < 0) {
    const builder = builderAt(cursor, word.length, support);
    addFlags(builder, instruction);
    return builder;
  }
  const flag = word.slice(2, equals);
  const value = word.slice(equals + 1);
  if (instruction.keyword === 'RUN' && flag === 'mount') return completeMount(cursor, value, services, support);
  const builder = builderAt(cursor, value.length, support);
  await addFlagValues(builder, cursor, flag, value, services);
  return builder;
}

/** The flags that the instruction takes and does not have yet. */
export function addFlags(builder: CompletionBuilder, instruction: Instruction): void {
  if (instruction.keyword === 'UNKNOWN') return;
  const { keyword } = instruction;
  for (const [flag, type] of Object.entries(instructionFlags[keyword] ?? {})) {
    if (type !== 'strings' && instruction.flags.some(({ name }) => name === flag)) continue;
    const label = type === 'boolean' ? `--${flag}` : `--${flag}=`;
    builder.add({
      label,
      kind: CompletionItemKind.Field,
      text: type === 'boolean' ? `${label} ` : label,
      detail: flagDocs[keyword]?.[flag]?.text ?? '',
      key: { of: 'flag', keyword, flag },
      again: true,
    });
  }
}

async function addFlagValues(
  builder: CompletionBuilder,
  cursor: Cursor,
  flag: string,
  value: string,
  services: Services,
): Promise<void> {
  const { instruction } = cursor;
  if (instruction.keyword === 'UNKNOWN') return;
  if (flag === 'from') {
    addStages(builder, cursor);
    await addImages(builder, value, services);
  } else if (flag === 'chown') {
    for (const [name, detail] of Object.entries({ ...knownUsers(cursor), ...users })) {
      builder.add({ label: name, kind: CompletionItemKind.Value, detail });
    }
  } else {
    builder.addValues(flagDocs[instruction.keyword]?.[flag]?.values);
  }
}

/** The stages above the one that is being written, the nearest first. */
export function addStages(builder: CompletionBuilder, cursor: Cursor): void {
  const { model } = cursor.open;
  const user = stageOf(model, cursor.outer);
  for (const stage of model.stages.slice(0, user?.index ?? 0).reverse()) {
    const detail = `stage ${stage.index} on ${stage.baseName}`;
    const label = stage.from.name?.raw ?? String(stage.index);
    builder.add({ label, kind: CompletionItemKind.Class, detail });
  }
}

async function completeMount(
  cursor: Cursor,
  value: string,
  services: Services,
  support: CompletionSupport,
): Promise<CompletionBuilder> {
  const fields = value.split(',');
  const field = fields.at(-1) ?? '';
  const equals = field.indexOf('=');
  const type = mountTypes.find((known) => fields.includes(`type=${known}`));
  if (equals < 0) {
    const builder = builderAt(cursor, field.length, support);
    addMountOptions(builder, type, fields.slice(0, -1));
    return builder;
  }
  const written = field.slice(0, equals);
  const option = mountOptionAliases[written] ?? written;
  const optionValue = field.slice(equals + 1);
  const builder = builderAt(cursor, optionValue.length, support);
  if (option === 'from') {
    addStages(builder, cursor);
    await addImages(builder, optionValue, services);
  } else if (option === 'source' && !fields.some((other) => other.startsWith('from='))) {
    return (await addPaths(cursor, optionValue, services, support)) ?? builder;
  } else if (option === 'target' && type === 'cache') {
    addCacheTargets(builder, cursor.instruction.source);
  } else {
    builder.addValues(mountOptionDoc(type, option)?.values, CompletionItemKind.EnumMember);
  }
  return builder;
}

function addMountOptions(builder: CompletionBuilder, type: MountType | undefined, written: readonly string[]): void {
  const names = written.map((field) => field.split('=')[0] ?? '').map((name) => mountOptionAliases[name] ?? name);
  if (!names.includes('type')) {
    for (const known of mountTypes) {
      builder.add({
        label: `type=${known}`,
        kind: CompletionItemKind.EnumMember,
        detail: mountTypeDocs[known],
        snippet: `type=${known},${mountSnippets[known]}`,
        key: { of: 'mount', type: known, option: 'type' },
      });
    }
  }
  for (const option of mountOptions[type ?? 'bind']) {
    if (names.includes(option)) continue;
    const label = ['readwrite', 'readonly', 'required'].includes(option) ? option : `${option}=`;
    builder.add({
      label,
      kind: CompletionItemKind.Field,
      detail: mountOptionDoc(type, option)?.text ?? '',
      key: { of: 'mount', type: type ?? 'bind', option },
      again: label !== option,
    });
  }
}

const mountSnippets: Readonly<Record<MountType, string>> = {
  bind: 'source=${1:.},target=${2:/src} ',
  cache: 'target=${1:/root/.cache} ',
  tmpfs: 'target=${1:/tmp} ',
  secret: 'id=${1:token} ',
  ssh: 'required ',
};

/** Where package managers and compilers keep what they may find again; those that the command uses come first. */
const cacheTargets: readonly { readonly program: string; readonly path: string }[] = [
  { program: 'apt', path: '/var/cache/apt' },
  { program: 'apt', path: '/var/lib/apt' },
  { program: 'apk', path: '/var/cache/apk' },
  { program: 'dnf', path: '/var/cache/dnf' },
  { program: 'npm', path: '/root/.npm' },
  { program: 'yarn', path: '/usr/local/share/.cache/yarn' },
  { program: 'pnpm', path: '/root/.local/share/pnpm/store' },
  { program: 'pip', path: '/root/.cache/pip' },
  { program: 'uv', path: '/root/.cache/uv' },
  { program: 'go', path: '/go/pkg/mod' },
  { program: 'go', path: '/root/.cache/go-build' },
  { program: 'cargo', path: '/usr/local/cargo/registry' },
  { program: 'mvn', path: '/root/.m2' },
  { program: 'gradle', path: '/root/.gradle' },
  { program: 'composer', path: '/tmp/cache' },
  { program: 'bundle', path: '/usr/local/bundle/cache' },
  { program: 'dotnet', path: '/root/.nuget/packages' },
];

function addCacheTargets(builder: CompletionBuilder, source: string): void {
  const used = ({ program }: { program: string }): boolean => new RegExp(`\\b${program}\\b`).test(source);
  for (const target of [...cacheTargets.filter(used), ...cacheTargets.filter((other) => !used(other))]) {
    builder.add({ label: target.path, kind: CompletionItemKind.Folder, detail: target.program });
  }
}

// `RUN --mount=key=value,…`: fields with their places, and what BuildKit refuses in them.
import type { Flag, Instruction, LogicalLine, Span, SyntaxProblem } from './ast.ts';
import { logicalOffset, sourceSpan } from './ast.ts';
import { suggestion } from './suggestion.ts';

export const mountTypes = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
export type MountType = (typeof mountTypes)[number];
const sharingModes = ['shared', 'private', 'locked'] as const;

/** The options of each type, in the order of the documentation. Aliases are in `mountOptionAliases`. */
export const mountOptions: Readonly<Record<MountType, readonly string[]>> = {
  bind: ['target', 'source', 'from', 'readwrite'],
  cache: ['target', 'id', 'sharing', 'from', 'source', 'mode', 'uid', 'gid', 'readonly'],
  tmpfs: ['target', 'size'],
  secret: ['id', 'target', 'env', 'required', 'mode', 'uid', 'gid'],
  ssh: ['id', 'target', 'required', 'mode', 'uid', 'gid'],
};

/** Other names of an option. */
export const mountOptionAliases: Readonly<Record<string, string>> = {
  dst: 'target',
  destination: 'target',
  src: 'source',
  ro: 'readonly',
  rw: 'readwrite',
};

const allKeys = [...new Set([...Object.values(mountOptions).flat(), 'type', ...Object.keys(mountOptionAliases)])];

/** One field of the comma separated value. Spans are relative to the instruction. */
export interface MountField {
  readonly span: Span;
  /** As written. */
  readonly key: string;
  readonly keySpan: Span;
  /** The option's main name, lower case (`dst` is `target`). */
  readonly name: string;
  /** Unquoted, variables not expanded; undefined for a bare key. */
  readonly value?: string;
  readonly valueSpan?: Span;
}

export interface Mount {
  readonly flag: Flag;
  readonly fields: readonly MountField[];
  /** What `type=` says, else bind; undefined when the value is no known type (or has a variable). */
  readonly type: MountType | undefined;
}

/** The mounts of a RUN (also of the one in an ONBUILD). */
export function mountsOf(instruction: Instruction): Mount[] {
  return instruction.flags.filter((flag) => flag.name === 'mount').map((flag) => parseMount(instruction.logical, flag));
}

/** The value of a mount's option, by its main name. */
export function mountField(mount: Mount, name: string): MountField | undefined {
  return mount.fields.findLast((field) => field.name === name);
}

function parseMount(line: LogicalLine, flag: Flag): Mount {
  const fields: MountField[] = [];
  if (flag.value !== undefined) {
    const base = logicalOffset(line, flag.value.span.start);
    for (const { start, end } of splitFields(flag.value.raw)) {
      fields.push(parseField(line, flag.value.raw, base, start, end));
    }
  }
  const written = fields.findLast((field) => field.name === 'type')?.value?.toLowerCase();
  const type = written === undefined ? 'bind' : mountTypes.find((known) => known === written);
  return { flag, fields, type };
}

/** Splits at commas outside quotes. */
function splitFields(raw: string): { start: number; end: number }[] {
  const fields: { start: number; end: number }[] = [];
  let start = 0;
  let quote = '';
  for (let i = 0; i <= raw.length; i += 1) {
    const character = raw[i];
    if (character === undefined || (character === ',' && quote === '')) {
      fields.push({ start, end: i });
      start = i + 1;
    } else if (character === '\\') i += 1;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
  }
  return fields;
}

function unquoted(text: string): string {
  return text.replace(/\\(.)|["']/gs, '$1');
}

function parseField(line: LogicalLine, raw: string, base: number, start: number, end: number): MountField {
  const equals = raw.indexOf('=', start);
  const keyEnd = equals < 0 || equals >= end ? end : equals;
  const at = (from: number, to: number): Span => sourceSpan(line, base + from, base + to);
  const key = unquoted(raw.slice(start, keyEnd));
  const lower = key.toLowerCase();
  const field = { span: at(start, end), key, keySpan: at(start, keyEnd), name: mountOptionAliases[lower] ?? lower };
  if (keyEnd === end) return field;
  return { ...field, value: unquoted(raw.slice(keyEnd + 1, end)), valueSpan: at(keyEnd + 1, end) };
}

const flagLike = new Set(['readonly', 'readwrite', 'required']);
const booleans = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);

/** What is wrong with the mounts of an instruction. A value with a variable in it is not judged. */
export function mountProblems(instruction: Instruction): SyntaxProblem[] {
  const problems: SyntaxProblem[] = [];
  for (const mount of mountsOf(instruction)) {
    for (const field of mount.fields) {
      const message = fieldProblem(mount, field);
      if (message !== undefined) problems.push({ message, span: field.span });
    }
    const message = mountProblem(mount);
    if (message !== undefined) problems.push({ message, span: mount.flag.span });
  }
  return problems;
}

function fieldProblem(mount: Mount, field: MountField): string | undefined {
  const { name, value } = field;
  const key = field.key.toLowerCase();
  const written = field.value === undefined ? field.key : `${field.key}=${field.value}`;
  if (name === 'required' && mount.type !== undefined && mount.type !== 'secret' && mount.type !== 'ssh') {
    return `unexpected key '${key}' for mount type '${mount.type}'`;
  }
  if (value === undefined) {
    return flagLike.has(name) ? undefined : `invalid field '${written}' must be a key=value pair`;
  }
  if (!allKeys.includes(key)) return `unexpected key '${key}' in '${written}'${suggestion(key, allKeys)}`;
  if (/\$./.test(value)) {
    return name === 'from' ? `'${key}' doesn't support variable expansion, define alias stage instead` : undefined;
  }
  switch (name) {
    case 'type':
      if (mount.type !== undefined) return undefined;
      return `unsupported mount type ${JSON.stringify(value)}${suggestion(value, mountTypes)}`;
    case 'readonly':
    case 'readwrite':
    case 'required':
      return booleans.has(value) ? undefined : `invalid value for ${key}: ${value}`;
    case 'size':
      if (mount.type !== 'tmpfs') return `unexpected key '${key}' for mount type '${mount.type ?? ''}'`;
      return /^\d+(\.\d+)?\s?([kmgtp]i?)?b?$/i.test(value) ? undefined : `invalid value for ${key}: ${value}`;
    case 'sharing':
      if (sharingModes.some((mode) => mode === value.toLowerCase())) return undefined;
      return `unsupported sharing value ${JSON.stringify(value)}${suggestion(value, sharingModes)}`;
    case 'mode':
      return /^[0-7]+$/.test(value) ? undefined : `invalid value ${value} for mode`;
    case 'uid':
    case 'gid':
      return /^\d+$/.test(value) && Number(value) < 2 ** 32 ? undefined : `invalid value ${value} for ${name}`;
    default:
      return undefined;
  }
}

/** What is wrong with the options together. */
function mountProblem(mount: Mount): string | undefined {
  const { type } = mount;
  if (type === undefined) return undefined;
  const has = (name: string): boolean => mount.fields.some((field) => field.name === name && field.value !== '');
  if (type === 'bind' || type === 'tmpfs') {
    const owner = ['mode', 'uid', 'gid'].find(has);
    if (owner !== undefined) return `${owner} not allowed for "${type}" type mounts`;
  }
  if (type === 'secret') {
    if (has('from')) return 'secret mount should not have a from';
    if (has('sharing')) return 'secret mount should not define sharing';
    if (!has('source') && !has('target') && !has('id')) return 'invalid secret mount. one of source, target required';
    if (has('source') && has('id')) return "both source and id can't be set";
  }
  return has('sharing') && type !== 'cache' ? `invalid cache sharing set for ${type} mount` : undefined;
}

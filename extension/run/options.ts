// What a person chooses in the run form, and the equivalent command line. No vscode in here.

export interface PortChoice {
  /** Host address; empty for all of them. */
  address: string;
  host: string;
  container: string;
  protocol: 'tcp' | 'udp';
}

export interface VolumeChoice {
  /** A host path or a volume's name; empty for an anonymous volume. */
  source: string;
  target: string;
  readOnly: boolean;
}

export interface RunOptions {
  image: string;
  name: string;
  command: string;
  ports: readonly PortChoice[];
  volumes: readonly VolumeChoice[];
  environment: readonly { name: string; value: string }[];
  network: string;
  /** As `--memory` takes it: `512m`; empty for no limit. */
  memory: string;
  /** As `--cpus` takes it: `1.5`; empty for no limit. */
  cpus: string;
  pidsLimit: string;
  user: string;
  workdir: string;
  restart: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  interactive: boolean;
  removeOnExit: boolean;
}

export function emptyRunOptions(image: string): RunOptions {
  return {
    image,
    name: '',
    command: '',
    ports: [],
    volumes: [],
    environment: [],
    network: '',
    memory: '',
    cpus: '',
    pidsLimit: '',
    user: '',
    workdir: '',
    restart: 'no',
    interactive: false,
    removeOnExit: false,
  };
}

/** The arguments of `slipway run` that do the same; the first is `run`. */
export function runArguments(options: RunOptions): string[] {
  const args = ['run', ...(options.interactive ? ['-it'] : ['-d'])];
  if (options.removeOnExit) args.push('--rm');
  const add = (flag: string, value: string): void => {
    if (value !== '') args.push(flag, value);
  };
  add('--name', options.name);
  for (const port of options.ports) args.push('-p', portArgument(port));
  for (const volume of options.volumes) args.push('-v', volumeArgument(volume));
  for (const { name, value } of options.environment) args.push('-e', `${name}=${value}`);
  add('--network', options.network);
  add('--memory', options.memory);
  add('--cpus', options.cpus);
  add('--pids-limit', options.pidsLimit);
  add('--user', options.user);
  add('--workdir', options.workdir);
  if (options.restart !== 'no') add('--restart', options.restart);
  return [...args, options.image, ...splitCommand(options.command)];
}

/** The same as a line for a POSIX shell. */
export function runCommandLine(options: RunOptions): string {
  return ['slipway', ...runArguments(options)].map(quoteForShell).join(' ');
}

function portArgument({ address, host, container, protocol }: PortChoice): string {
  const suffix = protocol === 'udp' ? '/udp' : '';
  const bracketed = address.includes(':') ? `[${address}]` : address;
  if (address !== '') return `${bracketed}:${host}:${container}${suffix}`;
  return host === '' ? `${container}${suffix}` : `${host}:${container}${suffix}`;
}

function volumeArgument({ source, target, readOnly }: VolumeChoice): string {
  return [...(source === '' ? [] : [source]), target, ...(readOnly ? ['ro'] : [])].join(':');
}

/** Quotes a word only where a POSIX shell would read it differently. */
export function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Splits a command as a POSIX shell splits words: blanks outside quotes, `\` escapes, no expansion.
 * @throws Error naming the quote that isn't closed.
 */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\' && quote !== "'") {
      at += 1;
      const next = text.charAt(at);
      const kept = quote === '"' && !/["\\$`]/.test(next) ? `\\${next}` : next;
      word = (word ?? '') + kept;
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (quote !== '') throw new Error(`cannot read the command: the quote ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}

/**
 * Bytes of a size as Docker's flags take it: `512m`, `1.5g`, `100000`, `64kb`.
 * @throws Error naming the text that is no size.
 */
export function parseSize(text: string): number {
  const match = text.trim().match(/^(\d+(?:\.\d+)?)\s*([bkmgtp]?)(?:i?b)?$/i);
  if (match === null) throw new Error(`cannot read “${text}” as a size; write it like 512m or 2g`);
  const exponent = ['', 'k', 'm', 'g', 't', 'p'].indexOf((match[2] ?? '').toLowerCase().replace('b', ''));
  return Math.floor(Number(match[1]) * 1024 ** exponent);
}

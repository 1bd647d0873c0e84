// Completion inside the shell form: programs, their subcommands and the options that builds are usually in want of.
import { CompletionItemKind } from 'vscode-languageserver';
import { shellContextAt } from '../shell/tokens.ts';
import type { Cursor } from './completion.ts';
import type { CompletionBuilder } from './completion_list.ts';

interface Program {
  readonly about: string;
  readonly subcommands?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
}

const programs: Readonly<Record<string, Program>> = {
  'apt-get': {
    about: 'packages of Debian and Ubuntu',
    subcommands: { update: 'fetches the lists', install: '', upgrade: '', clean: 'empties the cache', purge: '' },
    options: { '-y': 'asks nothing', '--no-install-recommends': 'only what is needed', '-q': 'quieter' },
  },
  apk: {
    about: 'packages of Alpine',
    subcommands: { add: '', del: '', update: '', upgrade: '' },
    options: { '--no-cache': 'keeps no index', '--virtual': 'names a group to delete later' },
  },
  dnf: {
    about: 'packages of Fedora and RHEL',
    subcommands: { install: '', update: '', 'clean all': 'empties the cache' },
    options: { '-y': 'asks nothing', '--setopt=install_weak_deps=False': 'only what is needed' },
  },
  npm: {
    about: 'packages of Node.js',
    subcommands: { ci: 'exactly what the lock file says', install: '', run: '', prune: '', 'cache clean': '' },
    options: { '--omit=dev': 'without development packages', '--no-audit': '', '--no-fund': '' },
  },
  yarn: {
    about: 'packages of Node.js',
    subcommands: { install: '', build: '', 'cache clean': '' },
    options: { '--frozen-lockfile': '', '--production': '' },
  },
  pnpm: {
    about: 'packages of Node.js',
    subcommands: { install: '', build: '' },
    options: { '--frozen-lockfile': '', '--prod': '' },
  },
  pip: {
    about: 'packages of Python',
    subcommands: { install: '', wheel: '' },
    options: { '--no-cache-dir': 'keeps no downloads', '-r': 'a requirements file', '--require-hashes': '' },
  },
  go: {
    about: 'the Go tool',
    subcommands: { build: '', 'mod download': '', install: '', test: '' },
    options: { '-o': '', '-trimpath': '' },
  },
  cargo: {
    about: 'the Rust tool',
    subcommands: { build: '', fetch: '', install: '' },
    options: { '--release': '', '--locked': '' },
  },
  curl: {
    about: 'fetches URLs',
    options: { '-fsSL': 'fails on errors, silent, follows', '-o': 'the file to write', '--retry': '' },
  },
  wget: {
    about: 'fetches URLs',
    options: { '-q': 'quiet', '-O': 'the file to write', '--progress=dot:giga': 'short progress' },
  },
  git: { about: '', subcommands: { clone: '', checkout: '' }, options: { '--depth=1': 'without history' } },
  tar: {
    about: '',
    options: { '-xzf': 'unpacks gzip', '-xJf': 'unpacks xz', '-C': 'into a directory', '--strip-components=1': '' },
  },
  useradd: {
    about: 'creates a user',
    options: { '--system': '', '--create-home': '', '--no-log-init': 'for high numbers', '--uid': '' },
  },
  groupadd: { about: 'creates a group', options: { '--system': '', '--gid': '' } },
  adduser: {
    about: 'creates a user',
    options: { '-D': 'no password (Alpine)', '-S': 'system user (Alpine)', '-G': 'group (Alpine)' },
  },
  addgroup: { about: 'creates a group', options: { '-S': 'system group (Alpine)' } },
  chown: { about: '', options: { '-R': 'with everything below' } },
  chmod: { about: '', options: { '-R': 'with everything below', '+x': 'to be run' } },
  mkdir: { about: '', options: { '-p': 'with its parents' } },
  rm: { about: '', options: { '-rf': 'with everything below' } },
  make: { about: '', options: { '-j': 'several jobs at a time' } },
  cp: { about: '' },
  mv: { about: '' },
  ln: { about: '', options: { '-s': 'symbolic' } },
  sed: { about: '', options: { '-i': 'in place' } },
  echo: { about: '' },
  set: { about: "the shell's options", options: { '-eux': 'stop at errors, say commands', '-o pipefail': '' } },
};

/** Adds what may stand at the cursor in the command that is being written. */
export function completeShellWord(builder: CompletionBuilder, cursor: Cursor): void {
  const { instruction, before } = cursor;
  if (!('command' in instruction) && before.trim() !== '') return;
  if ('command' in instruction && instruction.command?.form === 'exec') return;
  const flags = instruction.flags.at(-1);
  const text = flags === undefined ? before : before.slice(before.lastIndexOf(flags.value?.raw ?? flags.name));
  const shell = text.slice(text.search(/\s|$/));
  const context = shellContextAt(shell, shell.length);
  if (context.kind === 'command') {
    for (const [label, { about }] of Object.entries(programs)) {
      builder.add({ label, kind: CompletionItemKind.Function, detail: about });
    }
  } else if (context.kind === 'argument') {
    const program = programs[context.command];
    if (program === undefined) return;
    if (context.index === 0) builder.addValues(program.subcommands, CompletionItemKind.Method);
    builder.addValues(program.options, CompletionItemKind.Field);
  }
}

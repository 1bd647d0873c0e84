// Hadolint's rules of the package managers of languages: pip, npm, yarn, gem, go.
import type { Span } from '../../../runtime/dockerfile/ast.ts';
import type { Argument, CommandCall } from '../commands.ts';
import type { Group } from '../file_model.ts';
import { memo } from '../memo.ts';
import type { Detail, Rule } from '../rule.ts';
import { shellUse } from '../shell_use.ts';
import {
  addFlagFix,
  appendCommandFix,
  cleanedAfter,
  hasCacheMount,
  pinRule,
  reachingInstructions,
  unquote,
} from './common.ts';

/** `pip install`, `pip3 install`, `python -m pip install`. */
function isPipInstall(call: CommandCall): boolean {
  if (!call.hasArg('install')) return false;
  if (/^pip[\d.]*$/.test(call.name)) return true;
  return /^python/.test(call.name) && call.args.some((arg, i) => arg.text === '-m' && call.args[i + 1]?.text === 'pip');
}

function isPipWrapper(call: CommandCall): boolean {
  return (
    /pipx|pipenv/.test(call.name) ||
    (/^python/.test(call.name) &&
      call.args.some((arg, i) => arg.text === '-m' && /^(pipx|pipenv)$/.test(call.args[i + 1]?.text ?? '')))
  );
}

const PIP_VALUES = [
  ...['abi', 'b', 'build', 'e', 'editable', 'extra-index-url', 'f', 'find-links', 'i', 'index-url', 'implementation'],
  ...['no-binary', 'only-binary', 'platform', 'prefix', 'progress-bar', 'proxy', 'python-version', 'root', 'src', 't'],
  ...[
    'target',
    'trusted-host',
    'upgrade-strategy',
    'cache-dir',
    'timeout',
    'retries',
    'log',
    'cert',
    'client-cert',
    'exists-action',
  ],
];

function pipPackages(call: CommandCall): Argument[] {
  if (!isPipInstall(call) || call.hasFlag('c', 'constraint') || call.flagValue('requirement') !== undefined) return [];
  if (call.hasArg('-r', '--requirement', '.')) return [];
  return call.operandsAfter('install', PIP_VALUES);
}

const VCS = /^(git|hg|svn|bzr)(\+\w[\w-]*)?:/;

function pipPinned(text: string): boolean {
  if (/[=!<>~]=|[<>]/.test(text) || /\.(whl|tar\.gz|zip)$/.test(text) || text.startsWith('${VAR}')) return true;
  return VCS.test(text) ? text.includes('@') : text.includes('/');
}

const pip = pinRule(
  {
    code: 'DL3013',
    severity: 'warning',
    title: 'Pin the version in pip install',
    why: 'Without a version the same Dockerfile installs something else tomorrow. Name it, or install from a requirements file that does.',
    bad: 'FROM python:3.13-slim\nRUN pip install --no-cache-dir flask\n',
    good: 'FROM python:3.13-slim\nRUN pip install --no-cache-dir flask==3.1.1\n',
  },
  pipPackages,
  pipPinned,
  (name) => `write ${name}==<version>`,
);

const TRUTHY = /^(1|true|True|TRUE|on|On|ON|yes|Yes|YES)$/;

/** The `pip install`s of an instruction that fill a cache which stays in the layer. */
const cachingInstalls = memo((outer): { span: Span; detail: Detail }[] => {
  const instruction = outer.keyword === 'ONBUILD' ? outer.instruction : outer;
  if (instruction?.keyword !== 'RUN') return [];
  const installs = shellUse(instruction).commands.filter(
    (call) => isPipInstall(call) && !isPipWrapper(call) && !call.hasFlag('no-cache-dir'),
  );
  if (installs.length === 0 || /PIP_NO_CACHE_DIR=["']?(1|true|on|yes)/i.test(instruction.source)) return [];
  if (
    hasCacheMount(instruction, '/root/.cache', '.cache/pip') ||
    instruction.flags.some((flag) => /\/\.cache(\/pip)?(,|$)/.test(flag.value?.raw ?? ''))
  )
    return [];
  return installs.map((call) => {
    const span = call.whereArg('install');
    return { span, detail: { fixes: [addFlagFix('--no-cache-dir', span)] } };
  });
});

const pipCache: Rule = {
  code: 'DL3042',
  source: 'hadolint',
  severity: 'warning',
  title: 'Avoid the cache directory of pip: use pip install --no-cache-dir',
  why: 'pip keeps everything it downloads in ~/.cache/pip, which then stays in the layer. Use `--no-cache-dir`, `ENV PIP_NO_CACHE_DIR=1`, or a cache mount.',
  bad: 'FROM python:3.13-slim\nRUN pip install flask==3.1.1\n',
  good: 'FROM python:3.13-slim\nRUN pip install --no-cache-dir flask==3.1.1\n',
  looksAt: ['RUN', 'ONBUILD', 'ENV'],
  byStage: true,
  checkFile: (file, report) => {
    const off = new Set<Group>();
    for (const group of file.groups) {
      if (group.parent !== undefined && off.has(group.parent)) off.add(group);
      for (const outer of group.instructions) {
        if (
          outer.keyword === 'ENV' &&
          outer.pairs.some(({ key, value }) => key.raw === 'PIP_NO_CACHE_DIR' && TRUTHY.test(unquote(value?.raw ?? '')))
        )
          off.add(group);
        if (off.has(group) || file.shellAt(outer).foreign) continue;
        for (const { span, detail } of cachingInstalls(outer)) report(outer, span, detail);
      }
    }
  },
};

const NPM_VALUES = [
  'loglevel',
  'registry',
  'prefix',
  'cache',
  'w',
  'workspace',
  'tag',
  'userconfig',
  'C',
  'omit',
  'include',
  'save-prefix',
];

function npmPinned(text: string): boolean {
  if (/^git(\+\w+)?:\/\//.test(text)) return text.includes('#');
  if (/\.(tar|tar\.gz|tgz)$/.test(text) || /^(\/|\.\.?\/|~\/|\.$)/.test(text) || text.startsWith('${VAR}')) return true;
  return text.replace(/^@[^/]*\//, '').includes('@');
}

const npm = pinRule(
  {
    code: 'DL3016',
    severity: 'warning',
    title: 'Pin the version in npm install',
    why: 'Without a version the same Dockerfile installs something else tomorrow. Name a version, a tag or a commit, or install what package-lock.json says.',
    bad: 'FROM node:22-slim\nRUN npm install -g express\n',
    good: 'FROM node:22-slim\nRUN npm install -g express@5.1.0\n',
  },
  (call) =>
    call.name === 'npm' && call.operands(NPM_VALUES)[0]?.text === 'install'
      ? call.operandsAfter('install', NPM_VALUES)
      : [],
  npmPinned,
  (name) => `write ${name}@<version>`,
);

const yarnInstalls = (call: CommandCall): boolean => call.is('yarn', 'install');

/** Where an instruction fills the cache of yarn and keeps it. */
const keptYarnCache = memo((outer): { span: Span; detail: Detail } | undefined => {
  const instruction = outer.keyword === 'ONBUILD' ? outer.instruction : outer;
  if (instruction?.keyword !== 'RUN') return undefined;
  const { commands } = shellUse(instruction);
  const install = commands.find(yarnInstalls);
  if (install === undefined || cleanedAfter(commands, yarnInstalls, (call) => call.is('yarn', 'clean')))
    return undefined;
  if (hasCacheMount(instruction, '/root/.cache/yarn', '/root/.yarn', '/usr/local/share/.cache', '.cache/yarn'))
    return undefined;
  return {
    span: install.whereArg('install'),
    detail: { fixes: appendCommandFix(instruction, 'yarn cache clean') },
  };
});

const yarn: Rule = {
  code: 'DL3060',
  source: 'hadolint',
  severity: 'info',
  title: '`yarn cache clean` missing after `yarn install` was run',
  why: 'yarn keeps every package that it has downloaded in its cache, which then stays in the layer. Clean it in the same RUN, or use a cache mount.',
  bad: 'FROM node:22-slim\nRUN yarn install --frozen-lockfile\n',
  good: 'FROM node:22-slim\nRUN yarn install --frozen-lockfile && yarn cache clean\n',
  looksAt: ['RUN', 'ONBUILD'],
  byStage: true,
  checkFile: (file, report) => {
    for (const instruction of reachingInstructions(file)) {
      const found = keptYarnCache(instruction);
      if (found !== undefined) report(instruction, found.span, found.detail);
    }
  },
};

const gem = pinRule(
  {
    code: 'DL3028',
    severity: 'warning',
    title: 'Pin the version in gem install',
    why: 'Without a version the same Dockerfile installs something else tomorrow. Write `name:version`, or use a Gemfile.lock.',
    bad: 'FROM ruby:3.4-slim\nRUN gem install bundler\n',
    good: 'FROM ruby:3.4-slim\nRUN gem install bundler:2.6.9\n',
  },
  (call) => {
    if (
      !call.is('gem', 'install', 'i') ||
      call.hasArg('-v', '--version') ||
      call.args.some((arg) => arg.text.startsWith('--version='))
    )
      return [];
    const end = call.args.findIndex((arg) => arg.text === '--');
    const before = end < 0 ? undefined : call.args[end]?.start;
    return call
      .operands(['use-system-libraries'])
      .filter(
        (word) =>
          word.text !== 'install' &&
          word.text !== 'i' &&
          word.text !== '--' &&
          (before === undefined || word.start < before),
      );
  },
  (text) => text.includes(':') || text.endsWith('.gem') || text.startsWith('${VAR}'),
  (name) => `write ${name}:<version>`,
);

const GO_VALUES = [
  'ldflags',
  'tags',
  'o',
  'mod',
  'modfile',
  'p',
  'gcflags',
  'asmflags',
  'buildmode',
  'C',
  'exec',
  'overlay',
];

/** The packages of `go install`, `go get` and `go run`; what follows the program of `go run` are its own arguments. */
function goPackages(call: CommandCall): Argument[] {
  if (call.name !== 'go') return [];
  const words: Argument[] = [];
  for (let i = 0; i < call.args.length; i += 1) {
    const arg = call.args[i];
    const flag = /^--?([A-Za-z]+)$/.exec(arg?.text ?? '')?.[1];
    if (flag !== undefined && GO_VALUES.includes(flag)) i += 1;
    else if (arg !== undefined && !arg.text.startsWith('-')) words.push(arg);
  }
  const [verb, ...packages] = words;
  if (verb?.text === 'install' || verb?.text === 'get') return packages;
  return verb?.text === 'run' ? packages.slice(0, 1) : [];
}

const go = pinRule(
  {
    code: 'DL3062',
    severity: 'warning',
    title: 'Pin the version in go install',
    why: 'Without a version (or with `@latest`) the same Dockerfile installs something else tomorrow. Paths of the own module need none.',
    bad: 'FROM golang:1.25\nRUN go install example.com/tool@latest\n',
    good: 'FROM golang:1.25\nRUN go install example.com/tool@v1.4.2\n',
  },
  goPackages,
  (text) =>
    /^(\/|\.|tool$|all$|std$|cmd(\/|$))|\.go$/.test(text) ||
    text.startsWith('${VAR}') ||
    (text.includes('@') && !text.endsWith('@latest')),
  (name) => `write ${name.replace(/@latest$/, '')}@<version>`,
);

export const languageRules: readonly Rule[] = [pip, pipCache, npm, yarn, gem, go];

// Completion as three real shells do it, and the man page as man reads it, from what a build leaves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestEngine } from '../support/slipway.ts';

const dist = join(import.meta.dirname, '../../dist');

function without(program: string): string | false {
  return spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;
}

/** Runs a shell's script with the built `slipway` on its PATH; its output's lines. */
function shell(program: string, args: readonly string[], env: Record<string, string> = {}): string[] {
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 20_000, // a prompt that never answers would wait for ever
    env: { ...process.env, PATH: `${join(dist, 'bin')}:${process.env['PATH']}`, TERM: 'xterm', ...env },
  });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

/** What bash would offer behind the line: the words as Readline splits them, at ":" and "=" too. */
function bash(line: string, words: readonly string[], env?: Record<string, string>): string[] {
  const script = `
    source <(slipway completion bash)
    compopt() { :; } # only inside a completion; here the function is called by hand
    COMP_LINE=$1 COMP_POINT=\${#1}; shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _slipway
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  return shell('bash', ['-c', script, 'bash', line, ...words], env);
}

let engine: TestEngine;
before(async () => {
  engine = await TestEngine.start();
  await engine.importBusybox('example.test:5000/app:one');
  await engine.client.call('network.create', { Name: 'harbour' });
  await engine.create({ Name: 'ship' });
});
after(() => engine[Symbol.asyncDispose]());

const host = () => ({ SLIPWAY_HOST: `unix://${engine.socket}` });

test('bash completes commands, options, values and names', () => {
  assert.deepEqual(bash('slipway contai', ['slipway', 'contai']), ['container']);
  assert.deepEqual(bash('slipway container p', ['slipway', 'container', 'p']), ['pause', 'port', 'prune', 'ps']);
  assert.deepEqual(bash('slipway run --network-', ['slipway', 'run', '--network-']), ['--network-alias']);
  assert.deepEqual(bash('slipway run --pull=al', ['slipway', 'run', '--pull', '=', 'al']), ['always']);
  assert.deepEqual(bash('slipway run --pull=', ['slipway', 'run', '--pull', '=']), ['always', 'missing', 'never']);
  assert.deepEqual(bash('slipway rm s', ['slipway', 'rm', 's'], host()), ['ship']);
  assert.deepEqual(bash('slipway run --network har', ['slipway', 'run', '--network', 'har'], host()), ['harbour']);
});

test('bash completes an image whose name has colons behind the last of them', () => {
  const words = ['slipway', 'run', 'example.test', ':', '5000/a'];
  assert.deepEqual(bash('slipway run example.test:5000/a', words, host()), ['5000/app:one']);
});

test('completion starts no engine and says nothing of one that is not there', () => {
  assert.deepEqual(bash('slipway rm s', ['slipway', 'rm', 's'], { SLIPWAY_HOST: 'unix:///nowhere/s.sock' }), []);
});

test('fish completes with explanations', { skip: without('fish') }, () => {
  const script = 'slipway completion fish | source; complete -C "slipway container pru"; complete -C "slipway rm s"';
  assert.deepEqual(shell('fish', ['--no-config', '-c', script], host()), [
    'prune\tRemove all stopped containers',
    'ship',
  ]);
});

test('zsh completes at its prompt', { skip: without('zsh') }, () => {
  // A zsh in a terminal of its own, to which the keys go that a person presses.
  const script = `
    zmodload zsh/zpty
    zpty prompt zsh -f -i
    zpty -w prompt "PS1=; bindkey -e; autoload -Uz compinit; compinit -D -u; source <(slipway completion zsh); print rea''dy"
    zpty -r prompt line '*ready*'
    # The completed line is printed instead of run.
    zpty -w -n prompt $'slipway container prun\\t\\C-aprint -r -- "@\\C-e@"\\n'
    zpty -r prompt line '*@slipway container prune*@*' && print -r -- found
    zpty -d prompt`;
  assert.deepEqual(shell('zsh', ['-f', '-c', script]), ['found']);
});

test('man finds the page beside the programs on PATH and reads it without a warning', { skip: without('man') }, () => {
  assert.deepEqual(shell('man', ['-w', 'slipway']), [join(dist, 'share/man/man1/slipway.1')]);
  const page = shell('sh', ['-c', 'man --warnings -l "$1" 2>&1', 'sh', join(dist, 'share/man/man1/slipway.1')]);
  assert.ok(page.some((line) => /^ {3}container run$/.test(line)));
  assert.ok(page.some((line) => line.includes('--memory-swappiness int')));
  assert.equal(page.filter((line) => line.includes('warning')).length, 0);
});

// The commands: what each does to a container's state, what it prints, and what it refuses.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle, program } from './bundle.ts';

const sleeper = (): Bundle => new Bundle(['sleep', '1000']);

function started(): Bundle {
  const bundle = sleeper();
  assert.equal(bundle.create().status, 0, bundle.create().stderr);
  assert.equal(bundle.oci('start', bundle.id).status, 0);
  return bundle;
}

/** Waits until the kernel has taken the first process away. */
async function ended(bundle: Bundle): Promise<void> {
  while (bundle.state().status !== 'stopped') await new Promise((resolve) => setImmediate(resolve));
}

test('created, running, stopped, gone', async () => {
  using bundle = new Bundle('echo ran; exec sleep 1000', (config) => {
    config.annotations = { 'org.example': 'yes' };
  });
  const pidFile = join(bundle.directory, 'pid');
  const created = bundle.create('--pid-file', pidFile);
  assert.equal(created.stderr, '');
  const state = bundle.state();
  assert.equal(state.status, 'created');
  assert.equal(state.id, bundle.id);
  assert.equal(state['bundle'], bundle.path);
  assert.deepEqual(state['annotations'], { 'org.example': 'yes' });
  assert.equal(readFileSync(pidFile, 'utf8'), String(state.pid));
  assert.equal(bundle.output(), '');

  assert.equal(bundle.oci('start', bundle.id).status, 0);
  assert.equal(bundle.state().status, 'running');
  const again = bundle.oci('start', bundle.id);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /cannot start container .*it is running/);

  const early = bundle.oci('delete', bundle.id);
  assert.equal(early.status, 1);
  assert.match(early.stderr, /it is running/);

  assert.equal(bundle.oci('kill', bundle.id, 'KILL').status, 0);
  await ended(bundle);
  assert.equal(bundle.output(), 'ran\n');
  assert.match(bundle.oci('kill', bundle.id, 'TERM').stderr, /container not running/);
  assert.equal(bundle.oci('delete', bundle.id).status, 0);
  assert.match(bundle.oci('state', bundle.id).stderr, /does not exist/);
  assert.deepEqual(bundle.leftovers(), []);
});

test('a command says how it is used', () => {
  using bundle = sleeper();
  for (const words of [
    ['create', '--help'],
    ['exec', '-h'],
  ])
    assert.match(bundle.oci(...words).stdout, new RegExp(`^usage: slipway-oci ${words[0]} `));
  assert.match(bundle.oci('help').stdout, /^usage: slipway-oci /);
});

test('unknown ids, commands and flags are one line and exit code 1', () => {
  using bundle = sleeper();
  for (const words of [
    ...['start', 'state', 'kill', 'delete', 'pause', 'resume', 'events', 'ps', 'update'].map((verb) => [
      verb,
      'unknown',
    ]),
    ['create', '--bundle', '/not/there', 'x'],
    ['create', '--bundle', bundle.path, '../up'],
    ['create', '--bundle', bundle.path, 'a/b'],
    ['create', '--bundle', bundle.path],
    ['state'],
    ['kill', 'unknown', 'SIGNONSENSE'],
    ['--nonsense'],
    ['nonsense'],
    ['checkpoint', 'unknown'],
    ['list', '--format', 'xml'],
  ]) {
    const { status, stderr, stdout } = bundle.oci(...words);
    assert.equal(status, 1, words.join(' '));
    assert.equal(stdout, '');
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
  assert.equal(bundle.oci('delete', '--force', 'unknown').status, 0);
  assert.equal(bundle.oci('exec', 'unknown', 'true').status, 255);
});

test('an id is taken only once', () => {
  using bundle = started();
  const { status, stderr } = bundle.oci('create', '--bundle', bundle.path, bundle.id);
  assert.equal(status, 1);
  assert.match(stderr, /exists already/);
  assert.equal(bundle.state().status, 'running');
});

test('--log and --log-format json, as containerd and conmon read them', () => {
  using bundle = sleeper();
  const log = join(bundle.directory, 'log.json');
  bundle.oci('--log', log, '--log-format', 'json', 'state', 'unknown');
  const line = JSON.parse(readFileSync(log, 'utf8').trim());
  assert.equal(line.level, 'error');
  assert.equal(line.msg, "container 'unknown' does not exist");
  assert.match(line.time, /^\d{4}-\d\d-\d\dT/);
});

test('kill sends any signal by number or name, to one or all', async () => {
  using bundle = new Bundle(
    'trap "echo got usr1" USR1; trap "exit 3" TERM; echo ready; while :; do sleep 1000 & wait; done',
  );
  assert.equal(bundle.create().status, 0);
  bundle.oci('start', bundle.id);
  while (!bundle.output().includes('ready')) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(bundle.oci('kill', bundle.id, 'SIGUSR1').status, 0);
  while (!bundle.output().includes('got usr1')) await new Promise((resolve) => setImmediate(resolve));
  // Second names of signals that the kernel keeps from a first process without a handler.
  for (const name of ['SIGIO', 'cld']) assert.equal(bundle.oci('kill', bundle.id, name).stderr, '');
  assert.equal(bundle.oci('kill', '--all', bundle.id, '9').status, 0);
  await ended(bundle);
});

test('pause and resume', () => {
  using bundle = started();
  assert.equal(bundle.oci('pause', bundle.id).status, 0);
  assert.equal(bundle.state().status, 'paused');
  assert.match(bundle.oci('exec', bundle.id, 'true').stderr, /it is paused/);
  assert.match(bundle.oci('pause', bundle.id).stderr, /it is paused/);
  assert.equal(bundle.oci('resume', bundle.id).status, 0);
  assert.equal(bundle.state().status, 'running');
  assert.match(bundle.oci('resume', bundle.id).stderr, /it is running/);
  bundle.oci('pause', bundle.id);
  assert.equal(bundle.oci('delete', '--force', bundle.id).status, 0);
  assert.deepEqual(bundle.leftovers(), []);

  assert.equal(bundle.create().status, 0);
  for (const [verb, status] of [
    ['pause', 'paused'],
    ['resume', 'created'],
    ['start', 'running'],
  ] as const) {
    assert.equal(bundle.oci(verb, bundle.id).stderr, '');
    assert.equal(bundle.state().status, status);
  }
});

test('list and ps', () => {
  using bundle = started();
  const { pid } = bundle.state();
  assert.match(
    bundle.oci('list').stdout,
    new RegExp(`^ID +PID +STATUS +BUNDLE +CREATED +OWNER\\n${bundle.id} +${pid} +running`),
  );
  assert.equal(bundle.oci('list', '-q').stdout, `${bundle.id}\n`);
  assert.equal(JSON.parse(bundle.oci('list', '--format', 'json').stdout)[0].id, bundle.id);
  assert.deepEqual(JSON.parse(bundle.oci('ps', '--format', 'json', bundle.id).stdout), [pid]);
  assert.match(bundle.oci('ps', bundle.id).stdout, new RegExp(`PID.*\\n.*${pid} .*sleep 1000\\n$`));
  assert.match(bundle.oci('ps', bundle.id, '-o', 'pid,comm').stdout, new RegExp(`${pid} sleep`));
});

test('exec: exit code, flags and a process document', () => {
  using bundle = started();
  const run = (...words: string[]) => bundle.oci('exec', ...words);
  assert.equal(run(bundle.id, 'sh', '-c', 'exit 9').status, 9);
  assert.equal(
    run('--cwd', '/tmp', '-e', 'X=1', '--env', 'Y=2', bundle.id, 'sh', '-c', 'pwd; echo $X$Y').stdout,
    '/tmp\n12\n',
  );
  // CVE-2026-30892: a user alone must not become root.
  assert.equal(run('-u', '1', bundle.id, 'id', '-u').stdout, '1\n');
  assert.equal(run('--user', '1:2', '--additional-gids', '7', bundle.id, 'id', '-G').stdout, '2 7\n');
  assert.match(run('--user', '4294967296', bundle.id, 'id').stderr, /no user id/);
  assert.match(run('--user', '-1', bundle.id, 'id').stderr, /--user/);
  assert.match(run('--env', 'X', bundle.id, 'true').stderr, /env\[\d\]: must have the form NAME=value/);
  assert.match(run('--cwd', 'tmp', bundle.id, 'true').stderr, /cwd: must be an absolute path/);
  assert.match(
    run('--cap', 'CAP_SYS_TIME', bundle.id, 'grep', 'CapBnd', '/proc/self/status').stdout,
    /\t000000000a0000e3/,
  );
  assert.match(run('--no-new-privs', bundle.id, 'grep', 'NoNewPrivs', '/proc/self/status').stdout, /\t1/);
  assert.match(run('--tty', bundle.id, 'tty').stdout, /^\/dev\/pts\/0/);

  const document = join(bundle.directory, 'process.json');
  const part = {
    args: ['sh', '-c', 'id -u; pwd; echo $A'],
    cwd: '/tmp',
    env: ['PATH=/bin', 'A=b'],
    user: { uid: 3, gid: 4 },
  };
  writeFileSync(document, JSON.stringify(part));
  assert.equal(run('--process', document, bundle.id).stdout, '3\n/tmp\nb\n');
  writeFileSync(document, '{"args":[],"cwd":"/"}');
  assert.match(run('--process', document, bundle.id).stderr, /process\.json: args: must not be empty/);

  const missing = run(bundle.id, 'not-there');
  assert.equal(missing.status, 255);
  assert.match(missing.stderr, /executable file not found in \$PATH/);
});

test('exec --detach leaves a process with a pid file', () => {
  using bundle = started();
  const file = join(bundle.directory, 'exec.pid');
  const words = ['exec', '--detach', '--pid-file', file, bundle.id, 'sleep', '1000'];
  spawnSync(program, ['--root', bundle.root, ...words], { stdio: 'ignore' });
  const pid = Number(readFileSync(file, 'utf8'));
  assert.ok(JSON.parse(bundle.oci('ps', '--format', 'json', bundle.id).stdout).includes(pid));
  bundle.oci('delete', '--force', bundle.id);
  assert.ok(!existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
});

test('execCPUAffinity', () => {
  using bundle = started();
  const document = join(bundle.directory, 'process.json');
  const affinity = { initial: '0-1', final: '1' };
  writeFileSync(
    document,
    JSON.stringify({
      args: ['grep', 'Cpus_allowed_list', '/proc/self/status'],
      cwd: '/',
      env: ['PATH=/bin'],
      execCPUAffinity: affinity,
    }),
  );
  assert.equal(bundle.oci('exec', '--process', document, bundle.id).stdout, 'Cpus_allowed_list:\t1\n');
});

test('descriptors by --preserve-fds, and those that systemd listens on', () => {
  using bundle = new Bundle('echo $LISTEN_FDS $LISTEN_PID; cat <&3; [ -e /proc/self/fd/4 ] && echo fourth; true');
  bundle.through = ['sh', '-c', 'export LISTEN_FDS=1 LISTEN_PID=$((PID ? PID : $$)); exec "$@" 3<&0 4<&0', 'sh'];
  for (const [env, flags, output] of [
    [{}, [], '1 1\nfed\n'],
    [{}, ['--preserve-fds', '1'], '1 1\nfed\nfourth\n'],
    [{ PID: '1' }, ['--preserve-fds', '1'], '\nfed\n'], // another process's
  ] as const)
    assert.equal(
      bundle.ociWith({ input: 'fed\n', env }, 'run', ...flags, '--bundle', bundle.path, bundle.id).stdout,
      output,
    );
});

test('run --detach returns while the container runs', () => {
  using bundle = sleeper();
  const { status } = spawnSync(program, ['--root', bundle.root, 'run', '-d', '-b', bundle.path, bundle.id], {
    stdio: 'ignore',
  });
  assert.equal(status, 0);
  assert.equal(bundle.state().status, 'running');
});

test('run passes signals on and cleans up', async () => {
  using bundle = new Bundle('trap "exit 5" TERM; echo ready; while :; do sleep 1000 & wait; done');
  const child = spawn(program, ['--root', bundle.root, 'run', '-b', bundle.path, bundle.id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 5);
  assert.deepEqual(bundle.leftovers(), []);
});

test('the bundle may change or go after create', () => {
  using bundle = new Bundle('echo original');
  assert.equal(bundle.create().status, 0);
  bundle.config.process.args = ['echo', 'changed'];
  bundle.write();
  assert.equal(bundle.oci('start', bundle.id).status, 0);
  bundle.oci('kill', bundle.id, 'KILL');
  writeFileSync(join(bundle.path, 'config.json'), 'nonsense');
  assert.equal(bundle.oci('delete', '--force', bundle.id).status, 0);
});

test('update changes limits by flags and by a document', () => {
  using bundle = started();
  assert.equal(bundle.oci('update', '--pids-limit', '33', '--memory', '65.5m', bundle.id).stderr, '');
  const document = JSON.stringify({ pids: { limit: 44 } });
  assert.equal(bundle.ociWith({ input: document }, 'update', '--resources', '-', bundle.id).stderr, '');
  const { data } = JSON.parse(bundle.oci('events', '--stats', bundle.id).stdout);
  assert.equal(data.pids.limit, 44);
  assert.equal(data.memory.usage.limit, 131 << 19);
  assert.match(bundle.oci('update', '--memory', '1x', bundle.id).stderr, /--memory: '1x' is no size/);
});

test('spec writes a configuration that runs, once', () => {
  using bundle = sleeper();
  const directory = join(bundle.directory, 'fresh');
  mkdirSync(directory);
  assert.equal(bundle.oci('spec', '--bundle', directory).status, 0);
  assert.match(bundle.oci('spec', '--bundle', directory).stderr, /exists already/);
  Object.assign(bundle.config, JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')));
  bundle.config.process.args = ['echo', 'runs'];
  bundle.write();
  assert.match(bundle.run().stdout, /runs/);
});

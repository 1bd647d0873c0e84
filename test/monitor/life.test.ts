// From created to deleted: two phases, exit records, exec sessions, and an engine that dies in between.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import {
  connectMonitor,
  launchMonitor,
  type MonitorOptions,
  readExitRecord,
} from '../../runtime/container/monitor_client.ts';
import { EngineError } from '../../runtime/protocol/errors.ts';
import { attachReader, cgroupsOf, isAlive, MonitoredContainers, readLog } from '../support/monitor.ts';

test('exit codes and signals are recorded', async () => {
  await using containers = new MonitoredContainers();
  const { exit } = await containers.run({ script: 'exit 42' });
  assert.equal(exit.exitCode, 42);
  assert.equal(exit.signal, undefined);
  assert.equal(exit.oomKilled, false);
  assert(Date.parse(exit.startedAt) <= Date.parse(exit.finishedAt));

  const endless = await containers.start({ script: 'exec sleep 1000' });
  await endless.client.kill(9);
  const killed = await endless.client.exited;
  assert.equal(killed?.exitCode, 137);
  assert.equal(killed?.signal, 9);
});

test('the record is on disk before anybody hears of the end', async () => {
  await using containers = new MonitoredContainers();
  for (let round = 0; round < 20; round += 1) {
    const container = await containers.create({ script: 'echo output; exit 9', log: true });
    const [, reader] = await attachReader(container);
    const seen = container.client.exited.then(() => readExitRecord(container.directory)?.exitCode);
    await container.client.start();
    await reader.end();
    assert.equal(readExitRecord(container.directory)?.exitCode, 9);
    assert.equal(await seen, 9);
    assert.equal(readLog(container.logPath)[0]?.log, 'output\n');
  }
});

test('a container killed for memory is recorded as such', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    args: ['sh', '-c', 'x=a; while :; do x=$x$x; done'],
    change: (config) => {
      config.linux.resources = { memory: { limit: 8 << 20, swap: 8 << 20 } };
    },
  });
  const heard = new Promise<void>((resolve) => container.client.onOom(resolve));
  await container.client.start();
  const exit = await container.client.exited;
  assert.equal(exit?.oomKilled, true);
  assert.equal(exit?.exitCode, 137);
  await heard;
});

test('a monitor whose directory was removed meanwhile ends all the same', async () => {
  await using containers = new MonitoredContainers();
  const { client, directory } = await containers.start({ script: 'exec sleep 1000' });
  rmSync(directory, { recursive: true });
  await client.kill(9);
  assert.equal((await client.exited)?.exitCode, 137);
  await client.ended;
});

test('nothing but D is left after the end', async () => {
  await using containers = new MonitoredContainers();
  const { id, directory, client } = await containers.run({ script: 'true' });
  assert.equal(client.deletionError, undefined);
  assert.deepEqual(readdirSync(directory).sort(), ['exit.json', 'monitor.json']);
  assert.deepEqual(cgroupsOf(id), []);
  assert(!existsSync(join(containers.stateRoot, id)));
});

test('an end of the spawner before start undoes everything', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({ script: 'true' });
  assert(isAlive(container.client.pid));
  container.client.abort();
  await container.client.ended;
  assert(!isAlive(container.client.pid));
  assert.deepEqual(readdirSync(container.directory), []);
  assert.deepEqual(cgroupsOf(container.id), []);
  assert(!existsSync(join(containers.stateRoot, container.id)));
});

test('a program that is not there is 127, one that cannot be executed is 126', async () => {
  await using containers = new MonitoredContainers();
  for (const [program, kind] of [
    ['/no/such/program', 'CommandNotFound'],
    ['/etc/passwd', 'CommandNotExecutable'],
  ] as const) {
    const id = containers.prepare({ args: [program] });
    await assert.rejects(
      async () => {
        const client = await launchMonitor(id);
        await client.start();
      },
      (error) => error instanceof EngineError && error.kind === kind,
    );
    assert.deepEqual(cgroupsOf(id.id), []);
  }
});

test('a broken configuration says what is wrong and leaves nothing', async () => {
  await using containers = new MonitoredContainers();
  const options = containers.prepare({ script: 'true' });
  writeFileSync(
    join(options.bundle ?? '', 'config.json'),
    '{"ociVersion": "1.0.2", "root": {"path": "/"}, "process": {"cwd": 7}}',
  );
  await assert.rejects(launchMonitor(options), /process\.cwd/);
  assert.deepEqual(readdirSync(options.directory), []);
  assert(!existsSync(join(containers.stateRoot, options.id)));
});

test('an id that is taken is refused and the other container goes on', async () => {
  await using containers = new MonitoredContainers();
  const first = await containers.start({ script: 'read line', options: { stdin: true } });
  const second = containers.prepare({ script: 'true' });
  await assert.rejects(launchMonitor({ ...second, id: first.id }), EngineError);
  assert(isAlive(first.client.pid));
  await first.client.kill(9);
  assert.equal((await first.client.exited)?.exitCode, 137);
});

/** A process that launches a monitor, prints what it knows as a line of JSON, and waits to be killed. */
async function launchElsewhere(options: MonitorOptions, start: boolean) {
  const client = join(import.meta.dirname, '../../runtime/container/monitor_client.ts');
  const script = `
    const { launchMonitor } = await import(${JSON.stringify(client)});
    const monitor = await launchMonitor(${JSON.stringify(options)});
    if (${start}) await monitor.start();
    console.log(JSON.stringify({ pid: monitor.pid, monitorPid: monitor.monitorPid }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, ...(JSON.parse(line) as { pid: number; monitorPid: number }) };
}

test('the spawner is killed after start: the container runs on, and its monitor is found again', async () => {
  await using containers = new MonitoredContainers();
  const options = containers.prepare({
    script: 'read line; echo "heard $line"; exit 6',
    log: true,
    options: { stdin: true },
  });
  const spawner = await launchElsewhere(options, true);
  spawner.child.kill('SIGKILL');
  await once(spawner.child, 'exit');
  assert(isAlive(spawner.pid));

  const client = await connectMonitor(options.directory);
  assert(client !== undefined);
  assert.equal(client.status, 'running');
  assert.equal(client.pid, spawner.pid);
  assert.equal(client.monitorPid, spawner.monitorPid);
  const [stream, reader] = await attachReader({ client });
  await stream.write(Buffer.from('again\n'));
  await reader.end();
  assert.equal((await client.exited)?.exitCode, 6);
  await client.ended;
  assert.equal(readLog(options.logPath)[0]?.log, 'heard again\n');
  assert.equal(await connectMonitor(options.directory), undefined);
  assert.equal(readExitRecord(options.directory)?.exitCode, 6);
});

test('the spawner is killed between created and start: everything is undone', async () => {
  await using containers = new MonitoredContainers();
  const options = containers.prepare({ script: 'true' });
  const spawner = await launchElsewhere(options, false);
  const witness = await connectMonitor(options.directory);
  assert.equal(witness?.status, 'created');
  spawner.child.kill('SIGKILL');
  await witness.ended;
  assert(!isAlive(spawner.pid));
  assert.equal(readExitRecord(options.directory), undefined);
  assert(!existsSync(join(containers.stateRoot, options.id)));
});

test('only the spawner can start; unknown and wrong commands are answered', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({ script: 'true' });
  const other = await connectMonitor(container.directory);
  assert(other !== undefined);
  await assert.rejects(other.start(), /only the spawner/);
  await assert.rejects(other.resize(1, 1), /no terminal/);
  await assert.rejects(other.resize(-1, 1), /rows and columns/);
  await assert.rejects(other.kill(1000), /number of a signal/);
  await assert.rejects(other.quit(), /has not ended/);
});

test('SIGTERM, SIGHUP and SIGINT do not end a monitor, and the container does not inherit its mask', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({
    script: 'grep -E "Sig(Blk|Ign)" /proc/self/status; read line; exit 3',
    log: true,
    options: { stdin: true },
  });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGPIPE'] as const)
    process.kill(container.client.monitorPid, signal);
  await container.client.resize(1, 1).catch(() => undefined); // a round trip
  const [stream, reader] = await attachReader(container);
  await stream.write(Buffer.from('\n'));
  await reader.end();
  assert.equal((await container.client.exited)?.exitCode, 3);
  assert.deepEqual(
    readLog(container.logPath).map((record) => record.log.replace(/^\w+:\s*/, '').trim()),
    ['0000000000000000', '0000000000000000'],
  );
});

test('orphans of the container are reaped', async () => {
  await using containers = new MonitoredContainers();
  // In the host's pid namespace the container's orphans come to the monitor, its subreaper.
  const container = await containers.start({
    script: 'for i in 1 2 3 4 5 6 7 8 9 10; do (sh -c "true" &) ; done; echo made; read line',
    log: true,
    options: { stdin: true },
    change: (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    },
  });
  const children = () =>
    readFileSync(`/proc/${container.client.monitorPid}/task/${container.client.monitorPid}/children`, 'latin1')
      .trim()
      .split(' ')
      .map(Number);
  const [stream, reader] = await attachReader(container);
  while (children().length > 1) await connectMonitor(container.directory); // a round trip each, until all have ended
  assert.deepEqual(children(), [container.client.pid]);
  await stream.write(Buffer.from('\n'));
  await reader.end();
});

test('a leftover process that holds the output does not hold the end', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({
    script: 'sleep 1000 & echo gone; exit 2',
    log: true,
    change: (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'pid');
    },
  });
  assert.equal((await container.client.exited)?.exitCode, 2);
  await container.client.ended;
  assert.equal(readLog(container.logPath)[0]?.log, 'gone\n');
  assert.deepEqual(cgroupsOf(container.id), []);
});

test('exec sessions have stdio, exit codes and records of their own', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({ script: 'read line', options: { stdin: true } });
  const process = {
    args: ['sh', '-c', 'read word; echo "$word $HOME"; echo bad >&2; exit 11'],
    env: ['PATH=/bin', 'HOME=/tmp'],
    cwd: '/',
    user: { uid: 0, gid: 0 },
  };
  const session = await containers.exec(container, process, { stdin: true });
  const [stream, reader] = await attachReader({ client: session });
  const { pid } = await session.start();
  assert(pid > 0);
  await stream.write(Buffer.from('hello\n'));
  await reader.end();
  assert.equal(reader.stdout.toString(), 'hello /tmp\n');
  assert.equal(reader.stderr.toString(), 'bad\n');
  assert.equal((await session.exited)?.exitCode, 11);

  const missing = await containers.exec(container, { ...process, args: ['/missing'] });
  await assert.rejects(missing.start(), (error) => error instanceof EngineError && error.kind === 'CommandNotFound');
  assert.equal((await missing.exited)?.exitCode, 127);
  assert(isAlive(container.client.pid));
});

test('an exec session with a terminal, which ends with its container', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({ script: 'read line', options: { stdin: true } });
  const session = await containers.exec(
    container,
    {
      terminal: true,
      args: ['sh', '-c', 'stty size; read line'],
      env: ['PATH=/bin'],
      cwd: '/',
      user: { uid: 0, gid: 0 },
    },
    { stdin: true },
  );
  await session.resize(11, 22);
  const [, reader] = await attachReader({ client: session });
  await session.start();
  await reader.until(() => reader.stdout.includes('11 22'), 'the size');
  await container.client.kill(9);
  assert.equal((await session.exited)?.exitCode, 137);
});

test('a directory with a very long path works', async () => {
  await using containers = new MonitoredContainers();
  const options = containers.prepare({ script: 'echo deep', log: true });
  const directory = join(containers.directory, 'd'.repeat(200));
  const client = await launchMonitor({ ...options, directory });
  const [, reader] = await attachReader({ client });
  await client.start();
  await reader.end();
  assert.equal(reader.stdout.toString(), 'deep\n');
  assert(statSync(join(directory, 'exit.json')).size > 0);
});

// The log: Docker's json-file to the byte, nothing lost and nothing twice, whatever the container and the disk do.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { launchMonitor, readExitRecord } from '../../runtime/container/monitor_client.ts';
import { attachReader, MonitoredContainers, readLog } from '../support/monitor.ts';
import { expectedTexts } from './log_records.ts';

/** The raw `"log":…` values of a stream. */
function loggedTexts(path: string, stream: 'stdout' | 'stderr'): string[] {
  const pattern = new RegExp(`^\\{"log":(".*"),"stream":"${stream}","time":"[0-9TZ:.-]+"\\}$`, 's');
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

/** A container that writes a file's bytes to stdout. */
async function logOf(containers: MonitoredContainers, output: Buffer): Promise<string> {
  const file = join(containers.directory, 'output');
  writeFileSync(file, output);
  const { logPath } = await containers.run({
    args: ['cat', '/output'],
    log: true,
    change: (config) =>
      config.mounts.push({ destination: '/output', type: 'bind', source: file, options: ['bind', 'ro'] }),
  });
  return logPath;
}

/** Repeatable numbers from 0 to 255. */
function bytesOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}

test('records look as Docker writes them', async () => {
  await using containers = new MonitoredContainers();
  const { logPath } = await containers.run({
    script: 'printf \'a "quoted" <tag> & back\\\\slash\\ttab\\r\\n\'; printf "no end"',
    log: true,
    options: {},
  });
  const [first, second] = readFileSync(logPath, 'utf8').split('\n');
  assert.match(
    first ?? '',
    /^\{"log":"a \\"quoted\\" \\u003ctag\\u003e \\u0026 back\\\\slash\\u0009tab\\r\\n","stream":"stdout","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z"\}$/,
  );
  assert.match(second ?? '', /^\{"log":"no end","stream":"stdout",/);
});

test('log labels stand between stream and time', async () => {
  await using containers = new MonitoredContainers();
  const options = containers.prepare({ script: 'echo x', log: true });
  const client = await launchMonitor({ ...options, log: { path: options.logPath, attributes: { team: 'blue' } } });
  await client.start();
  await client.ended;
  assert.match(readFileSync(options.logPath, 'utf8'), /"stream":"stdout","attrs":\{"team":"blue"\},"time":/);
});

test('binary data, broken UTF-8 and long lines come out as from Docker', async () => {
  await using containers = new MonitoredContainers();
  const next = bytesOf(20_26);
  const noise = Buffer.from(Array.from({ length: 150_000 }, next));
  const words = [
    'ü',
    '漢字',
    '😀',
    '\u2028',
    '\u2029',
    '\ud7ff',
    '\uffff',
    '<&>"\\',
    'plain text ',
    '\n',
    '\t',
    '\x7f',
    '\x00',
  ];
  const text = Buffer.from(Array.from({ length: 20_000 }, () => words[next() % words.length]).join(''));
  const edges = Buffer.from([
    0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xe0, 0x80, 0x80, 0xf0, 0x9f, 0x98, 0x0a, 0xff,
  ]);
  const long = Buffer.concat([
    Buffer.alloc(16383, 'a'),
    Buffer.from('é'),
    Buffer.alloc(40_000, '"'),
    Buffer.from('\n'),
  ]);
  const exact = Buffer.concat([Buffer.alloc(16384, 'b'), Buffer.from('\nafter\n'), Buffer.alloc(32768, 'c')]);
  const output = Buffer.concat([noise, Buffer.from('\n'), text, edges, Buffer.from('\n'), long, exact]);
  const logPath = await logOf(containers, output);
  assert.deepEqual(loggedTexts(logPath, 'stdout'), expectedTexts(output));
});

test('a line of four million characters is logged in parts that share one time', async () => {
  await using containers = new MonitoredContainers();
  const line = Buffer.concat([Buffer.alloc(4_000_000, 'z'), Buffer.from('\nnext\n')]);
  const records = readLog(await logOf(containers, line));
  assert.equal(records.map((record) => record.log).join(''), line.toString());
  assert.equal(new Set(records.slice(0, -1).map((record) => record.time)).size, 1);
  assert.equal(records.filter((record) => record.log.endsWith('\n')).length, 2);
});

test('times increase from record to record', async () => {
  await using containers = new MonitoredContainers();
  const { logPath } = await containers.run({ script: 'seq 1 20000', log: true });
  const nanoseconds = readLog(logPath).map(({ time }) => {
    const fraction = /\.(\d+)Z/.exec(time)?.[1] ?? '';
    return BigInt(Date.parse(`${time.slice(0, 19)}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
  });
  assert.equal(nanoseconds.length, 20000);
  for (const [index, time] of nanoseconds.entries()) assert(index === 0 || time > (nanoseconds[index - 1] ?? 0n));
});

test('both streams are logged, each line whole', async () => {
  await using containers = new MonitoredContainers();
  const { logPath } = await containers.run({
    script: 'seq 1 5000 & seq 5001 10000 >&2 & wait',
    log: true,
  });
  assert.deepEqual(
    loggedTexts(logPath, 'stdout'),
    expectedTexts(Buffer.from(Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join(''))),
  );
  assert.equal(loggedTexts(logPath, 'stderr').length, 5000);
});

test('rotation under full-speed writing leaves neither gap nor repeat', { timeout: 60_000 }, async () => {
  await using containers = new MonitoredContainers();
  const lines = 200_000;
  const { logPath } = await containers.run({ script: `seq 1 ${lines}`, log: { maxSize: 500_000, maxFile: 1000 } });
  let files = 1;
  while (existsSync(`${logPath}.${files}`)) files += 1;
  assert(files > 20, `the log was rotated: ${files} files`);
  let expected = 1;
  for (let number = files - 1; number >= 0; number -= 1) {
    const path = number === 0 ? logPath : `${logPath}.${number}`;
    // Docker rotates before the first record that finds the file full.
    if (number > 0) assert(statSync(path).size >= 500_000 && statSync(path).size < 500_000 + 200);
    for (const { log } of readLog(path)) {
      assert.equal(log, `${expected}\n`);
      expected += 1;
    }
  }
  assert.equal(expected, lines + 1);
});

test('rotation keeps no more files than asked for', async () => {
  await using containers = new MonitoredContainers();
  const { logPath } = await containers.run({ script: 'seq 1 50000', log: { maxSize: 100_000, maxFile: 3 } });
  assert(existsSync(`${logPath}.1`) && existsSync(`${logPath}.2`) && !existsSync(`${logPath}.3`));
  assert.equal(readLog(logPath).at(-1)?.log, '50000\n');
  const alone = await containers.run({ script: 'seq 1 50000', log: { maxSize: 100_000, maxFile: 1 } });
  assert(!existsSync(`${alone.logPath}.1`));
  assert.equal(readLog(alone.logPath).at(-1)?.log, '50000\n');
});

test('a stopped reader of the log changes nothing', async () => {
  await using containers = new MonitoredContainers();
  const options = {
    script: 'seq 1 100000; read line; seq 100001 200000',
    log: true,
    options: { stdin: true },
  } as const;
  const container = await containers.create(options);
  writeFileSync(container.logPath, '');
  const tail = spawn('tail', ['-f', container.logPath], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(tail, 'spawn');
  tail.kill('SIGSTOP');
  const [stream, reader] = await attachReader(container);
  await container.client.start();
  await reader.until(() => reader.stdout.includes('100000\n'), 'the first half');
  await stream.write(Buffer.from('\n'));
  await reader.end();
  await container.client.ended;
  tail.kill('SIGKILL');
  assert.equal(readLog(container.logPath).length, 200_000);
});

test('a torn record at the end of an older log is cut off before the next is written', async () => {
  await using containers = new MonitoredContainers();
  const container = containers.prepare({ script: 'echo two', log: true });
  const whole = '{"log":"one\\n","stream":"stdout","time":"2026-01-01T00:00:00Z"}\n';
  writeFileSync(container.logPath, `${whole}{"log":"tor`);
  const client = await launchMonitor(container);
  await client.start();
  await client.ended;
  assert.deepEqual(
    readLog(container.logPath).map((record) => record.log),
    ['one\n', 'two\n'],
  );
});

test('reopen-log goes on in a new file after the old one was moved', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    script: 'echo one; read line; echo two',
    log: true,
    options: { stdin: true },
  });
  const [stream, reader] = await attachReader(container);
  await container.client.start();
  await reader.until(() => reader.stdout.includes('one'), 'the first line');
  renameSync(container.logPath, `${container.logPath}.moved`);
  await container.client.reopenLog();
  await stream.write(Buffer.from('\n'));
  await container.client.ended;
  assert.equal(readLog(`${container.logPath}.moved`)[0]?.log, 'one\n');
  assert.equal(readLog(container.logPath)[0]?.log, 'two\n');
});

test('without a log the output is drained, and attach clients get it still', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    script: 'head -c 3000000 /dev/zero; read line; echo end',
    options: { stdin: true },
  });
  await container.client.start();
  const [stream, reader] = await attachReader(container);
  await stream.write(Buffer.from('\n'));
  await reader.end();
  assert(reader.stdout.subarray(-4).equals(Buffer.from('end\n')));
});

/** A file system of a few MiB, which can be full. */
class SmallDisk implements Disposable {
  readonly path: string;
  readonly #image: string;

  constructor(parent: string) {
    this.path = join(parent, 'disk');
    this.#image = join(parent, 'disk.img');
    mkdirSync(this.path);
    writeFileSync(this.#image, '');
    truncateSync(this.#image, 8 << 20);
    execFileSync('mkfs.ext4', ['-q', '-O', '^has_journal', '-m', '0', this.#image]);
    execFileSync('mount', ['-o', 'loop', this.#image, this.path]);
  }

  fill(): void {
    writeFileSync(join(this.path, 'ballast'), '');
    try {
      while (true) appendFileSync(join(this.path, 'ballast'), Buffer.alloc(4096));
    } catch (error) {
      assert(error instanceof Error && 'code' in error && error.code === 'ENOSPC');
    }
  }

  makeRoom(): void {
    rmSync(join(this.path, 'ballast'));
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.path]);
  }
}

test('a full disk stops the output, is told of, and loses nothing', { timeout: 60_000 }, async () => {
  await using containers = new MonitoredContainers();
  using disk = new SmallDisk(containers.directory);
  const logPath = join(disk.path, 'json.log');
  const container = await containers.create({ script: 'seq 1 30000', options: { log: { path: logPath } } });
  disk.fill();
  const stalled = new Promise<string | undefined>((resolve) => container.client.onLogStall(resolve));
  await container.client.start();
  assert.match((await stalled) ?? '', /cannot write '.*json.log': No space left on device/);
  disk.makeRoom();
  await container.client.ended;
  assert.deepEqual(
    readLog(logPath).map((record) => record.log),
    Array.from({ length: 30000 }, (_, index) => `${index + 1}\n`),
  );
});

test('a container that ends while the disk is full: its end is told at once, the log is completed later', {
  timeout: 60_000,
}, async () => {
  await using containers = new MonitoredContainers();
  using disk = new SmallDisk(containers.directory);
  const logPath = join(disk.path, 'json.log');
  const container = await containers.create({ script: 'seq 1 2000; exit 5', options: { log: { path: logPath } } });
  const [, reader] = await attachReader(container);
  disk.fill();
  await container.client.start();
  await reader.end();
  assert.equal(reader.stdout.toString().split('\n').length, 2001);
  assert.equal((await container.client.exited)?.exitCode, 5);
  disk.makeRoom();
  await container.client.ended;
  assert.equal(readLog(logPath).length, 2000);
});

test('what is given up on a full disk is counted in the exit record', { timeout: 60_000 }, async () => {
  await using containers = new MonitoredContainers();
  using disk = new SmallDisk(containers.directory);
  const logPath = join(disk.path, 'json.log');
  const container = await containers.create({ script: 'seq 1 2000', options: { log: { path: logPath } } });
  disk.fill();
  await container.client.start();
  await container.client.exited;
  await container.client.quit();
  await container.client.ended;
  const record = readExitRecord(container.directory);
  assert((record?.logBytesLost ?? 0) > 0);
});

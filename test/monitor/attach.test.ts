// attach.sock: who sees what, what goes in, and that nobody can hold the container or the others for ever.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { AttachStream, encodeFrame, frameTypes } from '../../runtime/container/attach_stream.ts';
import { attach, attachReader, MonitoredContainers, OutputReader, readLog } from '../support/monitor.ts';

test('a client attached before the start sees the first byte and the last', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({ script: 'echo first; echo problem >&2; echo last; exit 4' });
  const [, reader] = await attachReader(container);
  await container.client.start();
  await reader.end();
  assert.equal(reader.stdout.toString(), 'first\nlast\n');
  assert.equal(reader.stderr.toString(), 'problem\n');
  const last = reader.others.at(-1);
  assert(last?.type === 'exit');
  assert.equal(last.record.exitCode, 4);
});

test('a late joiner gets what comes after it has joined', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    script: 'echo before; read line; echo "after $line"',
    options: { stdin: true },
  });
  const [first, firstReader] = await attachReader(container);
  await container.client.start();
  await firstReader.until(() => firstReader.stdout.includes('before\n'), 'the first line');
  const [, lateReader] = await attachReader(container);
  await first.write(Buffer.from('all\n'));
  await Promise.all([firstReader.end(), lateReader.end()]);
  assert.equal(firstReader.stdout.toString(), 'before\nafter all\n');
  assert.equal(lateReader.stdout.toString(), 'after all\n');
});

test('closing stdin ends the input and leaves the output open', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({ script: 'wc -c; echo still here', options: { stdin: true } });
  const [stream, reader] = await attachReader(container);
  await container.client.start();
  const input = Buffer.alloc(300_000, 'x');
  await stream.write(input);
  await stream.closeStdin();
  await reader.end();
  assert.equal(reader.stdout.toString().replace(/ /g, ''), '300000\nstillhere\n');
});

test('a client that half-closes its socket still gets output', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({ script: 'read line; echo "got $line"', options: { stdin: true } });
  const socket = await container.client.attach();
  socket.end(encodeFrame(frameTypes.stdin, Buffer.from('word\n')));
  const received: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  const closed = new Promise((resolve) => socket.on('end', resolve));
  await container.client.start();
  await closed;
  assert.match(Buffer.concat(received).toString('latin1'), /got word\n/);
});

test('what a client typed before it vanished still arrives', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({ script: 'wc -c', options: { stdin: true } });
  const [, reader] = await attachReader(container);
  const typist = await attach(container);
  // More than the pipe holds: the monitor has to stop reading, see the hang-up, and still take the rest.
  const written = [typist.write(Buffer.alloc(200_000, 'y')), typist.closeStdin()];
  typist.close();
  await container.client.start();
  await Promise.all([...written, reader.end()]);
  assert.equal(reader.stdout.toString().trim(), '200000');
});

test('detaching, and vanishing, leave the container running', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({ script: 'read line; echo "heard $line"', options: { stdin: true } });
  const [polite] = await attachReader(container);
  polite.close();
  const rude = await container.client.attach();
  rude.destroy();
  const [stream, reader] = await attachReader(container);
  await stream.write(Buffer.from('you\n'));
  await reader.end();
  assert.equal(reader.stdout.toString(), 'heard you\n');
});

test('fifty clients see the same', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    script: 'i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done',
  });
  const readers = await Promise.all(Array.from({ length: 50 }, () => attachReader(container)));
  await container.client.start();
  await Promise.all(readers.map(([, reader]) => reader.end()));
  const expected = Array.from({ length: 2000 }, (_, index) => `line ${index}\n`).join('');
  for (const [, reader] of readers) assert.equal(reader.stdout.toString(), expected);
});

test('a client that never reads holds nobody for ever, and is told what it missed', { timeout: 60_000 }, async () => {
  await using containers = new MonitoredContainers();
  const size = 4 << 20;
  const container = await containers.create({
    script: `head -c ${size} /dev/zero | tr '\\0' a | fold -w 99; echo done; read line`,
    log: true,
    options: { stdin: true },
  });
  const stuck = await container.client.attach();
  stuck.pause();
  const [stream, reader] = await attachReader(container);
  await container.client.start();
  await reader.until(() => reader.stdout.subarray(-5).equals(Buffer.from('done\n')), 'the last line');
  const late = new OutputReader(new AttachStream(stuck));
  await late.until(() => late.others.some((frame) => frame.type === 'gap'), 'the gap frame');
  const gap = late.others.find((frame) => frame.type === 'gap');
  assert(gap?.type === 'gap');
  assert.equal(late.stdout.length + gap.stdout, reader.stdout.length);
  assert.equal(gap.stderr, 0);
  await stream.write(Buffer.from('bye\n'));
  await Promise.all([reader.end(), late.end()]);
  const logged = readLog(container.logPath)
    .map((record) => record.log)
    .join('');
  assert.equal(logged, reader.stdout.toString());
});

test('a terminal has the size that was asked for, first in the configuration, then by resizing', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    script: 'trap "stty size; exit" WINCH; stty size; while :; do read -t 1 line; done',
    terminal: true,
    options: { stdin: true },
    change: (config) => {
      config.process.consoleSize = { height: 33, width: 77 };
    },
  });
  const [, reader] = await attachReader(container);
  await container.client.start();
  await reader.until(() => reader.stdout.includes('33 77'), 'the first size');
  await container.client.resize(50, 132);
  await reader.end();
  assert.match(reader.stdout.toString(), /50 132/);
});

test('a size given before the start, and one in an attach frame, reach the terminal', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    script: 'stty size; read line; stty size',
    terminal: true,
    options: { stdin: true },
  });
  await container.client.resize(21, 42);
  const [stream, reader] = await attachReader(container);
  await container.client.start();
  await reader.until(() => reader.stdout.includes('21 42'), 'the size from before the start');
  await stream.resize(22, 43);
  await stream.write(Buffer.from('go\n'));
  await reader.end();
  assert.match(reader.stdout.toString(), /22 43/);
});

test('a terminal echoes, interrupts, and carries both outputs in one stream', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({
    script: 'trap "echo interrupted; exit 7" INT; echo ready; echo error >&2; cat',
    terminal: true,
    options: { stdin: true },
  });
  const [stream, reader] = await attachReader(container);
  await container.client.start();
  await reader.until(() => reader.stdout.includes('error'), 'the shell');
  await stream.write(Buffer.from('hello\r'));
  await reader.until(() => reader.stdout.includes('hello\r\nhello\r\n'), 'the echo, and cat');
  await stream.write(Buffer.from([3]));
  await reader.end();
  assert.match(reader.stdout.toString(), /ready\r\n.*error\r\n/s);
  assert.match(reader.stdout.toString(), /interrupted/);
  assert.equal(reader.stderr.length, 0);
  assert.equal((await container.client.exited)?.exitCode, 7);
});

test('without an open stdin the container reads an end of file, whatever clients send', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.create({ script: 'cat; echo nothing came' });
  const [stream, reader] = await attachReader(container);
  await stream.write(Buffer.from('ignored\n'));
  await container.client.start();
  await reader.end();
  assert.equal(reader.stdout.toString(), 'nothing came\n');
});

test('random bytes on the socket harm nobody else', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({ script: 'read line; echo "fine $line"', options: { stdin: true } });
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed >> 16;
  };
  for (let round = 0; round < 100; round += 1) {
    const socket = await container.client.attach();
    socket.on('error', () => undefined);
    // Never a stdin frame: its bytes would be taken for input, rightly.
    const bytes = Buffer.from(Array.from({ length: 64 }, () => random() & 0xff));
    bytes[0] = 18 + (random() % 200);
    socket.end(bytes);
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
  }
  const [stream, reader] = await attachReader(container);
  await stream.write(Buffer.from('indeed\n'));
  await reader.end();
  assert.equal(reader.stdout.toString(), 'fine indeed\n');
});

test('a frame that is too long ends its client with a reason', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({ script: 'read line', options: { stdin: true } });
  const stream = await attach(container);
  const raw = await container.client.attach();
  raw.write(encodeFrame(frameTypes.resize, Buffer.alloc(5000)));
  const reader = new OutputReader(new AttachStream(raw));
  await assert.rejects(reader.end(), /longer than 4096 bytes/);
  await stream.write(Buffer.from('\n'));
  await container.client.exited;
});

test('the sockets are for their owner only', async () => {
  await using containers = new MonitoredContainers();
  const container = await containers.start({ script: 'read line', options: { stdin: true } });
  for (const name of ['attach.sock', 'control.sock']) {
    assert.equal(statSync(join(container.directory, name)).mode & 0o777, 0o600);
  }
  assert.equal(statSync(container.directory).mode & 0o777, 0o700);
  const socket = connect(join(container.directory, 'control.sock'));
  const [line] = await new Promise<string[]>((resolve) =>
    socket.once('data', (data) => resolve(data.toString().split('\n'))),
  );
  assert.equal((JSON.parse(line ?? '') as { status: string }).status, 'running');
  socket.destroy();
});

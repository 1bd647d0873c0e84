// How fast the engine is over its protocol, in figures to hold against Docker's on the same machine at the same time.
//   node test/benchmarks/engine.ts [--docker]     with --docker, `docker run` and `docker exec` are timed beside it
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { TestEngine } from '../support/slipway.ts';

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function timed(rounds: number, body: () => Promise<unknown> | unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await body();
    times.push(performance.now() - start);
  }
  return median(times);
}

function report(what: string, milliseconds: number, bound?: string): void {
  console.log(
    `${what.padEnd(56)} ${milliseconds.toFixed(2).padStart(9)} ms${bound === undefined ? '' : `   (${bound})`}`,
  );
}

await using engine = await TestEngine.start();
const { client } = engine;

async function runOnce(network: string): Promise<void> {
  const id = await engine.create({ Config: { Cmd: ['true'] }, HostConfig: { NetworkMode: network } });
  await client.call('container.start', { Container: id });
  await client.call('container.wait', { Container: id });
  await client.call('container.remove', { Container: id });
}

// The first ones fill caches (compiled seccomp filters, the network's bridge).
for (const network of ['none', 'bridge']) for (let round = 0; round < 5; round += 1) await runOnce(network);
report('create, start, wait, remove: network none', await timed(50, () => runOnce('none')), '1/20 of docker run');
report('create, start, wait, remove: default bridge', await timed(50, () => runOnce('bridge')), '1/15 of docker run');

const sleeper = await engine.start({ Config: { Cmd: ['sleep', '600'] } });
report('exec true', await timed(50, () => engine.exec(sleeper, ['true'])), '1/10 of docker exec');

const many = await Promise.all(Array.from({ length: 100 }, () => engine.create({ Config: { Cmd: ['sleep', '600'] } })));
report(
  'start 100 at once',
  await timed(1, () => Promise.all(many.map((id) => client.call('container.start', { Container: id })))),
);
for (const id of many.slice(50)) await client.call('container.remove', { Container: id, Force: true });
const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${engine.helperPid}/status`, 'utf8'))?.[1] ?? '0';
console.log(
  `${'RSS with 50 running containers'.padEnd(56)} ${(Number(rss) / 1024).toFixed(1).padStart(9)} MiB  (below 90 MB)`,
);

await Promise.all(Array.from({ length: 5000 }, () => engine.create({ Config: { Cmd: ['true'] } })));
report('list 5,000 containers', await timed(10, () => client.call('container.list', { All: true })), 'below 50 ms');
await client.call('container.prune', {});

if (process.argv.includes('--docker')) {
  const docker = (...args: string[]) => execFileSync('docker', args, { stdio: 'pipe' });
  const image = process.env['BENCHMARK_IMAGE'] ?? 'slipway.test/busybox:latest';
  report(
    'docker run --rm --network none',
    await timed(10, () => docker('run', '--rm', '--network', 'none', image, 'true')),
  );
  report('docker run --rm', await timed(10, () => docker('run', '--rm', image, 'true')));
  const id = docker('run', '-d', '--network', 'none', image, 'sleep', '600').toString().trim();
  report('docker exec true', await timed(10, () => docker('exec', id, 'true')));
  docker('rm', '-f', id);
}

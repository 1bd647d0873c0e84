// The real docker client on our Docker API and on dockerd, alternately: `run --rm busybox true` without a network and on the
// bridge, and `exec`. The client's own start, which both pay, is measured beside them.
//   node test/benchmarks/docker_client.ts [ROUNDS]
// Where there is no dockerd, ours alone is measured.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { busyboxReference } from '../support/busybox_image.ts';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { importBusybox, TestEngine } from '../support/slipway.ts';
import { compare, type Peer } from './support/compare.ts';

const rounds = Number(process.argv[2] ?? 20);

await using cleaner = new AsyncDisposableStack();
const engine = cleaner.use(await TestEngine.start({ bare: true }));
await importBusybox(engine.client, engine.directory, busyboxReference);
const dockerd = whyNoDockerd() === undefined ? cleaner.use(await Dockerd.start({ apart: true })) : undefined;
dockerd?.loadBusybox();

function docker(host: string, args: readonly string[]): undefined {
  const { status, stderr } = spawnSync('docker', ['-H', host, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`docker ${args.join(' ')} ended with ${status}: ${stderr}`);
}

const hosts: readonly (readonly [name: string, host: string])[] = [
  ['slipway', `unix://${join(engine.directory, 'docker.sock')}`],
  ...(dockerd === undefined ? [] : [['dockerd', dockerd.host] as const]),
];
const peers = (...args: readonly string[]): Peer[] =>
  hosts.map(([name, host]) => ({ name: `docker on ${name}`, run: () => docker(host, args) }));

await compare({
  title: "the client's own start",
  rounds,
  peers: [{ name: 'docker --version', run: () => void spawnSync('docker', ['--version']) }],
});
for (const network of ['none', 'bridge'])
  await compare({
    title: `docker run --rm busybox true, network ${network}`,
    rounds,
    warmUp: 3,
    peers: peers('run', '--rm', '--network', network, busyboxReference, 'true'),
  });
for (const [, host] of hosts)
  docker(host, ['run', '-d', '--name', 'sleeper', '--network', 'none', busyboxReference, 'sleep', '600']);
await compare({ title: 'docker exec true', rounds, warmUp: 3, peers: peers('exec', 'sleeper', 'true') });

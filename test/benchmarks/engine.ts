// The engine over its protocol, beside Docker's and Podman's own commands: one container from create to remove, exec, a
// hundred containers at once, long lists, and what the helper costs while fifty containers run.
//   node test/benchmarks/engine.ts [ROUNDS]
// It runs in a network namespace of its own: Docker writes rules for its bridge.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { Podman, whyNoPodman } from '../support/podman.ts';
import { TestEngine } from '../support/slipway.ts';
import { compare, machine, type Peer } from './support/compare.ts';
import { enterOwnNetwork } from './support/own_network.ts';
import { record } from './support/record.ts';

enterOwnNetwork();

const rounds = Number(process.argv[2] ?? 20);
const hundred = 100;

await using cleaner = new AsyncDisposableStack();
const engine = cleaner.use(await TestEngine.start());
const { client } = engine;
const docker = whyNoDockerd() === undefined ? cleaner.use(await Dockerd.start({ bridge: true })) : undefined;
const podman = whyNoPodman() === undefined ? cleaner.use(new Podman('/usr/bin/runc')) : undefined;
const dockerImage = docker?.loadBusybox() ?? '';
const podmanImage = podman?.loadBusybox() ?? '';
// Podman's own limits are above what a test machine may give.
const podmanLimits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];

/** Our own first; those of the others that are installed behind it. `undefined` means that a peer is not asked. */
function peers(own: Peer['run'], dockerArgs?: readonly string[], podmanArgs?: readonly string[]): Peer[] {
  const list: Peer[] = [{ name: 'slipway (protocol)', run: own }];
  if (docker !== undefined && dockerArgs !== undefined)
    list.push({ name: 'docker (client)', run: () => void docker.must([...dockerArgs]) });
  if (podman !== undefined && podmanArgs !== undefined)
    list.push({ name: 'podman (command)', run: () => void podman.must([...podmanArgs]) });
  return list;
}

async function runOnce(network: string): Promise<undefined> {
  const id = await engine.create({ Config: { Cmd: ['true'] }, HostConfig: { NetworkMode: network } });
  await client.call('container.start', { Container: id });
  await client.call('container.wait', { Container: id });
  await client.call('container.remove', { Container: id });
}

for (const network of ['none', 'bridge'])
  await compare({
    title: `one container, create to remove, network ${network}`,
    rounds,
    warmUp: 3,
    peers: peers(
      () => runOnce(network),
      ['run', '--rm', '--network', network, dockerImage, 'true'],
      network === 'none' ? ['run', '--rm', ...podmanLimits, '--network', network, podmanImage, 'true'] : undefined,
    ),
  });

const sleeper = await engine.start({ Config: { Cmd: ['sleep', '600'] } });
const dockerSleeper = docker?.must(['run', '-d', '--network', 'none', dockerImage, 'sleep', '600']).trim() ?? '';
await compare({
  title: 'exec true in a running container',
  rounds,
  warmUp: 3,
  peers: peers(async () => void (await engine.exec(sleeper, ['true'])), ['exec', dockerSleeper, 'true']),
});

const starting: Peer[] = [
  {
    name: 'slipway (protocol)',
    run: async () => {
      const ids = await Promise.all(
        Array.from({ length: hundred }, () => engine.create({ Config: { Cmd: ['sleep', '600'] } })),
      );
      const start = performance.now();
      await Promise.all(ids.map((id) => client.call('container.start', { Container: id })));
      const time = performance.now() - start;
      for (const id of ids.slice(50)) await client.call('container.remove', { Container: id, Force: true });
      return time;
    },
  },
];
if (docker !== undefined)
  starting.push({
    name: 'docker (client)',
    run: () => {
      const ids = Array.from({ length: hundred }, () =>
        docker.must(['create', '--network', 'none', dockerImage, 'sleep', '600']).trim(),
      );
      // The client starts them one after the other; the shell starts a hundred clients.
      const script = `${ids.map((id) => `docker -H ${docker.host} start ${id} >/dev/null &`).join('\n')}\nwait`;
      const start = performance.now();
      spawnSync('sh', ['-c', script]);
      const time = performance.now() - start;
      docker.must(['rm', '--force', ...ids]);
      return time;
    },
  });
await compare({ title: `${hundred} containers started at once`, rounds: 1, warmUp: 0, peers: starting });

/** `VmRSS` of the helper in MiB, and its processor time in clock ticks. */
function helperUse(): { memory: number; ticks: number } {
  const status = readFileSync(`/proc/${engine.helperPid}/status`, 'utf8');
  const fields = readFileSync(`/proc/${engine.helperPid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    ticks: Number(fields[11]) + Number(fields[12]), // utime, stime: proc(5), fields 14 and 15
  };
}

const before = helperUse();
await new Promise((resolve) => setTimeout(resolve, 5000));
const idle = helperUse();
const ticks = idle.ticks - before.ticks;
console.log(
  `\nhelper with 51 running containers: ${idle.memory.toFixed(1)} MiB, ${ticks} clock ticks in 5 s\n${machine()}`,
);
record({ what: 'helper with 51 running containers: RSS', unit: 'MiB', name: 'slipway', median: idle.memory });

await Promise.all(Array.from({ length: 5000 }, () => engine.create({ Config: { Cmd: ['true'] } })));
await compare({
  title: 'list 5,000 containers',
  rounds: 10,
  warmUp: 2,
  peers: peers(async () => void (await client.call('container.list', { All: true }))),
});
await client.call('container.prune', {});

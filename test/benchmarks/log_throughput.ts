// A container that writes text to stdout as fast as it can: our monitor, podman's conmon and Docker, each into its log
// file on the same disk.
//   node test/benchmarks/log_throughput.ts [MEBIBYTES] [ROUNDS]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { MonitoredContainers } from '../support/monitor.ts';
import { Podman, whyNoPodman } from '../support/podman.ts';
import { compare, type Peer } from './support/compare.ts';

const mebibytes = Number(process.argv[2] ?? 1024);
const rounds = Number(process.argv[3] ?? 3);
const blockMebibytes = 64;

/** Lines as a web server writes them, of 60 to 180 characters, some with quotes, which JSON has to escape. */
function sampleText(bytes: number): Buffer {
  const words = [
    'GET /index.html',
    '200',
    'status=ok',
    'user="anna"',
    'latency=12ms',
    '10.0.3.17',
    'the quick brown fox',
  ];
  const out = Buffer.alloc(bytes);
  let at = 0;
  for (let line = 0; at < bytes; line += 1) {
    const count = 5 + (line % 9);
    const text = Array.from({ length: count }, (_, index) => words[(line * 7 + index * 3) % words.length]).join(' ');
    at += out.write(`${line} ${text}\n`, at);
  }
  out[bytes - 1] = 0x0a;
  return out;
}

await using cleaner = new AsyncDisposableStack();
const directory = mkdtempSync(join(tmpdir(), 'slipway-benchmark-'));
cleaner.defer(() => rmSync(directory, { recursive: true, force: true }));
const text = join(directory, 'text');
writeFileSync(text, sampleText(blockMebibytes << 20));
const script = `i=0; while [ $i -lt ${mebibytes / blockMebibytes} ]; do cat /text; i=$((i+1)); done`;

/** Not measured: what the run before has left to the disk. */
const settle = () => spawnSync('sync');

const containers = cleaner.use(new MonitoredContainers());
let logSize = 0;
const peers: Peer[] = [
  {
    name: 'slipway-oci monitor, json-file',
    run: async () => {
      settle();
      const start = performance.now();
      const container = await containers.start({
        script,
        log: true,
        change: (config) =>
          config.mounts.push({ destination: '/text', type: 'bind', source: text, options: ['bind', 'ro'] }),
      });
      await container.client.exited;
      const time = performance.now() - start;
      await container.client.ended;
      logSize = statSync(container.logPath).size;
      rmSync(container.logPath);
      return time;
    },
  },
];

const noPodman = whyNoPodman();
if (noPodman !== undefined) console.log(`left out: ${noPodman}`);
else {
  const podman = cleaner.use(new Podman('/usr/bin/runc'));
  const image = podman.loadBusybox();
  const log = join(directory, 'podman.log');
  peers.push({
    name: 'podman (conmon), k8s-file',
    run: () => {
      settle();
      const start = performance.now();
      // podman's own limits are above what a test machine may give
      const rlimits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
      const limits = [
        ...rlimits,
        '--network',
        'none',
        '--log-driver',
        'k8s-file',
        '--log-opt',
        `path=${log}`,
        '--volume',
        `${text}:/text:ro`,
      ];
      const id = podman.must(['run', '--detach', ...limits, image, 'sh', '-c', script]).trim();
      podman.must(['wait', '--interval', '10ms', id]);
      const time = performance.now() - start;
      podman.must(['rm', '--force', id]);
      rmSync(log, { force: true });
      return time;
    },
  });
}

const noDocker = whyNoDockerd();
if (noDocker !== undefined) console.log(`left out: ${noDocker}`);
else {
  const docker = cleaner.use(await Dockerd.start());
  const image = docker.loadBusybox();
  peers.push({
    name: 'docker, json-file',
    run: () => {
      settle();
      const start = performance.now();
      const limits = ['--network', 'none', '--log-driver', 'json-file', '--volume', `${text}:/text:ro`];
      const id = docker.must(['run', '--detach', ...limits, image, 'sh', '-c', script]).trim();
      docker.must(['wait', id]);
      const time = performance.now() - start;
      docker.must(['rm', '--force', id]);
      return time;
    },
  });
}

await compare({ title: `${mebibytes} MiB of text from stdout into the log`, rounds, peers, warmUp: 0 });
console.log(`our log: ${Math.round(logSize / 2 ** 20)} MiB`);

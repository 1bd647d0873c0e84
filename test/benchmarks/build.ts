// Builds beside Buildah and Docker (the classic builder, which Debian's client drives): nothing changed, one file changed in a
// context of 20,000, and two independent stages of work with no cache. Each round's change is the same for all.
//   node test/benchmarks/build.ts [ROUNDS]
// It runs in a network namespace of its own: Docker writes rules for its bridge.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Buildah, whyNoBuildah } from '../support/built_image.ts';
import { busyboxReference, writeBusyboxArchive } from '../support/busybox_image.ts';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { TestEngine } from '../support/slipway.ts';
import { compare, type Peer } from './support/compare.ts';
import { enterOwnNetwork } from './support/own_network.ts';

enterOwnNetwork();

const rounds = Number(process.argv[2] ?? 5);
const directory = mkdtempSync(join(tmpdir(), 'slipway-benchmark-'));
await using cleaner = new AsyncDisposableStack();
cleaner.defer(() => rmSync(directory, { recursive: true, force: true }));
const archive = join(directory, 'busybox.tar');
writeBusyboxArchive(archive);
const engine = cleaner.use(await TestEngine.start({ bare: true }));
await engine.cli(['load', '-i', archive]);
const docker = whyNoDockerd() === undefined ? cleaner.use(await Dockerd.start()) : undefined;
docker?.loadBusybox();
const buildah = whyNoBuildah() === undefined ? cleaner.use(await Buildah.start(archive)) : undefined;

// The classic builder: Debian has no buildx for this daemon.
process.env['DOCKER_BUILDKIT'] = '0';

function peers(context: string, noCache = false): Peer[] {
  const list: Peer[] = [
    {
      name: 'slipway (protocol)',
      run: async () => {
        const request = { Context: context, Network: 'none', NoCache: noCache, Tags: ['benchmark'] };
        const { socket, outcome } = await engine.client.stream('build.run', request);
        socket.resume();
        await outcome;
        return undefined;
      },
    },
  ];
  const flag = noCache ? ['--no-cache'] : [];
  if (buildah !== undefined)
    list.push({
      name: 'buildah (command)',
      run: async () => {
        const fixed = ['bud', '-q', '--layers', '--pull-never', '--isolation', 'chroot', '--network', 'host'];
        await buildah.must([...fixed, ...flag, '-t', 'benchmark', context]);
        return undefined;
      },
    });
  if (docker !== undefined)
    list.push({
      name: 'docker (client)',
      run: () => void docker.must(['build', '-q', '--network', 'none', ...flag, '-t', 'benchmark', context]),
    });
  return list;
}

function makeContext(name: string, dockerfile: string): string {
  const context = join(directory, name);
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), `FROM ${busyboxReference}\n${dockerfile}`);
  return context;
}

const small = makeContext('small', 'WORKDIR /app\nCOPY . .\nRUN cat Dockerfile > copy\nENV A=1\nCMD ["cat", "copy"]\n');
await compare({ title: 'build with nothing changed', rounds, peers: peers(small) });

const large = makeContext('large', 'WORKDIR /app\nCOPY . .\nRUN ls | wc -l > count\n');
for (let folder = 0; folder < 200; folder += 1) {
  mkdirSync(join(large, `src${folder}`));
  for (let file = 0; file < 100; file += 1)
    writeFileSync(join(large, `src${folder}/file${file}.txt`), `${folder} ${file}\n`.repeat(20));
}
await compare({ title: 'build of 20,000 files, nothing changed', rounds, peers: peers(large) });

let change = 0;
await compare({
  title: 'build of 20,000 files, one of them changed',
  rounds,
  peers: peers(large).map(({ name, run }) => ({
    name,
    run: async () => {
      change += 1;
      writeFileSync(join(large, 'src7/file7.txt'), `change ${change}\n`);
      const start = performance.now();
      await run();
      return performance.now() - start;
    },
  })),
});

const work = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo $i > /result';
const stages = makeContext(
  'stages',
  `RUN ${work}\nFROM ${busyboxReference} AS other\nRUN ${work}; echo other >> /result\n` +
    `FROM ${busyboxReference}\nCOPY --from=0 /result /one\nCOPY --from=other /result /two\n`,
);
await compare({ title: 'build of two independent stages, no cache', rounds, peers: peers(stages, true) });

// Pulling one large gzip layer (a Debian root file system) with unpacking, from a registry on loopback: this engine's image
// store beside Docker and Podman, alternately. Each round starts without the image, and with a quiet disk.
//   node test/benchmarks/pull.ts [ROUNDS] [ROOT.tar]     without a tar, mmdebstrap makes one (two minutes)
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dockerd, whyNoDockerd } from '../support/dockerd.ts';
import { callContext, TestStore } from '../support/image_store.ts';
import { Podman, whyNoPodman } from '../support/podman.ts';
import { must, startRegistry } from '../support/registry.ts';
import { compare, type Peer } from './support/compare.ts';

const rounds = Number(process.argv[2] ?? 3);
const directory = mkdtempSync(join(tmpdir(), 'slipway-benchmark-'));

async function publish(target: string): Promise<void> {
  const root = process.argv[3] ?? join(directory, 'root.tar');
  if (process.argv[3] === undefined) await must('mmdebstrap', ['--variant=apt', 'bookworm', root]);
  const layout = join(directory, 'layout');
  await must('umoci', ['init', '--layout', layout]);
  await must('umoci', ['new', '--image', `${layout}:debian`]);
  await must('umoci', ['raw', 'add-layer', '--image', `${layout}:debian`, root]);
  await must('skopeo', ['copy', '--dest-tls-verify=false', `oci:${layout}:debian`, `docker://${target}`]);
}

async function timed(task: () => Promise<unknown> | unknown): Promise<number> {
  await must('sync', []);
  const start = performance.now();
  await task();
  return performance.now() - start;
}

try {
  await using registry = await startRegistry();
  const reference = `${registry.host}/benchmark/debian:1`;
  await publish(reference);
  const peers: Peer[] = [
    {
      name: 'slipway',
      run: async () => {
        await using store = await TestStore.open();
        return await timed(() => store.handlers['image.pull']({ Reference: reference }, callContext()));
      },
    },
  ];
  if (whyNoPodman() === undefined)
    peers.push({
      name: 'podman',
      run: async () => {
        using podman = new Podman('/usr/bin/crun');
        return await timed(() => podman.must(['pull', '--quiet', '--tls-verify=false', reference]));
      },
    });
  await using docker = whyNoDockerd() === undefined ? await Dockerd.start() : undefined;
  if (docker !== undefined)
    peers.push({
      name: 'docker',
      run: async () => {
        const time = await timed(() => docker.must(['pull', '--quiet', reference]));
        docker.must(['image', 'rm', reference]);
        return time;
      },
    });
  await compare({ title: 'pull with unpacking', rounds, peers, warmUp: 0 });
} finally {
  rmSync(directory, { recursive: true, force: true });
}

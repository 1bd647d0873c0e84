// One short container, whole process: slipway-oci beside crun, runc and the bare system calls, on the same bundle.
//   node test/benchmarks/oci_run.ts [ROUNDS]
// crun 1.8 refuses a machine with a hybrid cgroup tree, so all of them run where the v2 tree is out of sight.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle, makeBusyboxRoot, ociConfig } from '../support/oci_bundle.ts';
import { slipwayOci } from '../support/oci_runtime.ts';
import { compare, type Peer } from './support/compare.ts';

const unified = '/sys/fs/cgroup/unified';
const marker = 'SLIPWAY_BENCHMARK_INSIDE';

if (process.env[marker] === undefined && existsSync(unified)) {
  const script = `umount ${unified} && exec "$0" "$@"`;
  const again = ['--mount', 'sh', '-c', script, process.execPath, import.meta.filename, ...process.argv.slice(2)];
  const done = spawnSync('unshare', again, { stdio: 'inherit', env: { ...process.env, [marker]: '1' } });
  process.exit(done.status ?? 1);
}

const rounds = Number(process.argv[2] ?? 60);
const program = process.env.SLIPWAY_TEST_PROGRAM ?? slipwayOci;
const directory = mkdtempSync(join(tmpdir(), 'slipway-benchmark-'));
try {
  const rootfs = join(directory, 'rootfs');
  mkdirSync(rootfs);
  makeBusyboxRoot(rootfs);
  const config = ociConfig(['/bin/true'], rootfs);
  config.linux.cgroupsPath = `/slipway-benchmark-${process.pid}`;
  const bundle = makeBundle(directory, 'bundle', config);
  const bare = join(directory, 'bare_clone');
  execFileSync('gcc', ['-O2', '-static', '-o', bare, join(import.meta.dirname, 'support/bare_clone.c')]);

  const once = (file: string, args: string[]) => {
    const start = performance.now();
    const { status, stderr, error } = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    const time = performance.now() - start;
    if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${status}: ${error?.message ?? stderr}`);
    return time;
  };
  const runtime = (name: string, file: string): Peer => ({
    name,
    run: () =>
      once(file, [
        '--root',
        join(directory, name.split(' ')[0] ?? name),
        'run',
        '--bundle',
        bundle,
        `benchmark-${process.pid}`,
      ]),
  });
  const version = (file: string) =>
    execFileSync(file, ['--version'], { encoding: 'utf8' }).split('\n')[0]?.split(' ').at(-1);
  const peers: Peer[] = [
    runtime('slipway-oci run', program),
    { name: 'bare clone, pivot_root, exec', run: () => once(bare, [rootfs, '/bin/true']) },
    { name: 'an empty process', run: () => once('/bin/true', []) },
  ];
  for (const name of ['crun', 'runc']) {
    if (existsSync(`/usr/bin/${name}`))
      peers.splice(-2, 0, runtime(`${name} run ${version(name)}`, `/usr/bin/${name}`));
    else console.log(`${name} is not installed: left out`);
  }
  await compare({ title: 'busybox true, one container, whole process', rounds, peers, warmUp: 3 });
} finally {
  rmSync(directory, { recursive: true, force: true });
}

// A Debian root file system with Python and nginx: unpacked by the addon, as the engine unpacks a layer (hashed, whiteouts
// turned into overlay's), beside GNU tar; both until it is on the disk. The goal is at most 1.3 times tar.
//   node test/benchmarks/unpack.ts [ROUNDS] [TAR]     TAR: an archive made before, instead of one by mmdebstrap
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { unpackStream } from '../../runtime/native/archive.ts';
import { compare } from './support/compare.ts';

// As runtime/image/layer_writer.ts does.
async function layer(tar: string, target: string): Promise<void> {
  const stream = Readable.from(createReadStream(tar, { highWaterMark: 1 << 20 }), { objectMode: false });
  const options = { compression: 'auto', whiteouts: 'overlay', ownership: 'keep', hash: true } as const;
  const { diffId } = await unpackStream(stream, { target, ...options, limits: { bytes: 64 * 2 ** 30 } });
  if (diffId === undefined) throw new Error('unpacked without a diff id');
}

const rounds = Number(process.argv[2] ?? 5);
const directory = mkdtempSync(join(process.env['SLIPWAY_BENCHMARK_DIRECTORY'] ?? tmpdir(), 'slipway-benchmark-'));
try {
  const tar = process.argv[3] ?? join(directory, 'debian.tar');
  if (process.argv[3] === undefined) {
    console.log('making a Debian root file system with mmdebstrap …');
    const made = spawnSync('mmdebstrap', ['--quiet', '--variant=apt', '--include=python3,nginx', 'bookworm', tar], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (made.status !== 0) throw new Error(`mmdebstrap ended with ${made.status ?? made.error?.message}`);
  }
  // Once, so that both read it from memory.
  const entries = execFileSync('tar', ['-tf', tar], { encoding: 'utf8', maxBuffer: 64 << 20 })
    .trim()
    .split('\n').length;
  const target = join(directory, 'target');

  // The time until `unpack` is done and on the disk; making room and removing don't count.
  const timed = async (unpack: () => Promise<unknown> | unknown): Promise<number> => {
    mkdirSync(target);
    spawnSync('sync');
    const start = performance.now();
    await unpack();
    spawnSync('sync', ['--file-system', target]);
    const time = performance.now() - start;
    rmSync(target, { recursive: true });
    return time;
  };

  await compare({
    title: `unpack ${Math.round(statSync(tar).size / 2 ** 20)} MiB of tar, ${entries} entries, and sync`,
    rounds,
    peers: [
      {
        name: 'GNU tar -x',
        run: () => timed(() => execFileSync('tar', ['-xf', tar, '-C', target, '--numeric-owner'])),
      },
      { name: 'slipway', run: () => timed(() => layer(tar, target)) },
    ],
  });
} finally {
  rmSync(directory, { recursive: true, force: true });
}

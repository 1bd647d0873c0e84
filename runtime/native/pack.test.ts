import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { changes, type PackOptions, type PackSource, packStream, unpackStream } from './archive.ts';
import {
  copyTree,
  makeDirectoryInRoot,
  readFileInRoot,
  removeTree,
  statInRoot,
  treeSize,
  writeFileInRoot,
} from './filesystem.ts';
import { mountOverlay, unmount } from './mount.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'slipway-pack-'));
});
after(() => rmSync(directory, { recursive: true }));

const fresh = (): string => mkdtempSync(join(directory, 't-'));
const sh = (script: string, ...words: string[]): string =>
  execFileSync('sh', ['-ec', script, 'sh', ...words], { encoding: 'utf8' });

async function packBytes(source: PackSource, options: PackOptions = {}): Promise<Buffer> {
  const { stream, result } = packStream(source, options);
  const bytes = await buffer(stream);
  await result;
  return bytes;
}

const names = (tar: Buffer): string[] =>
  execFileSync('tar', ['-tf', '-'], { input: tar, encoding: 'utf8' }).trimEnd().split('\n');

/** A tree as a container image has them. */
function tree(): string {
  const root = fresh();
  sh(
    `cd "$1"; mkdir -p etc usr/bin var; echo root > etc/passwd; ln etc/passwd etc/passwd-; ln -s ../etc usr/etc
    echo x > usr/bin/su; chown 5:6 usr/bin/su; chmod 4755 usr/bin/su; setfattr -n user.a -v b usr/bin/su
    mknod var/null c 1 3; mkfifo var/fifo; touch "var/$(printf '%150s' x | tr ' ' y)"; find . -exec touch -hd @1000000000 {} +`,
    root,
  );
  return root;
}

const describe = (root: string): string =>
  sh(
    `cd "$1"; find . -mindepth 1 -printf '%P %y %m %U %G %T@ %l %n\\n' | sort; getfattr -Rd . ; find . -type f -exec sha256sum {} + | sort`,
    root,
  );

/** An overlay on `lower` while `change` (a shell script) works in it; the upper directory. */
async function overlay(lower: string[], change: string): Promise<string> {
  const base = fresh();
  const [upper, work, target] = [join(base, 'u'), join(base, 'w'), join(base, 't')];
  for (const path of [upper, work, target]) mkdirSync(path);
  await mountOverlay({ lower, upper, work, target });
  try {
    sh(`cd "$1"; ${change}`, target);
  } finally {
    await unmount(target);
  }
  return upper;
}

test('a tree packed and unpacked is the same, and packs to the same bytes again', async () => {
  const root = tree();
  const first = await packBytes({ kind: 'tree', root });
  assert.ok(first.equals(await packBytes({ kind: 'tree', root })));
  const [ours, theirs] = [fresh(), fresh()];
  const { stream } = packStream({ kind: 'tree', root });
  await unpackStream(stream, { target: ours });
  assert.equal(describe(ours), describe(root));
  execFileSync('tar', ['--xattrs', '--numeric-owner', '-C', theirs, '-xpf', '-'], { input: first });
  assert.equal(describe(theirs), describe(root));
});

test('compressed and hashed on the way, and times clamped', async () => {
  const root = tree();
  const { stream, result } = packStream({ kind: 'tree', root }, { compression: 'gzip', hash: true, clampTime: 500 });
  const bytes = await buffer(stream);
  const { diffId, digest, size, written } = await result;
  const tar = gunzipSync(bytes);
  const sha = (data: Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`;
  assert.deepEqual([diffId, digest, size, written], [sha(tar), sha(bytes), tar.length, bytes.length]);
  assert.match(
    execFileSync('tar', ['--utc', '--full-time', '-tvf', '-'], { input: tar, encoding: 'utf8' }),
    /1970-01-01 00:08:20/,
  );
});

test('an overlay layer becomes an OCI layer and back', async () => {
  const lower = tree();
  const upper = await overlay(
    [lower],
    'rm etc/passwd; rm -r usr/bin; mkdir usr/bin; echo 1 > usr/bin/new; echo 2 >> var/x',
  );
  const layer = await packBytes({ kind: 'overlay', upper });
  assert.deepEqual(names(layer), [
    'etc/',
    'etc/.wh.passwd',
    'usr/',
    'usr/bin/',
    'usr/bin/.wh..wh..opq',
    'usr/bin/new',
    'var/',
    'var/x',
  ]);
  const again = fresh();
  const { stream } = packStream({ kind: 'overlay', upper });
  await unpackStream(stream, { target: again, whiteouts: 'overlay' });
  assert.ok((await packBytes({ kind: 'overlay', upper: again })).equals(layer));
  assert.deepEqual(await changes({ kind: 'overlay', upper, lower: [lower] }), [
    { path: '/etc', kind: 'C' },
    { path: '/etc/passwd', kind: 'D' },
    { path: '/usr', kind: 'C' },
    { path: '/usr/bin', kind: 'C' },
    { path: '/usr/bin/new', kind: 'A' },
    { path: '/usr/bin/su', kind: 'D' },
    { path: '/var', kind: 'C' },
    { path: '/var/x', kind: 'A' },
  ]);
});

test('the difference of two plain trees, applied, makes one from the other', async () => {
  const lower = tree();
  const upper = fresh();
  await copyTree(lower, upper);
  assert.equal(describe(upper), describe(lower));
  assert.deepEqual(await changes({ kind: 'difference', lower, upper }), []);
  sh(
    'cd "$1"; rm -r etc; echo y > usr/bin/su; rm var/null; mkdir var/null; echo 1 > var/null/f; touch -h -d @5 usr/etc',
    upper,
  );
  assert.deepEqual(await changes({ kind: 'difference', lower, upper }), [
    { path: '/etc', kind: 'D' },
    { path: '/usr', kind: 'C' },
    { path: '/usr/bin', kind: 'C' },
    { path: '/usr/bin/su', kind: 'C' },
    { path: '/usr/etc', kind: 'C' },
    { path: '/var', kind: 'C' },
    { path: '/var/null', kind: 'C' },
    { path: '/var/null/f', kind: 'A' },
  ]);
  const { stream } = packStream({ kind: 'difference', lower, upper }, { nanoseconds: true });
  await unpackStream(stream, { target: lower, whiteouts: 'apply' });
  assert.deepEqual(await changes({ kind: 'difference', lower: upper, upper: lower }), []);
});

test('one path of a root, as docker cp takes it', async () => {
  const root = tree();
  symlinkSync('/etc/passwd', join(root, 'link'));
  symlinkSync('/etc', join(root, 'away'));
  const pathNames = async (path: string, more: { as?: string; follow?: boolean } = {}) =>
    names(await packBytes({ kind: 'path', root, path, ...more }));
  assert.deepEqual(await pathNames('/etc'), ['etc/', 'etc/passwd', 'etc/passwd-']);
  assert.deepEqual(await pathNames('etc/passwd', { as: 'renamed' }), ['renamed']);
  assert.deepEqual(await pathNames('/away/passwd'), ['passwd']);
  assert.deepEqual(await pathNames('/link'), ['link']);
  assert.equal(
    execFileSync('tar', ['-xOf', '-'], {
      input: await packBytes({ kind: 'path', root, path: '/link', follow: true }),
      encoding: 'utf8',
    }),
    'root\n',
  );
  assert.match(
    String(execFileSync('tar', ['-tvf', '-'], { input: await packBytes({ kind: 'path', root, path: '/link' }) })),
    /^l/,
  );
  await assert.rejects(packBytes({ kind: 'path', root, path: '/nosuch' }), { code: 'ENOENT' });
});

test('a link that leads out of the root leads nowhere', async () => {
  const base = fresh();
  writeFileSync(join(base, 'secret'), 'secret');
  const root = join(base, 'root');
  mkdirSync(root);
  symlinkSync('../secret', join(root, 'relative'));
  symlinkSync(join(base, 'secret'), join(root, 'absolute'));
  symlinkSync('/proc/self/root', join(root, 'magic'));
  for (const path of ['relative', 'absolute', '../secret', 'magic/etc/hostname']) {
    await assert.rejects(packBytes({ kind: 'path', root, path, follow: true }), { code: 'ENOENT' }, path);
    await assert.rejects(readFileInRoot(root, path), { code: 'ENOENT' }, path);
  }
  await writeFileInRoot(root, 'relative', Buffer.from('replaced'));
  assert.equal(readFileSync(join(base, 'secret'), 'utf8'), 'secret');
});

test('a container that swaps a link all the time never gets a file from outside packed', async () => {
  const base = fresh();
  mkdirSync(join(base, 'root/dir'), { recursive: true });
  writeFileSync(join(base, 'root/dir/f'), 'inside');
  mkdirSync(join(base, 'dir'));
  writeFileSync(join(base, 'dir/f'), 'outside');
  const swapper = execFileSync(
    'sh',
    [
      '-c',
      `cd "$1/root"; ln -s .. up; mv dir real; (while :; do ln -sfn real dir; ln -sfn "$1/dir" dir; ln -sfn ../dir dir; done) >/dev/null 2>&1 & echo $!`,
      'sh',
      base,
    ],
    { encoding: 'utf8' },
  ).trim();
  try {
    for (let round = 0; round < 300; round++) {
      const tar = await packBytes({ kind: 'path', root: join(base, 'root'), path: '/dir/f' }).catch(() =>
        Buffer.alloc(0),
      );
      assert.ok(!tar.includes('outside'), `round ${round}`);
    }
  } finally {
    process.kill(Number(swapper));
  }
});

test('files inside a root: status, directories, reading with a limit', async () => {
  const root = tree();
  symlinkSync('/usr/bin', join(root, 'bin'));
  const file = await statInRoot(root, '/bin/su');
  assert.deepEqual([file.kind, file.mode, file.uid, file.resolved], ['file', 0o4755, 5, '/usr/bin/su']);
  const link = await statInRoot(root, '/bin');
  assert.deepEqual([link.kind, link.linkTarget, link.name], ['symlink', '/usr/bin', 'bin']);
  assert.equal((await statInRoot(root, '/bin', true)).resolved, '/usr/bin');
  assert.equal((await statInRoot(root, '/')).kind, 'directory');
  assert.equal((await readFileInRoot(root, '/etc/passwd')).toString(), 'root\n');
  await assert.rejects(readFileInRoot(root, '/etc/passwd', 2), { code: 'EFBIG' });
  await assert.rejects(readFileInRoot(root, '/var/fifo'), /no regular file/);
  assert.deepEqual(await makeDirectoryInRoot(root, '/bin/a/b', { mode: 0o700, uid: 9 }), ['/bin/a', '/bin/a/b']);
  assert.deepEqual(
    [statSync(join(root, 'usr/bin/a/b')).uid, statSync(join(root, 'usr/bin/a/b')).mode & 0o777],
    [9, 0o700],
  );
  await writeFileInRoot(root, '/new/dir/file', Buffer.from('content'), { mode: 0o600, uid: 8, gid: 7 });
  const written = statSync(join(root, 'new/dir/file'));
  assert.deepEqual([written.mode & 0o777, written.uid, written.gid, written.size], [0o600, 8, 7, 7]);
});

test('sizes of trees, and their removal', async () => {
  const root = tree();
  const size = await treeSize(root);
  assert.equal(size.bytes, 5 + 2);
  assert.ok(size.entries > 8 && size.blocks > 0);
  sh('cd "$1"; mkdir -p deep/$(yes d/ | head -1500 | tr -d "\\n"); chmod 0 etc', root);
  await removeTree(root);
  await removeTree(root);
  assert.ok(!readdirSync(directory).some((name) => root.endsWith(name)));
});

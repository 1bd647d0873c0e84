import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type UnpackOptions, type UnpackResult, unpackStream } from './archive.ts';
import { NativeError } from './native.ts';
import { makeTar, paxRecord, type TarEntry } from './tar_maker.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'slipway-unpack-'));
});
after(() => rmSync(directory, { recursive: true }));

const fresh = (): string => mkdtempSync(join(directory, 't-'));
const sh = (script: string, ...words: string[]): string =>
  execFileSync('sh', ['-ec', script, 'sh', ...words], { encoding: 'utf8' });

async function unpackBytes(bytes: Buffer, options: Partial<UnpackOptions> = {}): Promise<[string, UnpackResult]> {
  const target = options.target ?? fresh();
  return [target, await unpackStream(Readable.from([bytes]), { target, ...options })];
}

const unpackEntries = async (entries: TarEntry[], options: Partial<UnpackOptions> = {}): Promise<string> =>
  (await unpackBytes(makeTar(entries), options))[0];

/** Everything that can be seen of a tree: names, types, modes, owners, times, links, attributes, content. */
function describe(root: string): string {
  return sh(
    `cd "$1"
    find . -printf '%P %y %m %U %G %s %T@ %l %n\\n' | sed 's/ d \\([0-9]*\\) \\([0-9]*\\) \\([0-9]*\\) [0-9]*/ d \\1 \\2 \\3/' | sort
    getfattr -Rhd -m - . 2>/dev/null | sort
    getfacl -Rn . 2>/dev/null
    find . -type f -exec sha256sum {} + | sort`,
    root,
  );
}

const overlayOpaque = (path: string): string => sh('getfattr -n trusted.overlay.opaque --only-values "$1"', path);

test('what GNU tar and bsdtar-like writers pack arrives as it was, in every format', async () => {
  const source = fresh();
  sh(
    `cd "$1"
    mkdir -p usr/bin etc 'odd names' locked
    echo hello > etc/motd; ln etc/motd etc/motd2; ln -s ../etc/motd usr/link; ln -s /etc/motd usr/absolute
    cp /bin/true usr/bin/su; chown 3:4 usr/bin/su; chmod 6755 usr/bin/su
    setcap cap_net_raw+ep usr/bin/su 2>/dev/null || setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 usr/bin/su
    mkfifo etc/fifo; mknod etc/null c 1 3; mknod etc/loop b 7 0
    printf 'ü' > "odd names/$(printf '%120s' x | tr ' ' y)"
    mkdir -p "$(printf '%60s/%60s/%60s' a b c | tr ' ' d)"
    setfattr -n user.note -v "two
lines" etc/motd
    setfacl -m u:1234:rw,g:77:r etc/motd; setfacl -d -m u:5:rx locked
    truncate -s 10M etc/sparse; printf data | dd of=etc/sparse bs=1 seek=5000000 conv=notrunc 2>/dev/null
    chown -h 70000:3000000 usr/link; chmod 1777 etc; chmod 0555 locked
    touch -d '1969-12-31 23:59:58.5 UTC' etc/null; touch -d '2020-01-02 03:04:05.678901234' etc/motd usr`,
    source,
  );
  const writers = [
    'tar --format=pax --xattrs --xattrs-include=* --acls -C "$1" -cf - .',
    'tar --format=pax --sparse --sparse-version=0.0 --xattrs --xattrs-include=* --acls -C "$1" -cf - .',
    'tar --format=pax --sparse --sparse-version=0.1 --xattrs --xattrs-include=* --acls -C "$1" -cf - .',
    'tar --format=pax --sparse --sparse-version=1.0 --xattrs --xattrs-include=* --acls -C "$1" -cf - .',
  ];
  const expected = describe(source);
  for (const writer of writers) {
    const archive = execFileSync('sh', ['-c', writer, 'sh', source], { maxBuffer: 1 << 26 });
    const [target] = await unpackBytes(archive, { xattrs: 'keep' });
    assert.equal(describe(target), expected, writer);
    if (writer.includes('--sparse')) assert.ok(statSync(join(target, 'etc/sparse')).blocks < 100, 'holes stay holes');
  }
  // GNU's own format has neither attributes nor fractions of seconds: compared with GNU tar's own reading.
  const gnu = execFileSync('sh', ['-c', 'tar --format=gnu --sparse -C "$1" -cf - .', 'sh', source], {
    maxBuffer: 1 << 26,
  });
  const [ours] = await unpackBytes(gnu);
  const theirs = fresh();
  execFileSync('tar', ['--numeric-owner', '-C', theirs, '-xpf', '-'], { input: gnu });
  assert.equal(describe(ours), describe(theirs));
});

test('what others than GNU write: star ACLs, libarchive attributes, v7 headers, records that override', async () => {
  const target = await unpackEntries([
    { name: 'v7dir/', type: '\0', magic: '\0\0\0\0\0\0\0\0', mode: 0o755 },
    { name: 'v7dir/file', type: '\0', magic: '\0\0\0\0\0\0\0\0', data: 'x' },
    {
      name: 'short',
      data: 'y',
      pax: {
        path: 'long/name',
        uid: '12',
        gid: '4294967294',
        mtime: '-1.25',
        'LIBARCHIVE.xattr.user.with%20blank': Buffer.from('value').toString('base64').replace(/=+$/, ''),
        'SCHILY.acl.access': 'user::rw-,user:lisa:r--:1000,group::r--,mask::r--,other::---',
        'trusted.overlay.redirect': 'ignored: no attribute at all',
        'SCHILY.xattr.trusted.overlay.redirect': '/etc',
        'SCHILY.xattr.user.overlay.opaque': 'y',
      },
    },
  ]);
  assert.ok(statSync(join(target, 'v7dir')).isDirectory());
  const path = join(target, 'long/name');
  const { uid, gid, mtimeMs } = statSync(path);
  assert.deepEqual([uid, gid, mtimeMs], [12, 4294967294, -1250]);
  const attributes = sh('getfattr -d -m - "$1" 2>/dev/null; getfacl -n "$1" 2>/dev/null', path);
  assert.match(attributes, /user\.with blank="value"|user\.with\\040blank="value"/);
  assert.match(attributes, /user:1000:r--/);
  assert.doesNotMatch(attributes, /overlay/);
});

test('the archive can be compressed, hashed and watched while it comes', async () => {
  const tar = makeTar([
    { name: 'a', data: 'x'.repeat(100_000) },
    { name: 'b/', type: '5' },
  ]);
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  const split = Math.floor(tar.length / 2);
  const streams: [string, Buffer][] = [
    ['gzip', gzipSync(tar)],
    ['gzip of two members', Buffer.concat([gzipSync(tar.subarray(0, split)), gzipSync(tar.subarray(split))])],
    ['zstd', zstdCompressSync(tar)],
    [
      'zstd of two frames',
      Buffer.concat([zstdCompressSync(tar.subarray(0, split)), zstdCompressSync(tar.subarray(split))]),
    ],
    ['none', tar],
  ];
  for (const [name, bytes] of streams) {
    const [target, result] = await unpackBytes(bytes, { compression: 'auto', hash: true, sync: true });
    assert.equal(result.diffId, diffId, name);
    assert.equal(result.digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`, name);
    assert.deepEqual([result.entries, result.bytes, result.size, result.read], [2, 100_000, tar.length, bytes.length]);
    assert.equal(statSync(join(target, 'a')).size, 100_000);
  }
  for (const [name, bytes] of streams.slice(0, 4)) {
    await assert.rejects(unpackBytes(bytes.subarray(0, bytes.length - 20), { compression: 'auto' }), /truncated/, name);
  }
});

test('whiteouts in overlay form, wherever they stand in the archive', async () => {
  const lower = fresh();
  mkdirSync(join(lower, 'implied'), { mode: 0o700 });
  sh('chown 7:8 "$1"; setfattr -n user.from -v lower "$1"; touch -d @1000 "$1"', join(lower, 'implied'));
  const target = await unpackEntries(
    [
      { name: 'd/', type: '5', mode: 0o755 },
      { name: 'd/.wh..wh..opq' },
      { name: 'd/kept', data: '1' },
      { name: '.wh.gone' },
      { name: '.wh.replaced' },
      { name: 'replaced/', type: '5', mode: 0o750 },
      { name: '.wh.implied-over-whiteout' },
      { name: 'implied-over-whiteout/file', data: '2' },
      { name: 'both', data: '3' },
      { name: '.wh.both' },
      { name: '.wh..wh.plnk/', type: '5' },
      { name: 'implied/file', data: '4' },
    ],
    { whiteouts: 'overlay', lower: [lower] },
  );
  const gone = lstatSync(join(target, 'gone'));
  assert.ok(gone.isCharacterDevice() && gone.rdev === 0);
  for (const opaque of ['d', 'replaced', 'implied-over-whiteout'])
    assert.equal(overlayOpaque(join(target, opaque)), 'y');
  assert.equal(readFileSync(join(target, 'both'), 'utf8'), '3');
  assert.ok(!existsSync(join(target, '.wh..wh.plnk')));
  const implied = statSync(join(target, 'implied'));
  assert.deepEqual([implied.uid, implied.gid, implied.mode & 0o7777, implied.mtimeMs], [7, 8, 0o700, 1_000_000]);
  assert.match(sh('getfattr -d "$1" 2>/dev/null', join(target, 'implied')), /user.from="lower"/);

  const rootless = await unpackEntries([{ name: 'd/', type: '5' }, { name: 'd/.wh..wh..opq' }], {
    whiteouts: 'overlay',
    userXattr: true,
  });
  assert.equal(sh('getfattr -n user.overlay.opaque --only-values "$1"', join(rootless, 'd')), 'y');
});

test('whiteouts applied to a plain tree spare what their own layer brings', async () => {
  const target = fresh();
  sh('cd "$1"; mkdir -p d/old gone/deep keep; touch d/x d/old/y gone/deep/z keep/k', target);
  await unpackEntries(
    [
      { name: 'd/new', data: '1' },
      { name: 'd/old/also', data: '2' },
      { name: 'd/.wh..wh..opq' },
      { name: '.wh.gone' },
      { name: 'nowhere/.wh.x' },
      { name: 'keep/.wh.k' },
    ],
    { target, whiteouts: 'apply' },
  );
  assert.deepEqual(readdirSync(target, { recursive: true }).sort(), ['d', 'd/new', 'd/old', 'd/old/also', 'keep']);
});

test('what stands in the way is replaced as by Docker, or refused', async () => {
  const target = fresh();
  sh('cd "$1"; mkdir -p dir/sub real; touch file; ln -s real link; touch dir/sub/f', target);
  const entries: TarEntry[] = [
    { name: 'dir', data: 'now a file' },
    { name: 'file/', type: '5', mode: 0o755 },
    { name: 'file/in', data: '1' },
    { name: 'link/', type: '5', mode: 0o755 },
    { name: 'link/in', data: '2' },
  ];
  await assert.rejects(unpackEntries(entries, { target, refuseTypeChange: true }), { code: 'EISDIR' });
  await unpackEntries(entries, { target });
  assert.equal(readFileSync(join(target, 'dir'), 'utf8'), 'now a file');
  assert.ok(lstatSync(join(target, 'link')).isDirectory());
  assert.deepEqual(readdirSync(join(target, 'real')), []);
});

// A tree with a secret beside the target, which no archive may reach.
function trap(): { target: string; outside: string; secret: string } {
  const base = fresh();
  const [target, outside] = [join(base, 'target'), join(base, 'outside')];
  mkdirSync(target);
  mkdirSync(outside);
  const secret = join(outside, 'secret');
  writeFileSync(secret, 'secret');
  return { target, outside, secret };
}

test('no archive leaves its directory', async () => {
  const attacks: [string, (outside: string) => TarEntry[]][] = [
    ['a name with ..', () => [{ name: '../outside/secret', data: 'overwritten' }]],
    ['a name with .. behind a directory', () => [{ name: 'a/../../outside/secret', data: 'overwritten' }]],
    ['an absolute name', (outside) => [{ name: `${outside}/secret`, data: 'overwritten' }]],
    ['a long absolute name', (outside) => [{ name: 'x', pax: { path: `${outside}/secret` }, data: 'overwritten' }]],
    [
      'through an absolute symlink',
      (outside) => [
        { name: 'l', type: '2', link: outside },
        { name: 'l/secret', data: 'overwritten' },
      ],
    ],
    [
      'through a relative symlink',
      () => [
        { name: 'l', type: '2', link: '../outside' },
        { name: 'l/secret', data: 'overwritten' },
      ],
    ],
    [
      'through symlinks upon symlinks',
      () => [
        { name: 'a', type: '2', link: '.' },
        { name: 'a/b', type: '2', link: '..' },
        { name: 'a/b/outside/secret', data: 'overwritten' },
      ],
    ],
    [
      'onto a symlink',
      (outside) => [
        { name: 'l', type: '2', link: `${outside}/secret` },
        { name: 'l', data: 'overwritten' },
      ],
    ],
    [
      'a hard link to outside, then written',
      (outside) => [
        { name: 'h', type: '1', link: `${outside}/secret` },
        { name: 'h', data: 'overwritten' },
      ],
    ],
    ['a hard link with ..', () => [{ name: 'h', type: '1', link: '../outside/secret' }]],
    [
      'a hard link through a symlink',
      () => [
        { name: 'l', type: '2', link: '../outside' },
        { name: 'h', type: '1', link: 'l/secret' },
      ],
    ],
    ['a whiteout with ..', () => [{ name: '../outside/.wh.secret' }]],
    ['a whiteout of ..', () => [{ name: '.wh...' }]],
    ['a whiteout through a symlink', () => [{ name: 'l', type: '2', link: '../outside' }, { name: 'l/.wh.secret' }]],
    ['opaque through a symlink', () => [{ name: 'l', type: '2', link: '../outside' }, { name: 'l/.wh..wh..opq' }]],
    [
      'mode of a symlink',
      (outside) => [
        { name: 'l', type: '2', link: outside, mode: 0o777 },
        { name: 'l/', type: '5', mode: 0o000 },
      ],
    ],
    ['a directory named ..', () => [{ name: '..', type: '5', mode: 0o000, uid: 5 }]],
  ];
  for (const whiteouts of ['overlay', 'apply', 'keep'] as const) {
    for (const [name, entries] of attacks) {
      const { target, outside, secret } = trap();
      const before = [statSync(outside).mode, statSync(join(target, '..')).mode];
      await unpackEntries(entries(outside), { target, whiteouts }).catch((error: unknown) => {
        assert.ok(error instanceof NativeError, `${name}: ${String(error)}`);
      });
      assert.equal(readFileSync(secret, 'utf8'), 'secret', name);
      assert.equal(statSync(secret).nlink, 1, name);
      assert.deepEqual(readdirSync(outside), ['secret'], name);
      assert.deepEqual([statSync(outside).mode, statSync(join(target, '..')).mode], before, name);
    }
  }
});

test('links that are in the target already are followed inside it only', async () => {
  const { target, outside } = trap();
  symlinkSync(outside, join(target, 'out'));
  symlinkSync('/in', join(target, 'absolute'));
  mkdirSync(join(target, 'in'));
  await assert.rejects(unpackEntries([{ name: 'out/x', data: '1' }], { target }), /cannot unpack 'out\/x'/);
  await unpackEntries([{ name: 'absolute/x', data: '1' }], { target });
  assert.deepEqual(readdirSync(join(target, 'in')), ['x']);
  assert.deepEqual(readdirSync(outside), ['secret']);
});

test('a link to its own name is one to the tree that is named for that, and never leaves it', async () => {
  const { target, outside } = trap();
  const linkFrom = fresh();
  mkdirSync(join(linkFrom, 'd'));
  writeFileSync(join(linkFrom, 'd/kept'), 'as it was');
  symlinkSync(outside, join(linkFrom, 'out'));
  const link = (name: string): TarEntry => ({ name, type: '1', link: name });
  await unpackEntries([link('d/kept'), { name: 'd/new', data: '1' }], { target, linkFrom });
  assert.equal(lstatSync(join(target, 'd/kept')).ino, lstatSync(join(linkFrom, 'd/kept')).ino);
  for (const name of ['d/absent', 'out/secret', 'absent/x'])
    await assert.rejects(unpackEntries([link(name)], { target: fresh(), linkFrom }), /hard link to/, name);
  await assert.rejects(unpackEntries([link('d/kept')]), /it is its own target/);
});

test('device nodes are made, refused or left out', async () => {
  const entries: TarEntry[] = [
    { name: 'null', type: '3', device: [1, 3], mode: 0o666 },
    { name: 'pipe', type: '6' },
  ];
  const made = await unpackEntries(entries);
  assert.ok(lstatSync(join(made, 'null')).isCharacterDevice() && lstatSync(join(made, 'pipe')).isFIFO());
  await assert.rejects(
    unpackEntries(entries, { devices: 'refuse' }),
    /cannot unpack 'null' \(at offset 0\).*none is allowed/,
  );
  assert.deepEqual(readdirSync(await unpackEntries(entries, { devices: 'skip' })), ['pipe']);
});

test('broken and greedy archives end with what is wrong and where', async () => {
  const good = makeTar([{ name: 'file', data: 'x'.repeat(2000) }]);
  const refuse = (bytes: Buffer, message: RegExp, options: Partial<UnpackOptions> = {}) =>
    assert.rejects(unpackBytes(bytes, options), message);
  await refuse(good.subarray(0, 100), /truncated archive.*inside a header/);
  await refuse(good.subarray(0, 1000), /entry 'file' at offset 0: truncated archive.*1512 bytes early/);
  await refuse(Buffer.concat([Buffer.from('x'), good.subarray(1)]), /checksum is wrong/);
  await refuse(Buffer.alloc(2000, 'not a tar'), /not a tar archive/);
  await refuse(makeTar([{ name: 'f', size: '-0000000001\0' }]), /checksum|size is no valid number/);
  await refuse(makeTar([{ name: 'f', size: `\x80${'\0'.repeat(3)}\xff${'\0'.repeat(7)}` }]), /no valid number/);
  await refuse(makeTar([{ name: 'f', pax: { uid: '4294967295' } }]), /user id is no valid number/);
  await refuse(makeTar([{ name: 'f', pax: { uid: '4294967296' } }]), /user id/);
  await refuse(makeTar([{ name: 'f', pax: { size: '9999999999999999999999' } }]), /size has no valid value/);
  await refuse(makeTar([{ name: 'x', type: 'x', data: '99 path=a\n' }, { name: 'f' }]), /record's length is wrong/);
  await refuse(makeTar([{ name: 'x', type: 'x', size: 1 << 30 }]), /larger than 1048576 bytes/);
  await refuse(makeTar([{ name: 'x', type: 'L', size: 1 << 30 }]), /larger than 1048576 bytes/);
  await refuse(makeTar([{ name: 'f', type: 'M' }]), /type 'M'/);
  await refuse(makeTar([{ name: 'n'.repeat(10), pax: { path: 'a/'.repeat(20) + 'b'.repeat(300) } }]), /too long/);
  await refuse(good, /more than 1000 bytes/, { limits: { bytes: 1000 } });
  await refuse(makeTar([{ name: 'a' }, { name: 'b' }]), /more than 1 entries/, { limits: { entries: 1 } });
  const sparse = { 'GNU.sparse.major': '0', 'GNU.sparse.minor': '1', 'GNU.sparse.size': '100' };
  const overlapping = { ...sparse, 'GNU.sparse.map': '0,50,40,50' };
  await refuse(makeTar([{ name: 's', data: 'x'.repeat(100), pax: overlapping }]), /overlap/);
  await refuse(makeTar([{ name: 's', data: 'x', pax: { ...sparse, 'GNU.sparse.map': '0,50' } }]), /does not agree/);
  // Many extension headers before one entry can't add up either.
  const record = Array.from({ length: 5 }, () => ({
    name: 'x',
    type: 'x',
    data: paxRecord('comment', 'c'.repeat(400_000)),
  }));
  await refuse(makeTar([...record, { name: 'f' }]), /larger than/);
});

test('without rights to give files away, owners are kept, tried or ignored', async () => {
  const entries: TarEntry[] = [
    { name: 'f', uid: 4000, gid: 5000, data: 'x' },
    { name: 'd/', type: '5', uid: 3 },
  ];
  const chosen = await unpackEntries(entries, { owner: { uid: 11, gid: 12 } });
  assert.deepEqual([statSync(join(chosen, 'f')).uid, statSync(join(chosen, 'd')).gid], [11, 12]);
  assert.equal(statSync(join(await unpackEntries(entries, { ownership: 'ignore' }), 'f')).uid, 0);
  // In a user namespace with one id: the same calls from a program of their own.
  const target = fresh();
  const program = `
    const { unpackStream } = await import(${JSON.stringify(join(import.meta.dirname, 'archive.ts'))});
    const { Readable } = await import('node:stream');
    const tar = Buffer.from(process.argv[1], 'base64');
    for (const ownership of ['try', 'keep']) {
      await unpackStream(Readable.from([tar]), { target: ${JSON.stringify(target)}, ownership })
        .then(() => console.log(ownership, 'done'), (error) => console.log(ownership, error.code));
    }`;
  const output = execFileSync(
    'unshare',
    ['-Ur', process.execPath, '--input-type=module', '-e', program, makeTar(entries).toString('base64')],
    { encoding: 'utf8' },
  );
  assert.equal(output, 'try done\nkeep EINVAL\n');
});

test('a call is cancelled while it waits, and a stream that fails ends it', async () => {
  const never = new Readable({ read() {} });
  never.push(makeTar([{ name: 'f', data: 'x'.repeat(5000) }]).subarray(0, 1024));
  const aborter = new AbortController();
  const waiting = unpackStream(never, { target: fresh(), signal: aborter.signal });
  setImmediate(() => aborter.abort());
  await assert.rejects(waiting, { code: 'ABORT_ERR' });
  never.destroy();

  const failing = Readable.from(
    (async function* () {
      yield Buffer.alloc(512);
      throw new Error('connection lost');
    })(),
  );
  await assert.rejects(unpackStream(failing, { target: fresh() }), /connection lost/);
});

test('symbolic links keep what is written in them', async () => {
  const target = await unpackEntries([
    { name: 'a', type: '2', link: '../../etc/passwd', uid: 5 },
    { name: 'b', type: '2', link: '/proc/self/root' },
  ]);
  assert.equal(readlinkSync(join(target, 'a')), '../../etc/passwd');
  assert.equal(lstatSync(join(target, 'a')).uid, 5);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { listMounts, mount, mountOverlay, unmount, unmountAll } from './mount.ts';
import { createNetworkNamespace, removeNamespace } from './namespaces.ts';
import { NativeError } from './native.ts';

let directory = '';
let count = 0;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'slipway-mount-'));
});
after(async () => {
  for (const { target } of (await listMounts()).reverse()) {
    if (target.startsWith(directory)) await unmount(target, { detach: true });
  }
  rmSync(directory, { recursive: true });
});

/** Layers, topmost first, each with a file of its own and a `top` that says whose it is. */
function layers(number: number, base = directory): string[] {
  const root = mkdtempSync(join(base, 'layers-'));
  return Array.from({ length: number }, (_, index) => {
    const layer = join(root, String(index));
    mkdirSync(layer);
    writeFileSync(join(layer, `file-${index}`), String(index));
    writeFileSync(join(layer, 'top'), String(index));
    return layer;
  });
}

function fresh(name: string): string {
  const path = join(directory, `${name}-${count++}`);
  mkdirSync(path);
  return path;
}

test('an overlay shows the topmost file, and changes go to the upper directory', async () => {
  const lower = layers(3);
  const [upper, work, target] = [fresh('upper'), fresh('work'), fresh('target')];
  await mountOverlay({ lower, upper, work, target, options: ['nosuid'] });
  assert.equal(readFileSync(join(target, 'top'), 'utf8'), '0');
  assert.equal(readFileSync(join(target, 'file-2'), 'utf8'), '2');
  writeFileSync(join(target, 'new'), 'x');
  rmSync(join(target, 'file-2'));
  assert.deepEqual(readdirSync(upper).sort(), ['file-2', 'new']);
  assert.ok(statSync(join(upper, 'file-2')).isCharacterDevice());
  const found = (await listMounts()).find((candidate) => candidate.target === target);
  assert.equal(found?.type, 'overlay');
  assert.match(found?.options ?? '', /nosuid/);
  assert.equal(await unmount(target), true);
  assert.equal(await unmount(target), false);
});

test('more than 128 layers with paths longer than fsconfig takes', async () => {
  const long = join(directory, 'l'.repeat(200), 'm'.repeat(200));
  mkdirSync(long, { recursive: true });
  const lower = layers(300, long);
  const target = fresh('target');
  await mountOverlay({ lower, target });
  assert.equal(readdirSync(target).length, 301);
  assert.equal(readFileSync(join(target, 'file-299'), 'utf8'), '299');
  assert.throws(() => writeFileSync(join(target, 'x'), ''), { code: 'EROFS' });
  await unmount(target);
});

test('refused: no layer, too many layers, a missing one', async () => {
  const target = fresh('target');
  await assert.rejects(mountOverlay({ lower: [], target }), /needs at least one layer/);
  await assert.rejects(mountOverlay({ lower: Array(501).fill(directory), target }), /501 layers are more than the 500/);
  await assert.rejects(mountOverlay({ lower: ['/nowhere/at/all'], target }), (error: NativeError) => {
    assert.ok(error instanceof NativeError);
    assert.match(error.message, /nowhere/);
    return true;
  });
  assert.equal(await unmount(target), false);
});

test('mounting in another mount namespace leaves this one alone', async () => {
  const holder = execFileSync('sh', ['-c', 'unshare -m --propagation private sleep 60 >/dev/null 2>&1 & echo $!'], {
    encoding: 'utf8',
  }).trim();
  try {
    while (readFileSync(`/proc/${holder}/comm`, 'utf8') !== 'sleep\n') await new Promise(setImmediate);
    const namespace = openSync(`/proc/${holder}/ns/mnt`, 'r');
    const target = fresh('target');
    await mountOverlay({ lower: layers(2), target, namespace });
    assert.deepEqual(readdirSync(target), []);
    assert.ok(readFileSync(`/proc/${holder}/mountinfo`, 'utf8').includes(target));
    assert.equal(await unmount(target, { namespace }), true);
    closeSync(namespace);
  } finally {
    process.kill(Number(holder));
  }
});

test('bind read-only, and a tmpfs with its options', async () => {
  const [from, bound, memory] = [fresh('from'), fresh('bound'), fresh('memory')];
  writeFileSync(join(from, 'a'), '1');
  await mount({ type: 'bind', source: from, target: bound, options: ['ro'] });
  assert.throws(() => writeFileSync(join(bound, 'b'), ''), { code: 'EROFS' });
  writeFileSync(join(from, 'b'), '');
  assert.deepEqual(readdirSync(bound), ['a', 'b']);
  await mount({ type: 'tmpfs', source: 'tmpfs', target: memory, options: ['size=1m', 'mode=1777', 'noexec'] });
  assert.equal(statSync(memory).mode & 0o7777, 0o1777);
  assert.match(execFileSync('findmnt', ['-no', 'OPTIONS', memory], { encoding: 'utf8' }), /noexec.*size=1024k/);
  await assert.rejects(mount({ type: 'nosuchfs', source: 'x', target: memory }), /no such file system/);
  await unmount(memory);
  await unmount(bound);
});

test('a network namespace stays at its path until it is removed', async () => {
  const path = join(directory, 'netns');
  await createNetworkNamespace(path);
  const links = execFileSync('nsenter', [`--net=${path}`, 'ip', '-br', 'link'], { encoding: 'utf8' });
  assert.match(links, /^lo\s+UNKNOWN/);
  await assert.rejects(createNetworkNamespace(path), { code: 'EEXIST' });
  assert.equal(await removeNamespace(path), true);
  assert.equal(await removeNamespace(path), false);
});

test('all that is mounted at a directory is out of sight before the kernel has let go of it', async () => {
  const target = fresh('stack');
  for (const size of ['size=1m', 'size=2m']) await mount({ type: 'tmpfs', source: 't', target, options: [size] });
  const { settled } = await unmountAll(target);
  assert.equal(await unmount(target), false);
  await settled;
  await (await unmountAll(join(directory, 'nowhere'))).settled;
});

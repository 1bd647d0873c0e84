// Every option that `features` lists, on a mount: what mountinfo shows of it inside.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle, program, seen } from './bundle.ts';

interface Shown {
  mount: string; // its attributes and propagation: "rw,nosuid shared:3"
  superblock: string;
}

// On a tmpfs: options, and what they show. A word for each opposite that goes before, so that there is something to undo.
const onTmpfs: [string[], RegExp][] = [
  [['ro'], /^ro,/],
  [['ro', 'rw'], /^rw,/],
  [['nosuid'], /nosuid/],
  [['nosuid', 'suid'], /^(?!.*nosuid)/],
  [['nodev'], /nodev/],
  [['nodev', 'dev'], /^(?!.*nodev)/],
  [['noexec'], /noexec/],
  [['noexec', 'exec'], /^(?!.*noexec)/],
  [['nodiratime'], /nodiratime/],
  [['nodiratime', 'diratime'], /^(?!.*nodiratime)/],
  [['noatime'], /noatime/],
  [['noatime', 'atime'], /relatime/],
  [['relatime'], /relatime/],
  [['norelatime'], /^(?!.*(relatime|noatime))/],
  [['strictatime'], /^(?!.*(relatime|noatime))/],
  [['strictatime', 'nostrictatime'], /relatime/],
  [['nosymfollow'], /nosymfollow/],
  [['nosymfollow', 'symfollow'], /^(?!.*nosymfollow)/],
  [['shared'], /shared:/],
  [['rshared'], /shared:/],
  [['shared', 'private'], /^(?!.*shared)/],
  [['shared', 'rprivate'], /^(?!.*shared)/],
  [['slave'], /^(?!.*shared)/],
  [['rslave'], /^(?!.*shared)/],
  [['unbindable'], /unbindable/],
  [['runbindable'], /unbindable/],
  [['sync'], /sync/],
  [['dirsync'], /dirsync/],
  [['mand'], /^r/], // since 5.15 the kernel takes it and does nothing
  [['lazytime'], /lazytime/],
  [['silent'], /^r/],
  ...['defaults', 'async', 'nomand', 'noiversion', 'nolazytime', 'loud'].map((name): [string[], RegExp] => [
    [name],
    /^rw/,
  ]),
];

// On a recursive bind mount with a tmpfs below it: what the lower one shows. The host's has the opposite.
const below: [string, string, RegExp][] = [
  ['rro', 'rw', /^ro,/],
  ['rrw', 'ro', /^rw,/],
  ['rnosuid', 'suid', /nosuid/],
  ['rsuid', 'nosuid', /^(?!.*nosuid)/],
  ['rnodev', 'dev', /nodev/],
  ['rdev', 'nodev', /^(?!.*nodev)/],
  ['rnoexec', 'exec', /noexec/],
  ['rexec', 'noexec', /^(?!.*noexec)/],
  ['rnodiratime', 'diratime', /nodiratime/],
  ['rdiratime', 'nodiratime', /^(?!.*nodiratime)/],
  ['rnoatime', 'relatime', /noatime/],
  ['ratime', 'noatime', /relatime/],
  ['rrelatime', 'noatime', /relatime/],
  ['rnorelatime', 'relatime', /^(?!.*(relatime|noatime))/],
  ['rstrictatime', 'relatime', /^(?!.*(relatime|noatime))/],
  ['rnostrictatime', 'strictatime', /relatime/],
  ['rnosymfollow', 'rw', /nosymfollow/],
  ['rsymfollow', 'rw', /^(?!.*nosymfollow)/],
];

// Options that other tests observe, and those that a tmpfs does not take.
const elsewhere: Record<string, string> = {
  bind: 'rootfs.test.ts: a file is bound onto a file',
  rbind: 'rootfs.test.ts: a bind mount shows the host’s directory',
  idmap: 'rootfs.test.ts: idmap shows the files with other owners',
  ridmap: 'rootfs.test.ts: ridmap maps the mounts below, too',
  tmpcopyup: 'rootfs.test.ts: tmpcopyup keeps what the image has there',
  remount: 'below: remount changes the attributes of a mount before it',
  iversion: 'a tmpfs has no versions of inodes to switch on',
};

function shown(line: string): Shown {
  const words = line.split(' ');
  const dash = words.indexOf('-');
  return { mount: [words[5], ...words.slice(6, dash)].join(' '), superblock: words.at(-1) ?? '' };
}
const lineOf = (path: string) => `grep " ${path} " /proc/self/mountinfo | tail -1`;

for (const [options, wanted] of onTmpfs)
  test(`a tmpfs with ${options.join(', ')}`, () => {
    const line = seen(lineOf('/mnt'), (config) => {
      config.mounts.push({ destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options });
    });
    const { mount, superblock } = shown(line);
    assert.match(`${mount} ${superblock}`, wanted);
  });

test('the recursive options reach the mounts below', () => {
  for (const [option, opposite, wanted] of below) {
    using bundle = new Bundle(lineOf('/data/below'), (config) => {
      config.mounts.push({ destination: '/data', source: '../data', options: ['rbind', option] });
    });
    const place = join(bundle.directory, 'data/below');
    mkdirSync(place, { recursive: true });
    spawnSync('mount', ['-t', 'tmpfs', '-o', opposite, 'tmpfs', place]);
    try {
      const { stdout, stderr } = bundle.run();
      assert.equal(stderr, '', option);
      assert.match(shown(stdout.trimEnd()).mount, wanted, option);
    } finally {
      spawnSync('umount', [place]);
    }
  }
});

test('remount changes the attributes of a mount before it', () => {
  const line = seen(lineOf('/mnt'), (config) => {
    config.mounts.push(
      { destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['nosuid'] },
      { destination: '/mnt', type: 'tmpfs', source: 'tmpfs', options: ['remount', 'ro', 'nodev'] },
    );
  });
  assert.match(shown(line).mount, /^ro,nosuid,nodev/);
});

test('no option is claimed that nothing here observes', () => {
  const { mountOptions } = JSON.parse(spawnSync(program, ['features'], { encoding: 'utf8' }).stdout);
  const observed = new Set([
    ...onTmpfs.map(([options]) => options.at(-1)),
    ...below.map(([option]) => option),
    ...Object.keys(elsewhere),
  ]);
  assert.deepEqual(
    mountOptions.filter((name: string) => !observed.has(name)),
    [],
  );
});

// Images and volumes that lead a mount, or a file made for one, out of the container or away from where it belongs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type OciConfig, ociConfig } from '../support/oci_bundle.ts';
import { OciRuntime } from '../support/oci_runtime.ts';

describe('hostile mount destinations', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  let runtime: OciRuntime;
  let host = '';
  before(() => {
    runtime = new OciRuntime();
  });
  after(() => runtime[Symbol.dispose]());

  // A bundle whose root file system `spoil` may make hostile, and a fresh directory that stands for the host's files.
  function hostile(config: OciConfig, spoil: (rootfs: string) => void): { id: string; bundle: string } {
    host = join(runtime.directory, `host-${Date.now()}-${Math.random()}`);
    mkdirSync(host);
    const made = runtime.container(config);
    spoil(join(made.bundle, 'rootfs'));
    return made;
  }
  const run = ({ id, bundle }: { id: string; bundle: string }) => runtime.command(['run', '--bundle', bundle, id]);
  const shell = (script: string) => ociConfig(['sh', '-c', script]);
  const withoutDev = (config: OciConfig) => {
    config.mounts = config.mounts.filter((mount) => !mount.destination.startsWith('/dev'));
    return config;
  };

  // CVE-2019-16884, CVE-2019-19921, CVE-2023-27561: /proc in the image is a symlink, so proc is mounted somewhere else, and
  // what is written to /proc (labels) or mounted over it (masks) misses. A naive runtime mounts at the link's target and
  // then runs with a /proc that the image controls.
  test('/proc as a symlink: refused, or a true and masked /proc', () => {
    const config = shell('stat -f -c %T /proc; cat /proc/timer_list | wc -c; cat /proc/self/attr/current');
    config.linux.maskedPaths = ['/proc/timer_list'];
    const box = hostile(config, (rootfs) => {
      rmSync(join(rootfs, 'proc'), { recursive: true });
      mkdirSync(join(rootfs, 'fake/self/attr'), { recursive: true });
      writeFileSync(join(rootfs, 'fake/self/attr/current'), 'faked');
      symlinkSync('/fake', join(rootfs, 'proc'));
    });
    const result = run(box);
    assert.doesNotMatch(result.stdout, /faked/);
    if (result.code === 0) assert.deepEqual(result.stdout.split('\n').slice(0, 2), ['proc', '0']);
    else assert.match(result.stderr, /\/proc/);
  });

  for (const place of ['/proc', '/sys'])
    test(`${place} as a plain file is refused, and nothing starts`, () => {
      const box = hostile(shell('echo started'), (rootfs) => {
        rmSync(join(rootfs, place), { recursive: true });
        writeFileSync(join(rootfs, place), '');
      });
      const result = run(box);
      assert.notEqual(result.code, 0);
      assert.equal(result.stdout, '');
      assert.ok(result.stderr.includes(place), result.stderr);
    });

  // CVE-2019-16884: a volume over a part of /proc hides what the runtime writes its labels to. A naive runtime mounts it.
  for (const destination of [
    '/proc/self/attr',
    '/proc/self',
    '/proc/sys',
    '/proc/../proc/self/attr',
    '/tmp/link/self/attr',
  ])
    test(`a volume at ${destination} is refused`, () => {
      const config = shell('cat /proc/self/attr/current');
      const box = hostile(config, (rootfs) => symlinkSync('/proc', join(rootfs, 'tmp/link')));
      mkdirSync(join(host, 'attr'));
      writeFileSync(join(host, 'current'), 'faked');
      config.mounts.push({ destination, type: 'bind', source: host, options: ['bind'] });
      writeFileSync(join(box.bundle, 'config.json'), JSON.stringify(config));
      const result = run(box);
      assert.notEqual(result.code, 0, result.stdout);
      assert.doesNotMatch(result.stdout, /faked/);
    });

  // CVE-2025-52881: the same by a /proc that is itself a volume: sysctls and labels are written into files of its owner's
  // choice, here a link to a host file. A naive runtime writes "captain" into it.
  test('a bind mount as /proc does not catch the sysctls', () => {
    const config = shell('true');
    config.linux['sysctl'] = { 'kernel.domainname': 'captain' };
    const box = hostile(config, () => undefined);
    writeFileSync(join(host, 'victim'), 'untouched');
    mkdirSync(join(host, 'proc/sys/kernel'), { recursive: true });
    symlinkSync(join(host, 'victim'), join(host, 'proc/sys/kernel/domainname'));
    config.mounts = config.mounts.map((mount) =>
      mount.destination === '/proc'
        ? { destination: '/proc', type: 'bind', source: join(host, 'proc'), options: ['rbind'] }
        : mount,
    );
    writeFileSync(join(box.bundle, 'config.json'), JSON.stringify(config));
    run(box);
    assert.equal(readFileSync(join(host, 'victim'), 'utf8'), 'untouched');
  });

  // crun issue 111 and its kind: a mount point is made by following the image's symlinks on the host. A naive runtime
  // (mkdir -p "<rootfs>/data") leaves a file or directory on the host and mounts over it.
  test('mount points through symlinks stay inside', () => {
    for (const [link, destination] of [
      ['HOST', '/data/made'],
      ['HOST/made', '/data'],
      ['../../../../../..HOST', '/data/made'],
    ] as const) {
      const config = shell('mount | grep -c inside-marker; true');
      config.mounts.push({ destination, type: 'tmpfs', source: 'inside-marker', options: ['size=64k'] });
      const box = hostile(config, () => undefined);
      symlinkSync(link.replace('HOST', host), join(box.bundle, 'rootfs/data'));
      run(box);
      assert.deepEqual(readdirSync(host), [], `made something on the host through ${link}`);
    }
  });

  test('a file mounted over a symlink to a host file leaves the host’s file alone', () => {
    const config = shell('cat /etc/resolv.conf');
    const box = hostile(config, () => undefined);
    writeFileSync(join(host, 'given'), 'nameserver 192.0.2.1\n');
    symlinkSync(join(host, 'made'), join(box.bundle, 'rootfs/etc/resolv.conf'));
    config.mounts.push({
      destination: '/etc/resolv.conf',
      type: 'bind',
      source: join(host, 'given'),
      options: ['bind', 'ro'],
    });
    writeFileSync(join(box.bundle, 'config.json'), JSON.stringify(config));
    const result = run(box);
    assert.equal(existsSync(join(host, 'made')), false);
    if (result.code === 0) assert.equal(result.stdout, 'nameserver 192.0.2.1\n');
  });

  // CVE-2021-30465: the destination lies in a volume that another container shares, and is exchanged for a symlink between
  // the check and the mount. A naive runtime mounts the attacker's volume over the host directory (in the container's mount
  // namespace); the next mount then takes its source from there.
  test('a destination that is swapped for a symlink all the while', { timeout: 120_000 }, async () => {
    const box = hostile(shell('true'), () => undefined);
    const shared = join(host, 'shared');
    const target = join(host, 'target');
    for (const path of [shared, target, join(target, 'data'), join(host, 'evil/data'), join(shared, 'swap')])
      mkdirSync(path, { recursive: true });
    writeFileSync(join(target, 'data/marker'), 'of the host');
    writeFileSync(join(host, 'evil/data/marker'), 'of the attacker');
    symlinkSync(target, join(shared, 'link'));
    rmSync(join(runtime.directory, 'bundles', box.id), { recursive: true });

    const swapper = spawn('perl', ['-e', swapForever, shared], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(swapper.stdout, 'data');
    try {
      for (let i = 0; i < 60; i += 1) {
        const config = ociConfig(['cat', '/leak/marker'], runtime.busyboxRoot);
        config.mounts.push(
          { destination: '/shared', type: 'bind', source: shared, options: ['rbind'] },
          { destination: '/shared/swap', type: 'bind', source: join(host, 'evil'), options: ['rbind'] },
          { destination: '/leak', type: 'bind', source: join(target, 'data'), options: ['rbind'] },
        );
        const result = runtime.run(config);
        assert.ok(['', 'of the host'].includes(result.stdout), `round ${i}: ${result.stdout}`);
        assert.equal(readFileSync(join(target, 'data/marker'), 'utf8'), 'of the host');
      }
    } finally {
      swapper.stdin.end();
      const [code] = await once(swapper, 'exit');
      assert.equal(code, 0, 'the swapper failed');
    }
  });

  // CVE-2025-31133: masking a file binds the container's own /dev/null over it, which the image (or a racing process) made a
  // symlink. A naive runtime thereby shows, writable, what it was to hide, or whatever the link points to.
  test('a masked file is hidden by a true null device', () => {
    const config = withoutDev(shell('cat /masked; cat /proc/timer_list | wc -c; stat -c %t:%T /masked'));
    config.linux.maskedPaths = ['/masked', '/proc/timer_list'];
    const box = hostile(config, (rootfs) => {
      writeFileSync(join(rootfs, 'masked'), 'secret');
      writeFileSync(join(rootfs, 'chosen'), 'chosen by the image');
      symlinkSync('/chosen', join(rootfs, 'dev/null'));
    });
    const result = run(box);
    assert.doesNotMatch(result.stdout, /secret|chosen/);
    if (result.code === 0) assert.deepEqual(result.stdout.trim().split('\n'), ['0', '1:3']);
  });

  // CVE-2026-41579 (runc) and CVE-2026-47766 (crun): /dev in the image is a symlink, and making /dev/ptmx, /dev/fd and the
  // others by joining strings removes and makes files in the directory of the host that it names.
  test('/dev as a symlink to the host', () => {
    for (const config of [shell('ls -l /dev/'), withoutDev(shell('ls -l /dev/'))]) {
      const box = hostile(config, () => undefined);
      writeFileSync(join(host, 'ptmx'), 'a file of the host');
      rmSync(join(box.bundle, 'rootfs/dev'), { recursive: true });
      symlinkSync(host, join(box.bundle, 'rootfs/dev'));
      run(box);
      assert.deepEqual(readdirSync(host), ['ptmx']);
      assert.equal(readFileSync(join(host, 'ptmx'), 'utf8'), 'a file of the host');
    }
  });

  // CVE-2026-88264 and CVE-2026-88265 (crun): without a mount over /dev the image's own entries are met: devices that are
  // symlinks to host files. A naive runtime opens or makes the host's file, or changes its owner.
  test('device names in the image that link to host files', () => {
    const config = withoutDev(shell('true'));
    config.process.user = { uid: 1234, gid: 1234 };
    const box = hostile(config, () => undefined);
    writeFileSync(join(host, 'victim'), 'untouched');
    for (const name of ['null', 'zero', 'console', 'tty', 'ptmx', 'stdin'])
      symlinkSync(join(host, 'victim'), join(box.bundle, 'rootfs/dev', name));
    for (const name of ['full', 'random', 'urandom', 'fd'])
      symlinkSync(join(host, `made-${name}`), join(box.bundle, 'rootfs/dev', name));
    run(box);
    assert.deepEqual(readdirSync(host), ['victim']);
    assert.equal(readFileSync(join(host, 'victim'), 'utf8'), 'untouched');
    assert.equal(lstatSync(join(host, 'victim')).uid, 0);
  });

  // A read-only path that is a symlink: a naive runtime binds the link's target on the host over itself.
  test('masked and read-only paths that are symlinks do not lead out', () => {
    const config = shell('true');
    config.linux.readonlyPaths = ['/outside'];
    config.linux.maskedPaths = ['/outside2'];
    const box = hostile(config, () => undefined);
    writeFileSync(join(host, 'file'), 'x');
    symlinkSync(host, join(box.bundle, 'rootfs/outside'));
    symlinkSync(host, join(box.bundle, 'rootfs/outside2'));
    run(box);
    writeFileSync(join(host, 'file'), 'still writable');
    assert.deepEqual(readdirSync(host), ['file']);
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(host));
  });

  test('the root file system may be no symlink into itself that changes', () => {
    const { id, bundle } = hostile(shell('echo inside'), () => undefined);
    renameSync(join(bundle, 'rootfs'), join(bundle, 'real'));
    symlinkSync('real', join(bundle, 'rootfs'));
    const result = run({ id, bundle });
    assert.ok(result.code !== 0 || result.stdout === 'inside\n', result.stderr);
  });
});

// Exchanges DIR/swap (a directory) with DIR/link (a symlink) by renameat2(RENAME_EXCHANGE) until its input ends: at every
// moment the name is one of the two. Perl (part of every Debian), because Node has no such call.
const renameat2 = process.arch === 'arm64' ? 276 : 316;
const swapForever = `
my ($directory) = @ARGV;
my ($a, $b) = ("$directory/swap", "$directory/link");
$| = 1;
print "swapping\\n";
my $input = '';
vec($input, 0, 1) = 1;
until (select(my $ready = $input, undef, undef, 0)) {
  for (1 .. 200) { syscall(${renameat2}, -100, $a, -100, $b, 2) == 0 or die "renameat2: $!"; }
}
`;

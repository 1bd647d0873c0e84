// AppArmor and SELinux as a kernel applies them: small policies of our own, and what processes under them see and may do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OciConfig, ociConfig } from '../support/oci_bundle.ts';
import type { GuestTest } from './guest_tests.ts';

const profile = `profile slipway-box flags=(attach_disconnected, mediate_deleted) {
  file,
  capability,
  signal,
  ptrace,
  deny /tmp/secret w,
}
`;

// The policy as the kernel takes it, written into its file there in one go.
export function appArmorPolicy(): Buffer {
  const features = '/etc/apparmor.d/abi/3.0';
  const parser = ['--skip-kernel-load', '--skip-cache', '--stdout', '--config-file', '/dev/null', '-M', features];
  return execFileSync('/sbin/apparmor_parser', parser, { input: profile });
}

const initialContexts =
  'kernel security unlabeled fs file file_labels init any_socket port netif netmsg node igmp_packet icmp_socket ' +
  'tcp_socket sysctl_modprobe sysctl sysctl_fs sysctl_kernel sysctl_net sysctl_net_unix sysctl_vm sysctl_dev kmod ' +
  'policy scmp_packet devnull';

// Of files alone something is spelt out that a box may not do; the kernel allows what the policy doesn't know.
const seLinuxSource = `
(handleunknown allow)
(mls true)
(policycap nnp_nosuid_transition)
(class file (write append))
(class process (transition dyntransition))
(classorder (file process))
(sensitivity s0)
(sensitivityorder (s0))
(category c1)
(category c2)
(categoryorder (c1 c2))
(sensitivitycategory s0 (c1 c2))
(user u)
(role r)
(role object_r)
(type kernel_t)
(type box_t)
(type file_t)
(type secret_t)
(userrole u r)
(userrole u object_r)
(userlevel u (s0))
(userrange u ((s0) (s0 (c1 c2))))
(roletype r kernel_t)
(roletype r box_t)
(roletype object_r file_t)
(roletype object_r secret_t)
(typeattribute anything)
(typeattributeset anything (kernel_t box_t file_t secret_t))
(allow anything anything (process (transition dyntransition)))
(allow kernel_t anything (file (write append)))
(allow box_t box_t (file (write append)))
(allow box_t file_t (file (write append)))
(fsuse trans tmpfs (u object_r file_t ((s0) (s0))))
(sidorder (${initialContexts}))
${initialContexts
  .split(' ')
  .map(
    (name) =>
      `(sid ${name})\n(sidcontext ${name} (u ${name === 'kernel' ? 'r kernel_t' : 'object_r file_t'} ((s0) (s0))))`,
  )
  .join('\n')}
`;

export function seLinuxPolicy(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'slipway-policy-'));
  try {
    const source = join(directory, 'policy.cil');
    const binary = join(directory, 'policy');
    writeFileSync(source, seLinuxSource);
    execFileSync('/usr/bin/secilc', ['-c', '31', '-o', binary, '-f', '/dev/null', source]);
    return readFileSync(binary);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

export function whyNoPolicies(): string | undefined {
  if (!existsSync('/sbin/apparmor_parser')) return 'no apparmor_parser (package apparmor)';
  if (!existsSync('/usr/bin/secilc')) return 'no secilc (package secilc)';
  return undefined;
}

const look =
  'echo "label=$(cat /proc/self/attr/current)"; for file in open secret; do ' +
  '{ echo x >/tmp/$file; } 2>/dev/null && echo "$file=written" || echo "$file=denied"; done';

function labelled(process: Record<string, unknown>, linux: Record<string, unknown> = {}): OciConfig {
  const config = ociConfig(['sh', '-c', look], '/rootfs');
  Object.assign(config.process, process);
  Object.assign(config.linux, linux);
  config.mounts.push({ destination: '/tmp', type: 'tmpfs', source: 'tmpfs' });
  return config;
}

const says =
  (...lines: string[]) =>
  (result: { output: string[] }) =>
    assert.deepEqual(result.output, lines);

const run = (name: string) => `oci run -b /bundles/${name} ${name} 2>&1; true`;

// A container that only waits, and the same look from an exec with these flags.
const inside = (
  name: string,
  flags: string,
) => `sed 's/"args":\\[[^]]*\\]/"args":["sleep","1000"]/' -i /bundles/${name}/config.json
oci run -d -b /bundles/${name} ${name} </dev/null >/dev/null 2>&1
oci exec ${flags} ${name} sh -c '${look}' 2>&1
oci delete -f ${name}`;

export const appArmorTests: GuestTest[] = [
  {
    name: 'aa-0-load',
    title: 'the profile is loaded',
    script: `mount -t securityfs securityfs /sys/kernel/security
dd if=/guest/policy of=/sys/kernel/security/apparmor/.replace bs=1M 2>/dev/null
cat /sys/kernel/security/apparmor/profiles`,
    check: says('slipway-box (enforce)'),
  },
  {
    name: 'aa-without',
    title: 'a container without a profile is unconfined',
    bundles: { 'aa-without': labelled({}) },
    script: run('aa-without'),
    check: says('label=unconfined', 'open=written', 'secret=written'),
  },
  {
    name: 'aa-profile',
    title: 'process.apparmorProfile confines, also with noNewPrivileges',
    bundles: { 'aa-profile': labelled({ apparmorProfile: 'slipway-box' }) },
    script: run('aa-profile'),
    check: says('label=slipway-box (enforce)', 'open=written', 'secret=denied'),
  },
  {
    name: 'aa-exec',
    title: 'exec is under the profile of the container',
    bundles: { 'aa-exec': labelled({ apparmorProfile: 'slipway-box' }) },
    script: inside('aa-exec', ''),
    check: says('label=slipway-box (enforce)', 'open=written', 'secret=denied'),
  },
  {
    name: 'aa-exec-flag',
    title: 'exec --apparmor confines in a container that is not',
    bundles: { 'aa-exec-flag': labelled({}) },
    script: inside('aa-exec-flag', '--apparmor slipway-box'),
    check: says('label=slipway-box (enforce)', 'open=written', 'secret=denied'),
  },
  {
    name: 'aa-unknown',
    title: 'a profile that is not loaded is refused by its field',
    bundles: { 'aa-unknown': labelled({ apparmorProfile: 'no-such' }) },
    script: `oci run -b /bundles/aa-unknown aa-unknown 2>&1; ls -d /run/slipway-oci/aa-unknown`,
    check(result) {
      assert.match(result.output[0] ?? '', /process\.apparmorProfile: the profile 'no-such' is not loaded/);
      assert.match(result.output[1] ?? '', /No such file/);
    },
  },
  {
    name: 'aa-selinux',
    title: 'SELinux labels are refused by their fields where AppArmor is',
    bundles: {
      'aa-process': labelled({ selinuxLabel: 'u:r:box_t:s0' }),
      'aa-mounts': labelled({}, { mountLabel: 'u:object_r:file_t:s0' }),
    },
    script: 'for name in process mounts; do oci run -b /bundles/aa-$name aa-$name 2>&1; done; true',
    check(result) {
      assert.match(result.output[0] ?? '', /process\.selinuxLabel: SELinux is not enabled/);
      assert.match(result.output[1] ?? '', /linux\.mountLabel: SELinux is not enabled/);
    },
  },
];

const box = 'u:r:box_t:s0:c1,c2';
const secret = 'u:object_r:secret_t:s0:c1,c2';

export const seLinuxTests: GuestTest[] = [
  {
    name: 'se-0-none',
    title: 'without a policy labels mean nothing, and are refused',
    bundles: { 'se-none': labelled({ selinuxLabel: 'u:r:box_t:s0:c1,c2' }) },
    script: `mount -t selinuxfs selinuxfs /sys/fs/selinux\n${run('se-none')}`,
    check: (result) => assert.match(result.output[0] ?? '', /process\.selinuxLabel: SELinux is not enabled/),
  },
  {
    name: 'se-1-load',
    title: 'the policy is loaded and enforced',
    script: `dd if=/guest/policy of=/sys/fs/selinux/load bs=1M 2>/dev/null
echo 1 >/sys/fs/selinux/enforce
cat /sys/fs/selinux/enforce; echo; cat /proc/self/attr/current`,
    check: (result) => assert.match(result.output.join(' '), /^1 +u:r:kernel_t:s0/),
  },
  {
    name: 'se-without',
    title: 'a container without a label has its creator’s',
    bundles: { 'se-without': labelled({}) },
    script: run('se-without'),
    check: says('label=u:r:kernel_t:s0', 'open=written', 'secret=written'),
  },
  {
    name: 'se-label',
    title: 'process.selinuxLabel, with categories, on mounts of another label',
    bundles: { 'se-label': labelled({ selinuxLabel: box }) },
    script: run('se-label'),
    check: says(`label=${box}`, 'open=written', 'secret=written'),
  },
  {
    name: 'se-mounts',
    title: 'linux.mountLabel is every file’s in the container’s own mounts, and the policy is obeyed',
    bundles: {
      'se-mounts': labelled({ selinuxLabel: box }, { mountLabel: secret }),
      'se-context': labelled({ args: ['grep', '-oE', `^[a-z]+ .*${secret}`, '/proc/mounts'] }, { mountLabel: secret }),
    },
    script: `${run('se-mounts')}\n${run('se-context')}`,
    check(result) {
      assert.deepEqual(result.output.slice(0, 3), [`label=${box}`, 'open=denied', 'secret=denied']);
      const points = result.output.slice(3).map((line) => line.split(' ')[1]);
      assert.deepEqual(points, ['/dev', '/dev/pts', '/dev/shm', '/tmp']);
    },
  },
  {
    name: 'se-exec',
    title: 'exec has the label of the container, or that of --process-label',
    bundles: { 'se-exec': labelled({ selinuxLabel: box }) },
    script: `${inside('se-exec', '')}\n${inside('se-exec', '--process-label u:r:box_t:s0:c2')}`,
    check: says(
      ...[`label=${box}`, 'open=written', 'secret=written'],
      ...['label=u:r:box_t:s0:c2', 'open=written', 'secret=written'],
    ),
  },
  {
    name: 'se-unknown',
    title: 'labels that the policy does not know are refused by their fields',
    bundles: {
      'se-process': labelled({ selinuxLabel: 'u:r:nobody_t:s0' }),
      'se-files': labelled({}, { mountLabel: 'u:object_r:nothing_t:s0' }),
    },
    script: 'for name in process files; do oci run -b /bundles/se-$name se-$name 2>&1; done; ls /run/slipway-oci',
    check(result) {
      assert.match(result.output[0] ?? '', /process\.selinuxLabel: .*Invalid argument/);
      assert.match(result.output[1] ?? '', /linux\.mountLabel|mounts\[\d\].*context/);
      assert.equal(result.output.length, 2, result.output.join('\n'));
    },
  },
  {
    name: 'se-apparmor',
    title: 'an AppArmor profile is refused by its field where SELinux is',
    bundles: { 'se-apparmor': labelled({ apparmorProfile: 'slipway-box' }) },
    script: run('se-apparmor'),
    check: (result) => assert.match(result.output[0] ?? '', /process\.apparmorProfile: AppArmor is not enabled/),
  },
];

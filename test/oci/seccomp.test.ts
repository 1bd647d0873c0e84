// linux.seccomp through the whole program: what the container's calls are answered, and the listener's side. The compiler
// itself, with every operator, architecture and flag, is tested in native/core/seccomp_test.cc.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle, program, runOnce } from './bundle.ts';

const allowing = (...syscalls: object[]) => ({ defaultAction: 'SCMP_ACT_ALLOW', syscalls });
const mkdir = ['mkdir', 'mkdirat'];
const native = process.arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64';

// What busybox needs to start, to write and to end.
const ordinary =
  'access arch_prctl brk clone close dup2 execve exit_group faccessat2 fcntl fork futex fstat getcwd getegid geteuid getgid getpid getppid getrandom getuid ioctl lseek mmap mprotect munmap newfstatat open openat prctl prlimit64 read readlink readlinkat rseq rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list set_tid_address stat statx umask uname vfork wait4 write'.split(
    ' ',
  );

// What a script says under a filter.
const answers: [string, object, string, RegExp][] = [
  [
    'an errno of its own',
    allowing({ names: mkdir, action: 'SCMP_ACT_ERRNO', errnoRet: 28 }),
    'mkdir /x',
    /No space left/,
  ],
  ['EPERM without one', allowing({ names: mkdir, action: 'SCMP_ACT_ERRNO' }), 'mkdir /x', /Operation not permitted/],
  [
    'a default action and its errno, exceptions allowed',
    {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 95,
      syscalls: [{ names: ordinary, action: 'SCMP_ACT_ALLOW' }],
    },
    'echo before; mkdir /x',
    /before[\s\S]*Operation not supported/,
  ],
  [
    'the end of the process',
    allowing({ names: mkdir, action: 'SCMP_ACT_KILL_PROCESS' }),
    '(mkdir /x); echo $?',
    /^159$/m,
  ],
  ['a signal', allowing({ names: mkdir, action: 'SCMP_ACT_TRAP' }), '(mkdir /x); echo $?', /^159$/m],
  ['the log only', allowing({ names: mkdir, action: 'SCMP_ACT_LOG' }), 'mkdir /x && echo made', /^made$/m],
  ['a tracer that is not there', allowing({ names: mkdir, action: 'SCMP_ACT_TRACE' }), 'mkdir /x', /not implemented/],
  [
    'one value of an argument',
    allowing({ names: ['kill'], action: 'SCMP_ACT_ERRNO', args: [{ index: 1, value: 10, op: 'SCMP_CMP_EQ' }] }),
    'kill -12 $$; echo first; kill -10 $$',
    /first[\s\S]*not permitted/,
  ],
  [
    'bits of an argument',
    allowing({
      names: ['kill'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 1, value: 0xff, valueTwo: 10, op: 'SCMP_CMP_MASKED_EQ' }],
    }),
    'kill -10 $$',
    /not permitted/,
  ],
  [
    'flags and architectures',
    {
      ...allowing({ names: mkdir, action: 'SCMP_ACT_ERRNO' }),
      flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW', 'SECCOMP_FILTER_FLAG_TSYNC'],
      architectures: [native],
    },
    'grep Seccomp: /proc/self/status; mkdir /x',
    /Seccomp:\s2[\s\S]*not permitted/,
  ],
];
for (const [title, seccomp, script, wanted] of answers)
  for (const noNewPrivileges of [true, false])
    test(`${title}, ${noNewPrivileges ? 'with' : 'without'} noNewPrivileges`, () => {
      const { stdout, stderr } = runOnce(script, (config) => {
        config.linux.seccomp = { ...seccomp };
        config.process.noNewPrivileges = noNewPrivileges;
      });
      assert.match(stdout + stderr, wanted);
    });

test('the listener gets the container’s state and its metadata, and its calls wait for it', {
  timeout: 20_000,
}, async () => {
  using bundle = new Bundle('mkdir /x; echo after');
  const path = join(bundle.directory, 'agent');
  bundle.config.linux.seccomp = {
    ...allowing({ names: mkdir, action: 'SCMP_ACT_NOTIFY' }),
    listenerPath: path,
    listenerMetadata: 'for the agent',
    flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],
  };
  bundle.write();
  // Node takes no descriptors: the listener is closed as it arrives, and the kernel answers ENOSYS for it.
  const server = createServer().listen(path);
  await once(server, 'listening');
  const child = spawn(program, ['--root', bundle.root, 'run', '--bundle', bundle.path, bundle.id]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part));
  const [socket] = await once(server, 'connection');
  let said = '';
  for await (const part of socket) said += part;
  await once(child, 'close');
  server.close();
  const { ociVersion, fds, pid, metadata, state } = JSON.parse(said);
  assert.ok(ociVersion);
  assert.deepEqual(fds, ['seccompFd']);
  assert.ok(pid > 1);
  assert.equal(metadata, 'for the agent');
  assert.equal(state.id, bundle.id);
  assert.match(output, /mkdir: .*not implemented[\s\S]*after/);
});

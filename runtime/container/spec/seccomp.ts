// The default seccomp profile: an allow-list. What a container's programs need of the kernel is allowed; what reaches beyond
// the container, is unfinished by age or novelty, or has a history of holes, is not. Some groups come with a capability,
// because whoever gave the capability wanted what it is for.
import type { OciSeccomp } from './oci.ts';

type Rule = NonNullable<OciSeccomp['syscalls']>[number];

const files =
  'access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64 ' +
  'fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr ' +
  'fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat ' +
  'inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lchown32 lgetxattr link linkat listxattr listxattrat llistxattr ' +
  '_llseek lremovexattr lseek lsetxattr lstat lstat64 memfd_create mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat ' +
  'openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr removexattrat rename renameat ' +
  'renameat2 rmdir sendfile sendfile64 setxattr setxattrat splice stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range ' +
  'syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev file_getattr ' +
  'file_setattr cachestat statmount listmount';

const processes =
  'alarm arch_prctl brk capget capset clone execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv ' +
  'futex_wake get_robust_list get_thread_area getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid ' +
  'getpgrp getpid getppid getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid getuid ' +
  'getuid32 ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self membarrier modify_ldt nanosleep ' +
  'pause pidfd_open pidfd_send_signal prctl prlimit64 process_mrelease restart_syscall rseq rt_sigaction rt_sigpending ' +
  'rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo ' +
  'sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval ' +
  'sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp ' +
  'set_robust_list set_thread_area set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 ' +
  'setitimer setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setrlimit setsid ' +
  'setuid setuid32 sigaltstack signal signalfd signalfd4 sigprocmask sigreturn sysinfo tgkill time times tkill ugetrlimit uname ' +
  'vfork wait4 waitid waitpid';

const memory =
  'madvise map_shadow_stack mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall ' +
  'munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages memfd_secret';

const communication =
  'accept accept4 bind connect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old ' +
  'eventfd eventfd2 getpeername getsockname getsockopt ipc listen mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 ' +
  'mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd _newselect pipe pipe2 poll ppoll ppoll_time64 ' +
  'pselect6 pselect6_time64 recv recvfrom recvmmsg recvmmsg_time64 recvmsg select semctl semget semop semtimedop semtimedop_time64 send ' +
  'sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown socketcall socketpair';

const clocks =
  'adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep ' +
  'clock_nanosleep_time64 getitimer gettimeofday timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime ' +
  'timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64';

/** Old asynchronous I/O; io_uring is not allowed: too young, and it goes around filters like this one. */
const asynchronous = 'io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit';

/** What comes with a capability. */
const byCapability: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_SYS_ADMIN:
    'bpf clone clone3 fanotify_init fanotify_mark fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree ' +
    'open_tree_attr perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare listns',
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module init_module finit_module',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'iopl ioperm',
  CAP_SYS_TIME: 'settimeofday stime clock_settime clock_settime64',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages',
  CAP_SYSLOG: 'syslog',
  CAP_BPF: 'bpf',
  CAP_PERFMON: 'perf_event_open',
};

/** CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET. */
const cloneNamespaceFlags = 0x7e020000;
const afVsock = 40;
const allow = 'SCMP_ACT_ALLOW';
const enosys = 38;

function words(text: string): string[] {
  return text.split(' ');
}

function basics(): Rule[] {
  const names = [files, processes, memory, communication, clocks, asynchronous].flatMap(words);
  return [
    { names: names.filter((name) => name !== 'clone'), action: allow },
    // Addresses of virtual machines' hosts have no namespace: a container would reach the hypervisor.
    { names: ['socket'], action: allow, args: [{ index: 0, value: afVsock, op: 'SCMP_CMP_NE' }] },
    // PER_LINUX, UNAME26, PER_LINUX32, both, and "only tell".
    ...[0x0, 0x0008, 0x20000, 0x20008, 0xffffffff].map((value) => ({
      names: ['personality'],
      action: allow,
      args: [{ index: 0, value, op: 'SCMP_CMP_EQ' }],
    })),
  ];
}

function forCapabilities(capabilities: ReadonlySet<string>): Rule[] {
  const extra = Object.entries(byCapability).flatMap(([name, calls]) => (capabilities.has(name) ? words(calls) : []));
  const rules: Rule[] = extra.length > 0 ? [{ names: [...new Set(extra)], action: allow }] : [];
  if (!capabilities.has('CAP_SYS_ADMIN')) {
    rules.push(
      // Threads and processes, but no namespaces: those let an ordinary user reach code that only root was meant to.
      {
        names: ['clone'],
        action: allow,
        args: [{ index: 0, value: cloneNamespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      // Its flags are behind a pointer, which no filter can follow; ENOSYS makes C libraries use clone.
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: enosys },
    );
  }
  // Tracing another process was a way around seccomp before Linux 4.8, which the engine does not run on.
  if (!capabilities.has('CAP_SYS_PTRACE'))
    rules.push({ names: ['process_vm_readv', 'process_vm_writev', 'ptrace'], action: allow });
  return rules;
}

const architectures: Readonly<Record<string, readonly string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

const made = new Map<string, OciSeccomp>();

/** The profile for a process with these capabilities; the same object for the same set. */
export function defaultSeccomp(capabilities: readonly string[], machine: string = process.arch): OciSeccomp {
  const set = new Set(capabilities);
  const key = `${machine} ${Object.keys(byCapability)
    .filter((name) => set.has(name))
    .join(' ')}`;
  let profile = made.get(key);
  if (profile === undefined) {
    profile = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
      architectures: [...(architectures[machine] ?? [])],
      syscalls: [...basics(), ...forCapabilities(set)],
    };
    made.set(key, profile);
  }
  return profile;
}

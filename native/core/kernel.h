// System calls and constants that Debian 12's C library has no wrapper for, or that older headers lack. Thin: -1 and
// errno.
#pragma once

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace slipway::kernel {

constexpr uint64_t clone_newtime = 0x80;  // CLONE_NEWTIME
constexpr uint64_t clone_into_cgroup = 0x200000000ULL;

inline int openat2(int directory, const char* path, uint64_t flags, uint64_t resolve, uint64_t mode = 0) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof(how)));
}

inline int open_tree(int directory, const char* path, unsigned flags) {
  return static_cast<int>(syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC));
}

inline int move_mount(int from, const char* from_path, int to, const char* to_path, unsigned flags) {
  return static_cast<int>(syscall(SYS_move_mount, from, from_path, to, to_path, flags));
}

inline int fsopen(const char* type) {
  return static_cast<int>(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC));
}

inline int fsconfig(int fd, unsigned command, const char* key, const void* value, int aux) {
  return static_cast<int>(syscall(SYS_fsconfig, fd, command, key, value, aux));
}

inline int fsmount(int fd, unsigned attributes) {
  return static_cast<int>(syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attributes));
}

inline int mount_setattr(int directory, const char* path, unsigned flags, mount_attr attributes) {
  return static_cast<int>(syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof(attributes)));
}

inline int pivot_root(const char* new_root, const char* put_old) {
  return static_cast<int>(syscall(SYS_pivot_root, new_root, put_old));
}

inline int pidfd_open(pid_t pid) {
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}

inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0));
}

inline void close_on_exec_from(unsigned first) {
  if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  const long limit = std::min<long>(sysconf(_SC_OPEN_MAX), 1 << 20);  // before 5.11
  for (int fd = static_cast<int>(first); fd < limit; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// A new process that goes on here, like fork(), in new namespaces. 0 in the child. The C library's own fork handlers
// don't run, so the caller must be single-threaded. Before 5.3 there is only clone(2), whose flags have the same
// values.
inline pid_t clone3(clone_args& arguments) {
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
  if (pid != -1 || errno != ENOSYS || (arguments.flags & clone_into_cgroup) != 0) return pid;
  return static_cast<pid_t>(
      syscall(SYS_clone, arguments.flags | arguments.exit_signal, nullptr, nullptr, nullptr, nullptr));
}

}  // namespace slipway::kernel

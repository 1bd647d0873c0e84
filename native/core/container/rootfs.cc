#include "core/container/rootfs.h"

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "core/container/labels.h"
#include "core/files.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

struct Propagation {
  unsigned long type = MS_SLAVE;
  bool asked = false;
};

// linux.rootfsPropagation
Propagation propagation_of(const spec::Linux& linux) {
  const std::string& name = linux.rootfs_propagation;
  if (name.empty()) return {};
  if (name.ends_with("shared")) return {MS_SHARED, true};
  if (name.ends_with("slave")) return {MS_SLAVE, true};
  if (name.ends_with("unbindable")) return {MS_UNBINDABLE, true};
  return {MS_PRIVATE, true};
}

// The mount that the rootfs lies in must not hand our mount on to the host.
Result<void> make_parent_private(const std::string& rootfs) {
  std::string path = rootfs;
  while (true) {
    struct statx status {};
    const bool known = ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, 0, &status) == 0 &&
                       (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
    if (path == "/" || (known && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)) break;
    const size_t slash = path.find_last_of('/');
    path = slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
  }
  if (::mount(nullptr, path.c_str(), nullptr, MS_PRIVATE, nullptr) != 0)
    return Error::system("make the mount private", path);
  return {};
}

Result<void> detach_from_host(const Setup& setup) {
  const Propagation propagation = propagation_of(setup.spec->linux);
  // Unbindable comes at the end: nothing could be bound before.
  const unsigned long type =
      propagation.type == MS_UNBINDABLE ? static_cast<unsigned long>(MS_PRIVATE) : propagation.type;
  if (::mount(nullptr, "/", nullptr, type | MS_REC, nullptr) != 0)
    return Error::system("set the propagation of all mounts");
  if (propagation.type == MS_SHARED) TRY(make_parent_private(setup.rootfs));
  return {};
}

// The rootfs as a mount of its own, which pivot_root(2) wants.
Result<Fd> mount_root(const Setup& setup) {
  if (setup.rootfs_tree.fd) {
    // Any place will do until it becomes the root; this one can be reached.
    const Fd top(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    TRY(mount::attach(setup.rootfs_tree, top.get(), setup.rootfs));
    return Fd(::fcntl(setup.rootfs_tree.fd.get(), F_DUPFD_CLOEXEC, 3));
  }
  Fd place(::open(setup.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place) return Error::system("open", setup.rootfs).with_context("root.path");
  TRY_ASSIGN(mount::Tree tree, mount::copy_tree(place.get(), "", true, place.get()));
  TRY(mount::attach(tree, place.get(), setup.rootfs));
  return std::move(tree.fd);
}

Result<void> set_final_propagation(const Setup& setup) {
  const Propagation propagation = propagation_of(setup.spec->linux);
  if (!propagation.asked) return {};
  if (::mount(nullptr, "/", nullptr, propagation.type, nullptr) != 0)
    return Error::system("mount", "/").with_context("linux.rootfsPropagation");
  return {};
}

// The host's /dev/null, through the caller's own mount namespace, verified: an image's could be anything
// (CVE-2025-31133).
Result<Fd> open_null() {
  Fd null(::open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!null || ::fstat(null.get(), &status) != 0) return Error::system("open", "/dev/null");
  if (!S_ISCHR(status.st_mode) || status.st_rdev != ::makedev(1, 3))
    return Error::invalid("/dev/null", "is not the null device");
  return null;
}

Result<void> mask(const spec::Linux& linux, const Inside& rootfs, const std::string& path, int null, Fd& empty) {
  Result<Fd> target = rootfs.open(path, O_PATH);
  if (!target) {
    if (target.error().code == ENOENT || target.error().code == ENOTDIR) return {};
    return std::move(target.error());
  }
  struct stat status {};
  if (::fstat(target->get(), &status) != 0) return Error::system("fstat", path);
  if (!S_ISDIR(status.st_mode)) {
    TRY_ASSIGN(const mount::Tree tree, mount::copy_tree(null, "", false, target->get()));
    return mount::attach(tree, target->get(), path);
  }
  // One empty, read-only tmpfs serves all directories.
  if (empty) {
    Result<mount::Tree> again = mount::copy_tree(empty.get(), "", false, target->get());
    if (again) return mount::attach(*again, target->get(), path);
  }
  mount::Options options;
  options.set = MOUNT_ATTR_RDONLY;
  options.parameters = {{"size", "0", false}, {"nr_inodes", "2", false}};
  label_mount(linux, "tmpfs", options);
  TRY_ASSIGN(mount::Tree made, mount::make_file_system("tmpfs", "tmpfs", options, target->get()));
  TRY(mount::attach(made, target->get(), path));
  empty = std::move(made.fd);
  return {};
}

Result<void> make_read_only(const Inside& rootfs, const std::string& path) {
  Result<Fd> target = rootfs.open(path, O_PATH);
  if (!target) {
    if (target.error().code == ENOENT || target.error().code == ENOTDIR) return {};
    return std::move(target.error());
  }
  TRY_ASSIGN(const mount::Tree tree, mount::copy_tree(target->get(), "", true, target->get()));
  TRY(mount::attach(tree, target->get(), path));
  return mount::set_attributes(tree.fd.get(), {.attr_set = MOUNT_ATTR_RDONLY}, false, path);
}

}  // namespace

Result<Trusted> Trusted::open() {
  Trusted trusted;
  trusted.proc = Fd(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct statfs system {};
  if (!trusted.proc || ::fstatfs(trusted.proc.get(), &system) != 0) return Error::system("open", "/proc");
  if (system.f_type != PROC_SUPER_MAGIC) return Error::invalid("/proc", "is no procfs; mount one");
  return trusted;
}

Result<Fd> build_rootfs(const Setup& setup) {
  if (!setup.own_mounts()) {
    // No mount namespace: nothing may be mounted (spec_check.cc sees to that), the tree is used as it is.
    Fd root(::open(setup.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root) return Error::system("open", setup.rootfs).with_context("root.path");
    return root;
  }
  TRY(detach_from_host(setup));
  TRY_ASSIGN(Fd root, mount_root(setup));
  const Inside rootfs(root.get());
  TRY(mount_all(setup, rootfs));
  TRY(make_devices(setup, rootfs));
  return root;
}

Result<void> protect_rootfs(const Setup& setup, const Inside& rootfs) {
  const spec::Linux& linux = setup.spec->linux;
  for (size_t i = 0; i < linux.readonly_paths.size(); ++i) {
    auto done = make_read_only(rootfs, linux.readonly_paths[i]);
    if (!done) return std::move(done.error()).with_context("linux.readonlyPaths[" + std::to_string(i) + "]");
  }
  Fd empty;
  Fd null;
  if (!linux.masked_paths.empty()) {
    TRY_ASSIGN(null, open_null());
  }
  for (size_t i = 0; i < linux.masked_paths.size(); ++i) {
    auto done = mask(linux, rootfs, linux.masked_paths[i], null.get(), empty);
    if (!done) return std::move(done.error()).with_context("linux.maskedPaths[" + std::to_string(i) + "]");
  }
  if (setup.spec->root.readonly) {
    auto done = mount::set_attributes(rootfs.root(), {.attr_set = MOUNT_ATTR_RDONLY}, false, setup.rootfs);
    if (!done) return std::move(done.error()).with_context("root.readonly");
  }
  return {};
}

Result<void> enter_rootfs(const Setup& setup, int root) {
  if (::fchdir(root) != 0) return Error::system("fchdir", setup.rootfs);
  if (!setup.own_mounts()) {
    if (::chroot(".") != 0) return Error::system("chroot", setup.rootfs);
    return {};
  }
  if (setup.no_pivot) {
    // For a root on a ramfs. The old root stays below the new one, where nobody can reach it without leaving a chroot.
    if (::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0) return Error::system("move the root mount", setup.rootfs);
    if (::chroot(".") != 0) return Error::system("chroot", setup.rootfs);
  } else {
    // The old root lands on top of the new one (pivot_root(2), "."), and is taken away from there.
    const Fd old_root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (kernel::pivot_root(".", ".") != 0) return Error::system("pivot_root", setup.rootfs);
    if (::fchdir(old_root.get()) != 0) return Error::system("fchdir", "the old root");
    // It must not hand the unmount on to the host.
    if (::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr) != 0)
      return Error::system("make the old root a slave");
    if (::umount2(".", MNT_DETACH) != 0) return Error::system("unmount the old root");
  }
  if (::chdir("/") != 0) return Error::system("chdir", "/");
  return set_final_propagation(setup);
}

Result<void> write_sysctls(const Setup& setup) {
  for (const auto& [key, value] : setup.spec->linux.sysctl) {
    std::string path = "sys/" + key;
    if (const size_t first = key.find_first_of("./"); first != key.npos && key[first] == '.')
      std::replace(path.begin() + 4, path.end(), '.', '/');
    Fd fd(kernel::openat2(setup.trusted.proc.get(), path.c_str(), O_WRONLY,
                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV));
    if (!fd && errno == ENOSYS) {  // before 5.6; the host's own procfs, where no container mounts anything
      auto walked = Inside(setup.trusted.proc.get()).open_without_links(path, O_WRONLY);
      if (!walked) return std::move(walked.error()).with_context("linux.sysctl." + key);
      fd = *std::move(walked);
    }
    if (!fd) return Error::system("open", "/proc/" + path).with_context("linux.sysctl." + key);
    auto written = write_all(fd.get(), value, "/proc/" + path);
    if (!written) return std::move(written.error()).with_context("linux.sysctl." + key);
  }
  return {};
}

}  // namespace slipway::container

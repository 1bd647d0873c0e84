// /dev: the default devices, those of linux.devices, and the usual links.
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "core/container/rootfs.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

struct DefaultDevice {
  const char* path;
  unsigned major;
  unsigned minor;
};

// runtime-spec, config-linux.md: "Default Devices"; ptmx and console are made elsewhere.
constexpr DefaultDevice default_devices[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                                             {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};

mode_t kind_of(char type) {
  return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

// A user namespace may not make device nodes; the host's node is bound instead, if it is the same device.
Result<void> bind_device(const spec::Device& device, const Inside& rootfs, dev_t number) {
  const Fd host(::open(device.path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!host || ::fstat(host.get(), &status) != 0) return Error::system("open", device.path);
  if ((status.st_mode & S_IFMT) != kind_of(device.type) || status.st_rdev != number)
    return Error::invalid("'" + device.path + "'",
                          "can't be made in a user namespace, and the host has another device there");
  TRY_ASSIGN(const Fd target, rootfs.make_file(device.path));
  TRY_ASSIGN(const mount::Tree tree, mount::copy_tree(host.get(), "", false, target.get()));
  return mount::attach(tree, target.get(), device.path);
}

Result<void> make_device(const spec::Device& device, const Inside& rootfs) {
  const dev_t number =
      device.type == 'p' ? 0 : ::makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
  TRY_ASSIGN(const Inside::Place place, rootfs.place(device.path));
  const char* name = place.name.c_str();
  const mode_t mode = device.file_mode.value_or(0666) & 07777;
  if (::mknodat(place.directory.get(), name, kind_of(device.type) | mode, number) != 0) {
    if (errno == EPERM) return bind_device(device, rootfs, number);
    struct stat status {};
    const bool exists = errno == EEXIST && ::fstatat(place.directory.get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists) return Error::system("mknod", device.path);
    if ((status.st_mode & S_IFMT) != kind_of(device.type) || status.st_rdev != number)
      return Error::invalid("'" + device.path + "'", "exists in the root file system and is something else");
    return {};
  }
  const uid_t uid = device.uid.value_or(0);
  const gid_t gid = device.gid.value_or(0);
  if ((uid != 0 || gid != 0) && ::fchownat(place.directory.get(), name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return Error::system("chown", device.path);
  return {};
}

Result<void> make_link(const Inside& rootfs, const char* target, const char* path) {
  TRY_ASSIGN(const Inside::Place place, rootfs.place(path));
  if (::symlinkat(target, place.directory.get(), place.name.c_str()) == 0 || errno == EEXIST) return {};
  return Error::system("symlink", path);
}

Result<void> make_links(const Setup& setup, const Inside& rootfs) {
  constexpr std::array<std::array<const char*, 2>, 4> links{{{"/proc/self/fd", "/dev/fd"},
                                                             {"/proc/self/fd/0", "/dev/stdin"},
                                                             {"/proc/self/fd/1", "/dev/stdout"},
                                                             {"/proc/self/fd/2", "/dev/stderr"}}};
  for (const auto& [target, path] : links) TRY(make_link(rootfs, target, path));
  if (::faccessat(setup.trusted.proc.get(), "kcore", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    TRY(make_link(rootfs, "/proc/kcore", "/dev/core"));

  // Always the container's own devpts, whatever an image has there.
  TRY_ASSIGN(const Inside::Place ptmx, rootfs.place("/dev/ptmx"));
  if (::unlinkat(ptmx.directory.get(), "ptmx", 0) != 0 && errno != ENOENT) return Error::system("unlink", "/dev/ptmx");
  return make_link(rootfs, "pts/ptmx", "/dev/ptmx");
}

}  // namespace

Result<void> make_devices(const Setup& setup, const Inside& rootfs) {
  const spec::Spec& spec = *setup.spec;
  // A /dev that is bound from the host is the host's to fill.
  for (const MountSetup& mount : setup.mounts)
    if (mount.options.bind != mount::Bind::no &&
        (mount.mount->destination == "/dev" || mount.mount->destination == "/dev/"))
      return {};
  if (!setup.own_mounts()) return {};

  for (const DefaultDevice& device : default_devices) {
    const bool listed = std::any_of(spec.linux.devices.begin(), spec.linux.devices.end(),
                                    [&](const spec::Device& other) { return other.path == device.path; });
    if (listed) continue;
    auto made = make_device({'c', device.path, device.major, device.minor, 0666, 0, 0}, rootfs);
    if (!made) return std::move(made.error()).with_context("default devices");
  }
  for (size_t i = 0; i < spec.linux.devices.size(); ++i) {
    auto made = make_device(spec.linux.devices[i], rootfs);
    if (!made) return std::move(made.error()).with_context("linux.devices[" + std::to_string(i) + "]");
  }
  return make_links(setup, rootfs);
}

}  // namespace slipway::container

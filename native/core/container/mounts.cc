// The list `mounts` of config.json, each mounted at an open place inside the root file system.
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include <algorithm>
#include <array>

#include "core/container/labels.h"
#include "core/container/rootfs.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

// Files of /proc that a mount may cover: emulations such as lxcfs do. Anything else there would let an image fake what
// the set-up itself relies on (CVE-2019-16884, CVE-2023-27561).
constexpr std::array<std::string_view, 11> coverable{"/proc/cpuinfo",
                                                     "/proc/diskstats",
                                                     "/proc/meminfo",
                                                     "/proc/stat",
                                                     "/proc/swaps",
                                                     "/proc/uptime",
                                                     "/proc/loadavg",
                                                     "/proc/slabinfo",
                                                     "/proc/net/dev",
                                                     "/proc/sys/kernel/ns_last_pid",
                                                     "/proc/sys/crypto/fips_enabled"};

std::string clean(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string out;
  for (const std::string& part : parts) out += "/" + part;
  return out.empty() ? "/" : out;
}

Result<void> check_not_in_proc(int target, const std::string& destination) {
  struct statfs system {};
  if (::fstatfs(target, &system) != 0) return Error::system("fstatfs", destination);
  if (system.f_type != PROC_SUPER_MAGIC) return {};
  struct statx status {};
  const bool root = ::statx(target, "", AT_EMPTY_PATH, 0, &status) == 0 &&
                    (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 && S_ISDIR(status.stx_mode);
  const std::string path = clean(destination);
  if (root || std::find(coverable.begin(), coverable.end(), path) != coverable.end()) return {};
  return Error::invalid("destination '" + destination + "'", "lies in /proc, where nothing may be mounted");
}

// The open place for a mount, made if it isn't there.
Result<Fd> open_target(const Inside& rootfs, const MountSetup& mount, bool directory) {
  const std::string& destination = mount.mount->destination;
  const std::string& type = mount.mount->type;
  if (mount.options.bind == mount::Bind::no && (type == "proc" || type == "sysfs")) {
    // Everything afterwards trusts these two places, so no link may lead there, nor may they be links (CVE-2019-19921).
    Result<Fd> place = rootfs.open_without_links(destination, O_PATH);
    if (!place && place.error().code == ENOENT) {
      TRY(rootfs.make_directory(destination));
      place = rootfs.open_without_links(destination, O_PATH);
    }
    struct stat status {};
    if (!place) {
      if (place.error().code != ELOOP) return place;
    } else if (::fstat(place->get(), &status) == 0 && S_ISDIR(status.st_mode)) {
      return place;
    }
    return Error::invalid("destination '" + destination + "'", type + " must be mounted on an ordinary directory");
  }
  TRY_ASSIGN(Fd target, directory ? rootfs.make_directory(destination) : rootfs.make_file(destination));
  TRY(check_not_in_proc(target.get(), destination));
  return target;
}

bool is_directory(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

Result<mount::Tree> open_source(const Setup& setup, const MountSetup& mount, int target) {
  std::string source = mount.mount->source;
  if (!source.starts_with('/')) source = setup.bundle + "/" + source;
  return mount::copy_tree(AT_FDCWD, source, mount.options.bind == mount::Bind::recursive, target);
}

Result<void> check_kinds(int source, int target, const MountSetup& mount) {
  const bool from = is_directory(source);
  if (from == is_directory(target)) return {};
  return Error::from_errno(from ? ENOTDIR : EISDIR,
                           from ? "mount a directory on a file" : "mount a file on a directory",
                           mount.mount->destination);
}

Result<void> mount_bind(const Setup& setup, const Inside& rootfs, const MountSetup& mount) {
  const std::string& destination = mount.mount->destination;
  Fd target;
  mount::Tree opened;
  const mount::Tree* tree = &mount.source;
  if (!tree->fd) {
    std::string source = mount.mount->source;
    if (!source.starts_with('/')) source = setup.bundle + "/" + source;
    const Fd looked_at(::open(source.c_str(), O_PATH | O_CLOEXEC));
    if (!looked_at) return Error::system("open", source);
    TRY_ASSIGN(target, open_target(rootfs, mount, is_directory(looked_at.get())));
    TRY_ASSIGN(opened, open_source(setup, mount, target.get()));
    tree = &opened;
  } else {
    TRY_ASSIGN(target, open_target(rootfs, mount, is_directory(tree->fd.get())));
  }
  TRY(check_kinds(tree->fd.get(), target.get(), mount));
  if (mount.user_namespace)
    TRY(mount::apply_id_map(*tree, mount.user_namespace.get(), mount.options.id_map == mount::IdMap::recursive,
                            destination));
  TRY(mount::apply_attributes(*tree, mount.options, destination));
  return mount::attach(*tree, target.get(), destination);
}

// What fsmount(2) has not dealt with already.
mount::Options remaining(mount::Options options) {
  options.set &= MOUNT_ATTR_NOSYMFOLLOW;
  options.clear = 0;
  return options;
}

Result<mount::Tree> make_tree(const Setup& setup, const MountSetup& mount, const mount::Options& options, int target) {
  const std::string& type = mount.mount->type;
  Result<mount::Tree> tree = mount::make_file_system(type, mount.mount->source, options, target);
  if (tree || tree.error().code != EPERM) return tree;
  // Without a network namespace of its own a container in a user namespace may not have a new sysfs; the host's serves.
  // The same goes for mqueue and an ipc namespace.
  const char* host = type == "sysfs" ? "/sys" : type == "mqueue" ? "/dev/mqueue" : nullptr;
  if (host == nullptr || !setup.process.enters_user_namespace) return tree;
  TRY_ASSIGN(mount::Tree copy, mount::copy_tree(AT_FDCWD, host, true, target));
  TRY(mount::apply_attributes(copy, options, mount.mount->destination));
  return copy;
}

bool names(const mount::Options& options, std::string_view key) {
  return std::any_of(options.parameters.begin(), options.parameters.end(),
                     [key](const auto& parameter) { return parameter.key == key; });
}

// What the options say of the tmpfs's own directory goes before what was copied.
Result<void> set_top(int top, const mount::Options& options, const std::string& destination) {
  for (const auto& [key, text, flag] : options.parameters) {
    if (flag) continue;
    const auto number = static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, key == "mode" ? 8 : 10));
    const int failed = key == "uid"    ? ::fchown(top, number, static_cast<gid_t>(-1))
                       : key == "gid"  ? ::fchown(top, static_cast<uid_t>(-1), number)
                       : key == "mode" ? ::fchmod(top, number & 07777U)
                                       : 0;
    if (failed != 0) return Error::system(key == "mode" ? "chmod" : "chown", destination);
  }
  return {};
}

Result<void> mount_new(const Setup& setup, const Inside& rootfs, const MountSetup& mount) {
  const std::string& destination = mount.mount->destination;
  TRY_ASSIGN(const Fd target, open_target(rootfs, mount, true));
  if (mount.mount->type == "cgroup") return mount_cgroups(setup, mount, target.get());

  mount::Options options = mount.options;
  // A tmpfs is as its place was, unless it says otherwise.
  const bool tmpfs = mount.mount->type == "tmpfs";
  struct stat status {};
  if (tmpfs && !names(options, "mode") && ::fstat(target.get(), &status) == 0) {
    std::array<char, 8> octal{};
    snprintf(octal.data(), octal.size(), "%o", status.st_mode & 07777U);
    options.parameters.push_back({"mode", octal.data(), false});
  }
  label_mount(setup.spec->linux, mount.mount->type, options);
  Fd from;  // opened before mount(2) hides it
  if (mount.options.copy_up) {
    if (!tmpfs) return Error::invalid("options", "tmpcopyup goes only with tmpfs");
    options.set &= ~uint64_t{MOUNT_ATTR_RDONLY};
    TRY_ASSIGN(from, rootfs.open(destination, O_RDONLY | O_DIRECTORY));
  }
  TRY_ASSIGN(const mount::Tree tree, make_tree(setup, mount, options, target.get()));
  mount::Options rest = remaining(mount.options);
  if (mount.options.copy_up) {
    TRY_ASSIGN(const Fd to, Inside(tree.fd.get()).open("/", O_RDONLY | O_DIRECTORY));
    TRY(copy_up(from.get(), to.get(), destination));
    TRY(set_top(to.get(), mount.options, destination));
    rest.set |= mount.options.set & MOUNT_ATTR_RDONLY;
  }
  TRY(mount::apply_attributes(tree, rest, destination));
  return mount::attach(tree, target.get(), destination);
}

Result<void> remount(const Inside& rootfs, const MountSetup& mount) {
  TRY_ASSIGN(Fd target, rootfs.open(mount.mount->destination, O_PATH));
  return mount::apply_attributes(mount::Tree{std::move(target), true}, mount.options, mount.mount->destination);
}

}  // namespace

Result<void> mount_all(const Setup& setup, const Inside& rootfs) {
  for (const MountSetup& mount : setup.mounts) {
    Result<void> done = mount.options.remount                   ? remount(rootfs, mount)
                        : mount.options.bind != mount::Bind::no ? mount_bind(setup, rootfs, mount)
                                                                : mount_new(setup, rootfs, mount);
    if (!done) return std::move(done.error()).with_context(mount.field + " (" + mount.mount->destination + ")");
  }
  return {};
}

}  // namespace slipway::container

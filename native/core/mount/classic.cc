#include "core/mount/classic.h"

#include <sys/mount.h>
#include <sys/statfs.h>

#include <climits>
#include <set>
#include <sstream>

#include "core/files.h"

namespace slipway::mount::classic {
namespace {

constexpr size_t longest_list = 64 << 20;

struct Pair {
  uint64_t attribute;
  unsigned long flag;
};
constexpr Pair pairs[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY},           {MOUNT_ATTR_NOSUID, MS_NOSUID},         {MOUNT_ATTR_NODEV, MS_NODEV},
    {MOUNT_ATTR_NOEXEC, MS_NOEXEC},           {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME}, {MOUNT_ATTR_NOATIME, MS_NOATIME},
    {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME}, {MOUNT_ATTR_NOSYMFOLLOW, 256}};  // MS_NOSYMFOLLOW, Linux 5.10

unsigned long flags_of(uint64_t attributes) {
  unsigned long flags = 0;
  for (const Pair& pair : pairs)
    if ((attributes & pair.attribute) != 0) flags |= pair.flag;
  return flags;
}

// What statfs(2) calls ST_RDONLY and so on has the values of mount(2), but for this one.
constexpr unsigned long relatime_of_statfs = 4096;
constexpr unsigned long kept = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;

// A remount sets all flags: those that the mount has and nobody asked to clear have to be named again. In a user
// namespace the kernel insists on it.
Result<unsigned long> flags_after(int fd, const mount_attr& attributes, const std::string& name) {
  struct statfs system {};
  if (::fstatfs(fd, &system) != 0) return Error::system("fstatfs", name);
  const auto now = static_cast<unsigned long>(system.f_flags);
  unsigned long flags = now & kept;
  if ((now & relatime_of_statfs) != 0) flags |= MS_RELATIME;
  flags &= ~flags_of(attributes.attr_clr);
  if ((attributes.attr_clr & MOUNT_ATTR__ATIME) != 0) flags &= ~(MS_NOATIME | MS_RELATIME | MS_STRICTATIME);
  return flags | flags_of(attributes.attr_set);
}

Result<int> mount_id(int fd) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(fd);
  TRY_ASSIGN(const std::string text, read_file(AT_FDCWD, path, 65536));
  constexpr std::string_view label = "mnt_id:";
  const size_t at = text.find(label);
  if (at == std::string::npos) return Error::invalid(path, "names no mount; Linux 3.15 or newer is needed");
  return std::atoi(text.c_str() + at + label.size());  // NOLINT(cert-err34-c): the kernel wrote it
}

// The mounts whose place lies in the mount that `fd` is in.
Result<std::set<int>> mounts_upon(int fd) {
  TRY_ASSIGN(const int parent, mount_id(fd));
  TRY_ASSIGN(const std::string text, read_file(AT_FDCWD, "/proc/self/mountinfo", longest_list));
  std::set<int> ids;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    int id = 0;
    int its_parent = 0;
    // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it
    if (sscanf(line.c_str(), "%d %d", &id, &its_parent) == 2 && its_parent == parent) ids.insert(id);
  }
  return ids;
}

// mount(2) onto the open place `target`, and the new mount's root. The place itself lies below the mount, so the way in
// is its path; that what is found there is the one mount that is new rules out that somebody exchanged a name
// meanwhile.
template <typename Mount>
Result<Tree> mount_and_enter(int target, const std::string& name, Mount mount) {
  if (target < 0) return Error::from_errno(ENOSYS, "open_tree", name);
  TRY_ASSIGN(const std::set<int> before, mounts_upon(target));
  const std::string at = path_of(target);
  TRY(mount(at.c_str()));
  std::string path(PATH_MAX, '\0');
  const ssize_t length = ::readlink(at.c_str(), path.data(), path.size());
  if (length < 0) return Error::system("readlink", at);
  path.resize(static_cast<size_t>(length));
  Fd fd(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Error::system("open", path);
  TRY_ASSIGN(const std::set<int> after, mounts_upon(target));
  TRY_ASSIGN(const int id, mount_id(fd.get()));
  if (before.contains(id) || !after.contains(id)) return Error::from_errno(EAGAIN, "open the new mount", path);
  return Tree{std::move(fd), true};
}

}  // namespace

Result<Tree> file_system(const std::string& type, const std::string& source, const Options& options, int target) {
  std::string data;
  for (const Options::Parameter& parameter : options.parameters) {
    if (!data.empty()) data += ',';
    data += parameter.key;
    if (parameter.flag) continue;
    // The categories of an SELinux label hold commas.
    const bool quoted = parameter.key == "context";
    data += quoted ? "=\"" + parameter.value + "\"" : "=" + parameter.value;
  }
  return mount_and_enter(target, type, [&](const char* at) -> Result<void> {
    if (::mount(source.c_str(), at, type.c_str(), flags_of(options.set), data.c_str()) != 0)
      return Error::system("mount", type);
    return {};
  });
}

Result<Tree> copy(const std::string& from, bool recursive, int target) {
  return mount_and_enter(target, from, [&](const char* at) -> Result<void> {
    if (::mount(from.c_str(), at, nullptr, MS_BIND | (recursive ? MS_REC : 0), nullptr) != 0)
      return Error::system("bind", from);
    return {};
  });
}

Result<void> set_attributes(int fd, const mount_attr& attributes, bool recursive, const std::string& name) {
  const std::string at = path_of(fd);
  if (attributes.attr_set != 0 || attributes.attr_clr != 0) {
    if (recursive)
      return Error::invalid("'" + name + "'", "recursive options such as rro need mount_setattr(2), Linux 5.12");
    TRY_ASSIGN(const unsigned long flags, flags_after(fd, attributes, name));
    if (::mount(nullptr, at.c_str(), nullptr, MS_REMOUNT | MS_BIND | flags, nullptr) != 0)
      return Error::system("remount", name);
  }
  if (attributes.propagation != 0 &&
      ::mount(nullptr, at.c_str(), nullptr, attributes.propagation | (recursive ? MS_REC : 0), nullptr) != 0)
    return Error::system("mount propagation", name);
  return {};
}

}  // namespace slipway::mount::classic

// Owners, modes, extended attributes and times, in the order in which they don't undo each other: changing the owner
// clears setuid and capabilities, so it comes first.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/archive/attributes.h"
#include "core/archive/unpacker.h"

namespace slipway::archive {

std::pair<uid_t, gid_t> Unpacker::owner_of(const Entry& entry) const {
  return options_.owner ? *options_.owner : std::pair(entry.uid, entry.gid);
}

// What the caller makes is its own already, unless the directory gives its group.
bool Unpacker::owner_is_right(const std::pair<uid_t, gid_t>& owner, bool gives_group) const {
  if (options_.ownership == Ownership::ignore) return true;
  return !gives_group && owner.first == own_uid_ && owner.second == own_gid_;
}

Result<void> Unpacker::owner_result(int status) const {
  if (status == 0) return {};
  // EINVAL: the id is not mapped in this user namespace.
  if (options_.ownership == Ownership::attempt && (errno == EINVAL || errno == EPERM)) return {};
  return Error::system("chown");
}

Result<void> Unpacker::set_owner(const Entry& entry, int fd, bool gives_group) {
  const auto owner = owner_of(entry);
  if (owner_is_right(owner, gives_group)) return {};
  return owner_result(fchown(fd, owner.first, owner.second));
}

Result<void> Unpacker::set_attributes(const Entry& entry, int fd, bool gives_group) {
  TRY(set_owner(entry, fd, gives_group));
  if ((!modes_are_exact_ || (entry.mode & 07000) != 0) && fchmod(fd, entry.mode) < 0) return Error::system("fchmod");
  return set_xattrs(entry, fd);
}

Result<void> Unpacker::set_directory_attributes(const Entry& entry, int fd, bool gives_group) {
  TRY(set_owner(entry, fd, gives_group));
  // Until everything is in it, the directory must be writable for who is not root.
  const bool later = (entry.mode & 0700) != 0700;
  if (fchmod(fd, entry.mode | 0700) < 0) return Error::system("fchmod");
  TRY(set_xattrs(entry, fd));
  pending_[path_] = {.time = entry.mtime, .mode = entry.mode, .set_mode = later};
  return {};
}

Result<void> Unpacker::set_attributes_at(const Entry& entry, const Place& place) {
  const int parent = place.directory->fd.get();
  const auto owner = owner_of(entry);
  if (!owner_is_right(owner, place.directory->gives_group)) {
    TRY(owner_result(fchownat(parent, place.name.c_str(), owner.first, owner.second, AT_SYMLINK_NOFOLLOW)));
  }
  if (entry.type != EntryType::symlink && (!modes_are_exact_ || (entry.mode & 07000) != 0)) {
    // By descriptor: the name may have become a link meanwhile, which chmod(2) would follow.
    const Fd fd(openat(parent, place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (!fd || fstat(fd.get(), &status) < 0) return Error::system("openat");
    if (!S_ISLNK(status.st_mode) && chmod(fd_path(fd.get()).c_str(), entry.mode) < 0) return Error::system("chmod");
  }
  const std::string path = fd_path(parent) + "/" + place.name;
  for (const auto& [name, value] : entry.xattrs) {
    if (options_.xattrs == Xattrs::ignore || is_overlay_xattr(name)) continue;
    TRY(xattr_result(lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0), name));
  }
  const timespec times[2] = {entry.mtime, entry.mtime};
  if (utimensat(parent, place.name.c_str(), times, AT_SYMLINK_NOFOLLOW) < 0) return Error::system("utimensat");
  return {};
}

Result<void> Unpacker::set_xattrs(const Entry& entry, int fd) {
  if (options_.xattrs == Xattrs::ignore) return {};
  for (const auto& [name, value] : entry.xattrs) {
    if (is_overlay_xattr(name)) continue;
    // What is made below a directory with a default ACL gets its mode from that.
    if (name == "system.posix_acl_default") modes_are_exact_ = false;
    TRY(xattr_result(fsetxattr(fd, name.c_str(), value.data(), value.size(), 0), name));
  }
  return {};
}

Result<void> Unpacker::xattr_result(int status, const std::string& name) const {
  if (status == 0) return {};
  if (options_.xattrs == Xattrs::attempt && (errno == EOPNOTSUPP || errno == EPERM)) return {};
  return Error::system("setxattr " + name);
}

}  // namespace slipway::archive

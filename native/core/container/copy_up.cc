// tmpcopyup: a new tmpfs gets what the image has in its place.
#include <dirent.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <climits>
#include <memory>

#include "core/container/rootfs.h"
#include "core/files.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

constexpr int deepest = 256;

Result<void> copy_directory(int from, int to, const std::string& name, int depth);

Result<void> copy_data(int from, int to, const std::string& name) {
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t length = retry([&] { return ::read(from, buffer.data(), buffer.size()); });
    if (length < 0) return Error::system("read", name);
    if (length == 0) return {};
    TRY(write_all(to, std::string_view(buffer.data(), static_cast<size_t>(length)), name));
  }
}

// Owner, mode and times; extended attributes as far as a tmpfs takes them.
Result<void> copy_metadata(int from, int to, const struct stat& status, const std::string& name) {
  if (::fchown(to, status.st_uid, status.st_gid) != 0) return Error::system("chown", name);
  if (::fchmod(to, status.st_mode & 07777) != 0) return Error::system("chmod", name);
  std::array<char, 65536> names{};
  const ssize_t length = ::flistxattr(from, names.data(), names.size());
  for (ssize_t at = 0; at < length;) {
    const std::string attribute(names.data() + at);
    at += static_cast<ssize_t>(attribute.size()) + 1;
    std::string value(65536, '\0');
    const ssize_t size = ::fgetxattr(from, attribute.c_str(), value.data(), value.size());
    if (size >= 0) ::fsetxattr(to, attribute.c_str(), value.data(), static_cast<size_t>(size), 0);
  }
  const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
  if (::futimens(to, times.data()) != 0) return Error::system("utimens", name);
  return {};
}

Result<void> copy_entry(int from, int to, const std::string& entry, const std::string& name, int depth) {
  struct stat status {};
  if (::fstatat(from, entry.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return Error::system("stat", name);
  if (S_ISLNK(status.st_mode)) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = ::readlinkat(from, entry.c_str(), target.data(), target.size());
    if (length < 0) return Error::system("readlink", name);
    target.resize(static_cast<size_t>(length));
    if (::symlinkat(target.c_str(), to, entry.c_str()) != 0) return Error::system("symlink", name);
    if (::fchownat(to, entry.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
      return Error::system("chown", name);
    return {};
  }
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
    // Devices, sockets and pipes. A device that this user namespace may not make is left out.
    if (::mknodat(to, entry.c_str(), status.st_mode, status.st_rdev) != 0)
      return errno == EPERM ? Result<void>() : Error::system("mknod", name);
    if (::fchownat(to, entry.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
      return Error::system("chown", name);
    return {};
  }
  const bool directory = S_ISDIR(status.st_mode);
  const Fd source(::openat(from, entry.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!source) return Error::system("open", name);
  if (directory && ::mkdirat(to, entry.c_str(), 0700) != 0) return Error::system("mkdir", name);
  const int flags = directory ? O_RDONLY | O_DIRECTORY : O_WRONLY | O_CREAT | O_EXCL;
  const Fd target(::openat(to, entry.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!target) return Error::system("create", name);
  TRY(directory ? copy_directory(source.get(), target.get(), name, depth + 1)
                : copy_data(source.get(), target.get(), name));
  return copy_metadata(source.get(), target.get(), status, name);
}

Result<void> copy_directory(int from, int to, const std::string& name, int depth) {
  if (depth > deepest) return Error::from_errno(ELOOP, "copy", name);
  const int again = ::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return Error::system("open", name);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(again), ::closedir);
  if (!directory) return Error::system("read", name);
  for (errno = 0; const dirent* entry = ::readdir(directory.get()); errno = 0) {
    const std::string entry_name = entry->d_name;
    if (entry_name == "." || entry_name == "..") continue;
    TRY(copy_entry(from, to, entry_name, name + "/" + entry_name, depth));
  }
  if (errno != 0) return Error::system("read", name);
  return {};
}

}  // namespace

Result<void> copy_up(int from, int to, const std::string& name) {
  struct stat status {};
  if (::fstat(from, &status) != 0) return Error::system("stat", name);
  TRY(copy_directory(from, to, name, 0));
  return copy_metadata(from, to, status, name);
}

}  // namespace slipway::container

#include "core/archive/attributes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "core/archive/names.h"

namespace slipway::archive {

bool is_whiteout_at(int directory, const std::string& name) {
  struct stat status {};
  return fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == 0;
}

std::string fd_path(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

namespace {

// Calls a getter that fills a buffer or says how much it needs, until the buffer is large enough.
template <typename Get>
Result<std::string> read_growing(Get get, const std::string& name, const char* step) {
  std::string value(256, '\0');
  for (;;) {
    const ssize_t size = get(value.data(), value.size());
    if (size >= 0) {
      value.resize(static_cast<size_t>(size));
      return value;
    }
    if (errno != ERANGE) return Error::system(step, name);
    const ssize_t needed = get(nullptr, 0);
    if (needed < 0) return Error::system(step, name);
    value.resize(static_cast<size_t>(needed) + 64);
  }
}

template <typename List, typename Get>
Result<XattrList> read_all_xattrs(List list, Get get, const std::string& name) {
  XattrList xattrs;
  auto names = read_growing(list, name, "listxattr");
  if (!names) {
    if (names.error().code == EOPNOTSUPP) return xattrs;
    return std::move(names.error());
  }
  for (size_t begin = 0; begin < names->size();) {
    const std::string key(names->c_str() + begin);
    begin += key.size() + 1;
    auto value = read_growing([&](char* data, size_t size) { return get(key.c_str(), data, size); }, name, "getxattr");
    if (!value) {
      if (value.error().code == ENODATA) continue;  // removed meanwhile
      return std::move(value.error());
    }
    xattrs.emplace_back(key, std::move(*value));
  }
  std::sort(xattrs.begin(), xattrs.end());
  return xattrs;
}

}  // namespace

Result<XattrList> read_xattrs(int fd, const std::string& name) {
  return read_all_xattrs([fd](char* data, size_t size) { return flistxattr(fd, data, size); },
                         [fd](const char* key, char* data, size_t size) { return fgetxattr(fd, key, data, size); },
                         name);
}

Result<XattrList> read_xattrs_at(const std::string& path, const std::string& name) {
  return read_all_xattrs(
      [&](char* data, size_t size) { return llistxattr(path.c_str(), data, size); },
      [&](const char* key, char* data, size_t size) { return lgetxattr(path.c_str(), key, data, size); }, name);
}

Result<XattrList> read_xattrs_through(const std::string& path, const std::string& name) {
  return read_all_xattrs(
      [&](char* data, size_t size) { return listxattr(path.c_str(), data, size); },
      [&](const char* key, char* data, size_t size) { return getxattr(path.c_str(), key, data, size); }, name);
}

Result<void> copy_attributes(int from, int to, const std::string& name) {
  struct stat status {};
  if (fstat(from, &status) < 0) return Error::system("fstat", name);
  if (fchown(to, status.st_uid, status.st_gid) < 0) return Error::system("fchown", name);
  if (fchmod(to, status.st_mode & 07777) < 0) return Error::system("fchmod", name);
  TRY_ASSIGN(const XattrList xattrs, read_xattrs(from, name));
  for (const auto& [key, value] : xattrs) {
    if (is_overlay_xattr(key)) continue;
    if (fsetxattr(to, key.c_str(), value.data(), value.size(), 0) < 0 && errno != EOPNOTSUPP && errno != EPERM) {
      return Error::system("fsetxattr", name);
    }
  }
  const timespec times[2] = {status.st_atim, status.st_mtim};
  if (futimens(to, times) < 0) return Error::system("futimens", name);
  return {};
}

}  // namespace slipway::archive

#include "core/archive/directory_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/archive/attributes.h"
#include "core/archive/names.h"

namespace slipway::archive {

constexpr size_t most_open = 128;

const Directory& DirectoryCache::put(std::string_view path, Directory directory) {
  return open_.insert_or_assign(std::string(path), std::move(directory)).first->second;
}

void DirectoryCache::trim() {
  if (open_.size() >= most_open) open_.clear();
}

Result<const Directory*> DirectoryCache::find(std::string_view path) {
  if (const auto known = open_.find(path); known != open_.end()) return &known->second;
  auto opened = open(path);
  if (opened) return opened;
  if (opened.error().code == ENOENT || opened.error().code == ENOTDIR) return nullptr;
  return opened;
}

Result<const Directory*> DirectoryCache::get(std::string_view path) {
  TRY_ASSIGN(const Directory* found, find(path));
  if (found != nullptr) return found;
  TRY(make(path));
  return open(path);
}

Result<const Directory*> DirectoryCache::open(std::string_view path) {
  TRY_ASSIGN(Fd fd, inside_.open(std::string(path), O_PATH | O_DIRECTORY));
  struct stat status {};
  if (fstat(fd.get(), &status) < 0) return Error::system("fstat", path);
  return &put(path, {std::move(fd), (status.st_mode & S_ISGID) != 0});
}

Result<void> DirectoryCache::make(std::string_view path) {
  const auto [parent_path, name_view] = split_path(path);
  TRY_ASSIGN(const Directory* parent, get(parent_path));
  const std::string name(name_view);
  const bool instead_of_whiteout = !opaque_.empty() && is_whiteout_at(parent->fd.get(), name);
  if (instead_of_whiteout && unlinkat(parent->fd.get(), name.c_str(), 0) < 0) return Error::system("unlinkat", path);
  if (mkdirat(parent->fd.get(), name.c_str(), 0755) < 0) return Error::system("mkdirat", path);
  const Fd fd(openat(parent->fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Error::system("openat", path);
  if (fchmod(fd.get(), 0755) < 0) return Error::system("fchmod", path);
  if (instead_of_whiteout && fsetxattr(fd.get(), opaque_.c_str(), "y", 1, 0) < 0) {
    return Error::system("fsetxattr " + opaque_, path);
  }
  TRY_ASSIGN(const auto time, copy_from_lower(std::string(path), fd.get()));
  made_(std::string(path), time ? &*time : nullptr);
  return {};
}

Result<std::optional<timespec>> DirectoryCache::copy_from_lower(const std::string& path, int fd) {
  for (const Fd& layer : lower_) {
    const auto below = Inside(layer.get()).open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (below) {
      TRY(copy_attributes(below->get(), fd, path));
      struct stat status {};
      if (fstat(fd, &status) < 0) return Error::system("fstat", path);
      return std::optional(status.st_mtim);
    }
    // A file or a whiteout there hides what further layers have.
    if (below.error().code != ENOENT) break;
  }
  return std::optional<timespec>();
}

}  // namespace slipway::archive

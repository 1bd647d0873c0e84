#include "core/archive/copy_tree.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <climits>
#include <map>
#include <vector>

#include "core/archive/attributes.h"
#include "core/archive/names.h"
#include "core/archive/remove_tree.h"
#include "core/archive/tree.h"
#include "core/fd.h"
#include "core/inside.h"

namespace slipway::archive {
namespace {

class TreeCopier {
 public:
  TreeCopier(int from, int to, Ownership ownership, bool replace)
      : from_(from), to_(to), ownership_(ownership), replace_(replace) {}

  Result<CopyResult> copy() {
    TRY(walk_tree(from_, true, [this](const TreeEntry& entry) -> Result<Walk> {
      TRY(copy_entry(entry));
      return Walk::enter;
    }));
    // Innermost first: setting a directory's time is the last thing that happens to it.
    for (auto time = times_.rbegin(); time != times_.rend(); ++time) {
      const timespec both[2] = {time->second, time->second};
      TRY_ASSIGN(const Fd directory, parent_of(time->first));
      const std::string name(time->first.empty() ? "." : split_path(time->first).name);
      if (utimensat(directory.get(), name.c_str(), both, AT_SYMLINK_NOFOLLOW) < 0) {
        return Error::system("utimensat", time->first);
      }
    }
    return result_;
  }

 private:
  Result<Fd> parent_of(const std::string& path) const {
    return Inside(to_).open_without_links(std::string(split_path(path).parent), O_PATH | O_DIRECTORY);
  }

  Result<void> copy_entry(const TreeEntry& entry) {
    if (S_ISSOCK(entry.status.st_mode)) return {};
    if (entry.path.empty()) return finish(entry, to_, ".");
    result_.entries++;
    TRY_ASSIGN(const Fd directory, parent_of(entry.path));
    const int parent = directory.get();
    if (replace_) TRY(make_room(entry, parent));
    if (!S_ISDIR(entry.status.st_mode) && entry.status.st_nlink > 1) {
      const auto [known, added] = linked_.try_emplace({entry.status.st_dev, entry.status.st_ino}, entry.path);
      if (!added) return make_link(known->second, parent, entry);
    }
    TRY(make(entry, parent));
    return finish(entry, parent, entry.name);
  }

  static Result<void> make_room(const TreeEntry& entry, int parent) {
    struct stat there {};
    if (fstatat(parent, entry.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) < 0) return {};
    if (S_ISDIR(there.st_mode) && S_ISDIR(entry.status.st_mode)) return {};
    return remove_tree_at(parent, entry.name);
  }

  Result<void> make_link(const std::string& target, int parent, const TreeEntry& entry) const {
    TRY_ASSIGN(const Fd directory, parent_of(target));
    const std::string name(split_path(target).name);
    if (linkat(directory.get(), name.c_str(), parent, entry.name.c_str(), 0) < 0) {
      return Error::system("linkat", entry.path);
    }
    return {};
  }

  Result<void> make(const TreeEntry& entry, int parent) {
    const char* name = entry.name.c_str();
    const mode_t mode = entry.status.st_mode;
    if (S_ISREG(mode)) return copy_file(entry, parent);
    if (S_ISDIR(mode)) {
      if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST) return Error::system("mkdirat", entry.path);
    } else if (S_ISLNK(mode)) {
      char target[PATH_MAX + 1];
      const ssize_t size = readlinkat(entry.parent, name, target, sizeof(target) - 1);
      if (size < 0) return Error::system("readlinkat", entry.path);
      target[size] = '\0';
      if (symlinkat(target, parent, name) < 0) return Error::system("symlinkat", entry.path);
    } else if (mknodat(parent, name, (mode & S_IFMT) | 0600, entry.status.st_rdev) < 0) {
      return Error::system("mknodat", entry.path);
    }
    return {};
  }

  Result<void> copy_file(const TreeEntry& entry, int parent) {
    const Fd in(openat(entry.parent, entry.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!in) return Error::system("openat", entry.path);
    const Fd out(openat(parent, entry.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out) return Error::system("openat", entry.path);
    result_.bytes += static_cast<uint64_t>(entry.status.st_size);
    if (ioctl(out.get(), FICLONE, in.get()) == 0) return {};
    return copy_data(entry, in.get(), out.get());
  }

  static Result<void> copy_data(const TreeEntry& entry, int in, int out) {
    const off_t size = entry.status.st_size;
    std::vector<char> buffer;
    for (off_t at = 0; at < size;) {
      const off_t begin = lseek(in, at, SEEK_DATA);
      if (begin < 0 && errno == ENXIO) break;
      const off_t end = begin < 0 ? size : lseek(in, begin, SEEK_HOLE);
      at = begin < 0 ? at : begin;  // no SEEK_DATA here: all is data
      if (buffer.empty()) buffer.resize(256 * 1024);
      while (at < end) {
        const auto want = static_cast<size_t>(std::min<off_t>(end - at, static_cast<off_t>(buffer.size())));
        const ssize_t got = pread(in, buffer.data(), want, at);
        if (got < 0) return Error::system("read", entry.path);
        if (got == 0) return truncate(entry, out, at);  // it shrank meanwhile
        if (pwrite(out, buffer.data(), static_cast<size_t>(got), at) != got) return Error::system("write", entry.path);
        at += got;
      }
    }
    return truncate(entry, out, size);
  }

  static Result<void> truncate(const TreeEntry& entry, int out, off_t size) {
    if (ftruncate(out, size) < 0) return Error::system("ftruncate", entry.path);
    return {};
  }

  // Owner, mode, attributes, time.
  Result<void> finish(const TreeEntry& entry, int parent, const std::string& name) {
    const struct stat& status = entry.status;
    if (ownership_ != Ownership::ignore &&
        fchownat(parent, name.c_str(), status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
        !(ownership_ == Ownership::attempt && (errno == EINVAL || errno == EPERM))) {
      return Error::system("chown", entry.path);
    }
    if (!S_ISLNK(status.st_mode)) {
      const Fd fd(openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      if (!fd || chmod(fd_path(fd.get()).c_str(), status.st_mode & 07777) < 0)
        return Error::system("chmod", entry.path);
    }
    TRY_ASSIGN(const XattrList xattrs, read_xattrs_at(fd_path(entry.parent) + "/" + entry.name, entry.path));
    const std::string target = fd_path(parent) + "/" + name;
    for (const auto& [key, value] : xattrs) {
      if (is_overlay_xattr(key)) continue;
      if (lsetxattr(target.c_str(), key.c_str(), value.data(), value.size(), 0) < 0 && errno != EOPNOTSUPP &&
          errno != EPERM) {
        return Error::system("setxattr " + key, entry.path);
      }
    }
    if (S_ISDIR(status.st_mode)) {
      times_.emplace_back(entry.path, status.st_mtim);
      return {};
    }
    const timespec both[2] = {status.st_atim, status.st_mtim};
    if (utimensat(parent, name.c_str(), both, AT_SYMLINK_NOFOLLOW) < 0) return Error::system("utimensat", entry.path);
    return {};
  }

  int from_;
  int to_;
  Ownership ownership_;
  bool replace_;
  CopyResult result_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
  std::vector<std::pair<std::string, timespec>> times_;
};

}  // namespace

Result<CopyResult> copy_tree(int from, int to, Ownership ownership, bool replace) {
  return TreeCopier(from, to, ownership, replace).copy();
}

}  // namespace slipway::archive

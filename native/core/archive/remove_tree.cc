#include "core/archive/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "core/fd.h"

namespace slipway::archive {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

// One directory that is being emptied. Depth costs heap, not stack: hostile trees are thousands of levels deep.
struct Level {
  DirectoryStream stream;
  std::string name;   // in its parent
  std::string below;  // its path from the top
  bool kept_any = false;
};

Result<DirectoryStream> open_directory(int parent, const std::string& name) {
  Fd fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Error::system("openat", name);
  // The owner of a directory may have taken its own right to change it; without CAP_DAC_OVERRIDE that would be final.
  struct stat status {};
  if (fstat(fd.get(), &status) == 0 && (status.st_mode & 0700) != 0700) fchmod(fd.get(), status.st_mode | 0700);
  DirectoryStream stream(fdopendir(fd.get()));
  if (!stream) return Error::system("fdopendir", name);
  fd.release();
  return stream;
}

class TreeRemover {
 public:
  TreeRemover(int directory, const std::function<bool(const std::string&)>& keep) : top_(directory), keep_(keep) {}

  Result<void> remove(const std::string& name) {
    TRY(visit(top_, name, ""));
    while (!levels_.empty()) {
      Level& level = levels_.back();
      errno = 0;
      const dirent* entry = readdir(level.stream.get());
      if (entry == nullptr) {
        if (errno != 0) return Error::system("readdir", level.below);
        TRY(leave());
        continue;
      }
      const std::string child = entry->d_name;
      if (child == "." || child == "..") continue;
      TRY(visit(dirfd(level.stream.get()), child, level.below.empty() ? child : level.below + "/" + child));
    }
    return {};
  }

 private:
  Result<void> visit(int parent, const std::string& name, const std::string& below) {
    if (keep_ && keep_(below) && !is_directory(parent, name)) {
      if (!levels_.empty()) levels_.back().kept_any = true;
      return {};
    }
    if (unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return Error::system("unlinkat", below.empty() ? name : below);
    if (!is_directory(parent, name)) {
      if (errno == ENOENT) return {};  // somebody else removes the same tree
      return Error::from_errno(EPERM, "unlinkat", below.empty() ? name : below);
    }
    const bool kept = keep_ && keep_(below);
    if (!kept && unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return {};
    auto stream = open_directory(parent, name);
    if (!stream) {
      if (stream.error().code == ENOENT) return {};
      return std::move(stream.error());
    }
    levels_.push_back({std::move(*stream), name, below});
    return {};
  }

  Result<void> leave() {
    const Level done = std::move(levels_.back());
    levels_.pop_back();
    const int parent = levels_.empty() ? top_ : dirfd(levels_.back().stream.get());
    if (done.kept_any || (keep_ && keep_(done.below))) {
      if (!levels_.empty()) levels_.back().kept_any = true;
      return {};
    }
    if (unlinkat(parent, done.name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
      return Error::system("unlinkat", done.below.empty() ? done.name : done.below);
    }
    return {};
  }

  static bool is_directory(int parent, const std::string& name) {
    struct stat status {};
    errno = 0;
    return fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
  }

  int top_;
  const std::function<bool(const std::string&)>& keep_;
  std::vector<Level> levels_;
};

}  // namespace

Result<void> remove_tree_at(int directory, const std::string& name,
                            const std::function<bool(const std::string& below)>& keep) {
  return TreeRemover(directory, keep).remove(name);
}

}  // namespace slipway::archive

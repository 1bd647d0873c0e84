#include "core/archive/tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "core/archive/list_directory.h"
#include "core/fd.h"

namespace slipway::archive {
namespace {

// A directory whose names are being gone through.
struct Level {
  Fd fd;
  std::vector<std::string> names;
  size_t next = 0;
  size_t path_size = 0;  // of the path of this directory
};

}  // namespace

// Levels are kept on the heap, so that no depth can exhaust the stack.
Result<void> walk_tree(int top, bool one_file_system,
                       const std::function<Result<Walk>(const TreeEntry& entry)>& visit) {
  struct stat status {};
  if (fstat(top, &status) < 0) return Error::system("fstat");
  const dev_t device = status.st_dev;
  std::string path;
  const std::string dot = ".";
  TRY_ASSIGN(const Walk begin, visit({top, dot, path, status}));
  if (begin == Walk::pass) return {};

  std::vector<Level> levels;
  const auto enter = [&](int parent, const std::string& name) -> Result<void> {
    Level level{Fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)), {}, 0, path.size()};
    if (!level.fd) return Error::system("openat", path);
    auto names = list_directory(level.fd.get());
    if (!names) return std::move(names.error()).with_context(path);
    level.names = std::move(*names);
    levels.push_back(std::move(level));
    return {};
  };
  TRY(enter(top, dot));
  while (!levels.empty()) {
    Level& level = levels.back();
    path.resize(level.path_size);
    if (level.next == level.names.size()) {
      levels.pop_back();
      continue;
    }
    const std::string& name = level.names[level.next++];
    if (!path.empty()) path.push_back('/');
    path += name;
    if (fstatat(level.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
      if (errno == ENOENT) continue;  // removed meanwhile
      return Error::system("fstatat", path);
    }
    if (one_file_system && status.st_dev != device) continue;
    TRY_ASSIGN(const Walk go_on, visit({level.fd.get(), name, path, status}));
    if (go_on == Walk::pass || !S_ISDIR(status.st_mode)) continue;
    if (auto entered = enter(level.fd.get(), name); !entered && entered.error().code != ENOENT) return entered;
  }
  return {};
}

Result<TreeSize> tree_size(int top) {
  TreeSize size;
  std::set<std::pair<dev_t, ino_t>> linked;
  TRY(walk_tree(top, true, [&](const TreeEntry& entry) -> Result<Walk> {
    if (!entry.path.empty()) size.entries++;
    const struct stat& status = entry.status;
    const bool counted =
        !S_ISDIR(status.st_mode) && status.st_nlink > 1 && !linked.insert({status.st_dev, status.st_ino}).second;
    if (counted) return Walk::enter;
    if (S_ISREG(status.st_mode)) size.bytes += static_cast<uint64_t>(status.st_size);
    size.blocks += static_cast<uint64_t>(status.st_blocks) * 512;
    return Walk::enter;
  }));
  return size;
}

}  // namespace slipway::archive

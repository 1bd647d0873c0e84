// What a container changed: docker diff.
#include <fcntl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/archive/attributes.h"
#include "core/archive/list_directory.h"
#include "core/archive/names.h"
#include "core/archive/pack.h"
#include "core/archive/tree.h"
#include "core/archive/tree_diff.h"
#include "core/fd.h"

namespace slipway::archive {
namespace {

Result<Fd> open_top(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error::system("open", path);
  return fd;
}

bool is_whiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

// The lower layers as overlayfs merges them.
class LowerLayers {
 public:
  LowerLayers(std::vector<Fd> layers, std::string opaque) : layers_(std::move(layers)), opaque_(std::move(opaque)) {}

  // The file that is seen at the clean path, if any.
  std::optional<struct stat> find(const std::string& path) const {
    for (const Fd& layer : layers_) {
      struct stat status {};
      const Look look = look_up(layer.get(), path, status);
      if (look == Look::found) return status;
      if (look == Look::hidden) return std::nullopt;
    }
    return std::nullopt;
  }

  // The names that are seen in the directory at the path.
  std::set<std::string> names(const std::string& path) const {
    std::set<std::string> seen;
    std::set<std::string> hidden;
    for (const Fd& layer : layers_) {
      struct stat status {};
      const Look look = look_up(layer.get(), path, status);
      if (look == Look::hidden || (look == Look::found && !S_ISDIR(status.st_mode))) break;
      if (look == Look::missing) continue;
      const Fd directory(openat(layer.get(), path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!directory) continue;
      const auto listed = list_directory(directory.get());
      if (!listed) continue;
      for (const std::string& name : *listed) {
        const bool whiteout = is_whiteout_at(directory.get(), name);
        if (seen.contains(name) || hidden.contains(name)) continue;
        (whiteout ? hidden : seen).insert(name);
      }
      if (opaque_at(directory.get())) break;
    }
    return seen;
  }

 private:
  enum class Look { found, missing, hidden };  // hidden: and in all layers below, too

  bool opaque_at(int fd) const {
    char value = 0;
    return fgetxattr(fd, opaque_.c_str(), &value, 1) == 1 && value == 'y';
  }

  // Part by part: something on the way may hide what further layers have.
  Look look_up(int layer, const std::string& path, struct stat& status) const {
    Fd at(openat(layer, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    bool opaque = false;
    for (size_t begin = 0; at; begin = path.find('/', begin) + 1) {
      const size_t end = std::min(path.find('/', begin), path.size());
      const std::string name = path.substr(begin, end - begin);
      opaque = opaque || opaque_at(at.get());
      if (fstatat(at.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
        return opaque ? Look::hidden : Look::missing;
      }
      if (is_whiteout(status)) return Look::hidden;
      if (end == path.size()) return Look::found;
      if (!S_ISDIR(status.st_mode)) return Look::hidden;
      at = Fd(openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    return Look::missing;
  }

  std::vector<Fd> layers_;
  std::string opaque_;
};

class OverlayChanges {
 public:
  OverlayChanges(LowerLayers layers, std::string opaque) : layers_(std::move(layers)), opaque_(std::move(opaque)) {}

  Result<std::vector<Change>> list(int upper) {
    TRY(walk_tree(upper, true, [this](const TreeEntry& entry) -> Result<Walk> {
      if (entry.path.empty()) return Walk::enter;
      return visit(entry);
    }));
    std::vector<Change> changes;
    for (const auto& [path, kind] : kinds_) changes.push_back({"/" + path, kind});
    std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.path < b.path; });
    return changes;
  }

 private:
  Result<Walk> visit(const TreeEntry& entry) {
    const auto lower = hidden_below(entry.path) ? std::nullopt : layers_.find(entry.path);
    if (is_whiteout(entry.status)) {
      // One that hides nothing is left from a file that was made and removed again.
      if (lower) tell(entry.path, 'D');
      return Walk::pass;
    }
    const bool is_directory = S_ISDIR(entry.status.st_mode);
    if (!lower) {
      tell(entry.path, 'A');
      if (is_directory) opaque_prefix_ = entry.path + "/";
      return Walk::enter;
    }
    if (!same_file(*lower, entry.status)) tell(entry.path, 'C');
    if (!is_directory) return Walk::enter;
    char value = 0;
    const std::string path = fd_path(entry.parent) + "/" + entry.name;
    const bool opaque = lgetxattr(path.c_str(), opaque_.c_str(), &value, 1) == 1 && value == 'y';
    if (!S_ISDIR(lower->st_mode) || opaque) {
      if (opaque) TRY(replaced(entry, path));
      opaque_prefix_ = entry.path + "/";
    }
    return Walk::enter;
  }

  // An opaque directory: what the lower one had and this one has not was deleted.
  Result<void> replaced(const TreeEntry& entry, const std::string& reach) {
    const Fd directory(open(reach.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return Error::system("open", entry.path);
    TRY_ASSIGN(const std::vector<std::string> kept, list_directory(directory.get()));
    for (const std::string& name : layers_.names(entry.path)) {
      if (!std::binary_search(kept.begin(), kept.end(), name)) tell(entry.path + "/" + name, 'D');
    }
    return {};
  }

  // Whether an opaque or new directory above hides the lower layers. The walk goes depth first, so one prefix will do.
  bool hidden_below(const std::string& path) const {
    return !opaque_prefix_.empty() && path.starts_with(opaque_prefix_);
  }

  // Also the directories on the way count as changed.
  void tell(const std::string& path, char kind) {
    kinds_[path] = kind;
    for (size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0; slash = path.rfind('/', slash - 1)) {
      if (!kinds_.try_emplace(path.substr(0, slash), 'C').second) break;
    }
  }

  LowerLayers layers_;
  std::string opaque_;
  std::string opaque_prefix_;
  std::map<std::string, char> kinds_;
};

}  // namespace

Result<std::vector<Change>> overlay_changes(const std::string& upper, const std::vector<std::string>& lower,
                                            bool user_xattr) {
  std::vector<Fd> layers;
  for (const std::string& path : lower) {
    TRY_ASSIGN(Fd fd, open_top(path));
    layers.push_back(std::move(fd));
  }
  TRY_ASSIGN(const Fd top, open_top(upper));
  const std::string opaque = opaque_xattr(user_xattr);
  return OverlayChanges(LowerLayers(std::move(layers), opaque), opaque).list(top.get());
}

Result<std::vector<Change>> tree_changes(const std::string& lower, const std::string& upper) {
  TRY_ASSIGN(const Fd lower_top, open_top(lower));
  TRY_ASSIGN(const Fd upper_top, open_top(upper));
  std::vector<Change> changes;
  TRY(diff_trees(lower_top.get(), upper_top.get(), [&](const Difference& difference) -> Result<void> {
    changes.push_back({"/" + difference.path, difference.kind});
    return {};
  }));
  return changes;
}

}  // namespace slipway::archive

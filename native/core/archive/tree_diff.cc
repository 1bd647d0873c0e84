#include "core/archive/tree_diff.h"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <optional>
#include <vector>

#include "core/archive/attributes.h"
#include "core/archive/list_directory.h"
#include "core/archive/tree.h"
#include "core/fd.h"

namespace slipway::archive {

bool same_file(const struct stat& a, const struct stat& b) {
  if (a.st_mode != b.st_mode || a.st_uid != b.st_uid || a.st_gid != b.st_gid || a.st_rdev != b.st_rdev) return false;
  if (S_ISDIR(a.st_mode)) return true;  // its time tells only that something in it changed
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

namespace {

std::string link_text(int parent, const std::string& name) {
  char target[PATH_MAX];
  const ssize_t size = readlinkat(parent, name.c_str(), target, sizeof(target));
  return size < 0 ? std::string() : std::string(target, static_cast<size_t>(size));
}

struct Side {
  Fd fd;  // of the directory; none where the tree has no such directory
  std::vector<std::string> names;
  size_t next = 0;
  const std::string* name() const { return next < names.size() ? &names[next] : nullptr; }
};

struct Level {
  Side lower;
  Side upper;
  size_t path_size = 0;
  // The directory itself was not told yet: it is the same in both, as far as is known.
  bool pending = false;
  std::string name;
  struct stat status {};
};

class TreeDiffer {
 public:
  explicit TreeDiffer(const std::function<Result<void>(const Difference&)>& visit) : visit_(visit) {}

  Result<void> run(int lower, int upper) {
    const struct stat none {};
    TRY(enter(lower, upper, ".", none, false));
    while (!levels_.empty()) TRY(step());
    return {};
  }

 private:
  static Result<Side> open_side(int parent, const std::string& name) {
    Side side;
    if (parent < 0) return side;
    side.fd = Fd(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!side.fd) return Error::system("openat", name);
    TRY_ASSIGN(side.names, list_directory(side.fd.get()));
    return side;
  }

  Result<void> enter(int lower, int upper, const std::string& name, const struct stat& status, bool pending) {
    TRY_ASSIGN(Side lower_side, open_side(lower, name));
    TRY_ASSIGN(Side upper_side, open_side(upper, name));
    levels_.push_back({std::move(lower_side), std::move(upper_side), path_.size(), pending, name, status});
    return {};
  }

  Result<void> step() {
    Level& level = levels_.back();
    path_.resize(level.path_size);
    const std::string* lower = level.lower.name();
    const std::string* upper = level.upper.name();
    if (lower == nullptr && upper == nullptr) {
      levels_.pop_back();
      return {};
    }
    const bool in_lower = lower != nullptr && (upper == nullptr || *lower <= *upper);
    const bool in_upper = upper != nullptr && (lower == nullptr || *upper <= *lower);
    const std::string name = in_upper ? *upper : *lower;
    if (in_lower) level.lower.next++;
    if (in_upper) level.upper.next++;
    if (!path_.empty()) path_.push_back('/');
    path_ += name;
    return compare(level, name, in_lower, in_upper);
  }

  static Result<std::optional<struct stat>> status_of(bool wanted, const Side& side, const std::string& name) {
    struct stat status {};
    if (!wanted) return std::optional<struct stat>();
    if (fstatat(side.fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return std::optional(status);
    if (errno == ENOENT) return std::optional<struct stat>();
    return Error::system("fstatat", name);
  }

  Result<void> compare(Level& level, const std::string& name, bool in_lower, bool in_upper) {
    TRY_ASSIGN(const auto lower, status_of(in_lower, level.lower, name));
    TRY_ASSIGN(const auto upper, status_of(in_upper, level.upper, name));
    if (!upper) return lower ? tell('D', name, *lower) : Result<void>();
    const bool is_directory = S_ISDIR(upper->st_mode);
    const bool was_directory = lower && S_ISDIR(lower->st_mode);
    const int lower_fd = was_directory ? level.lower.fd.get() : -1;
    const int upper_fd = level.upper.fd.get();
    if (!lower) {
      TRY(tell('A', name, *upper));
      return is_directory ? enter(-1, upper_fd, name, *upper, false) : Result<void>();
    }
    const bool links_differ =
        S_ISLNK(upper->st_mode) && link_text(upper_fd, name) != link_text(level.lower.fd.get(), name);
    TRY_ASSIGN(const bool xattrs_equal, same_xattrs(level, name));
    const bool same = same_file(*lower, *upper) && !links_differ && xattrs_equal;
    if (!same) TRY(tell('C', name, *upper));
    if (!is_directory) return {};
    return enter(lower_fd, levels_.back().upper.fd.get(), name, *upper, same);
  }

  static Result<bool> same_xattrs(const Level& level, const std::string& name) {
    TRY_ASSIGN(const XattrList lower, read_xattrs_at(fd_path(level.lower.fd.get()) + "/" + name, name));
    TRY_ASSIGN(const XattrList upper, read_xattrs_at(fd_path(level.upper.fd.get()) + "/" + name, name));
    return lower == upper;
  }

  // Tells first of the directories on the way that were not told yet.
  Result<void> tell(char kind, const std::string& name, const struct stat& status) {
    for (size_t i = 1; i < levels_.size(); i++) {
      Level& level = levels_[i];
      if (!level.pending) continue;
      level.pending = false;
      const std::string path = path_.substr(0, level.path_size);
      TRY(visit_({'C', levels_[i - 1].upper.fd.get(), level.name, path, level.status}));
    }
    return visit_({kind, levels_.back().upper.fd.get(), name, path_, status});
  }

  const std::function<Result<void>(const Difference&)>& visit_;
  std::vector<Level> levels_;
  std::string path_;
};

}  // namespace

Result<void> diff_trees(int lower, int upper, const std::function<Result<void>(const Difference&)>& visit) {
  return TreeDiffer(visit).run(lower, upper);
}

}  // namespace slipway::archive

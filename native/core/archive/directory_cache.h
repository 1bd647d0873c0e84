// The directories that an archive's entries go into, opened once and kept open.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/fd.h"
#include "core/inside.h"
#include "core/result.h"

namespace slipway::archive {

struct Directory {
  Fd fd;                     // may be O_PATH
  bool gives_group = false;  // setgid: what is made in it does not belong to the caller's group
};

class DirectoryCache {
 public:
  // Is told of every directory that an entry's name only implied, with the time it should keep, if any.
  using Made = std::function<void(const std::string& path, const timespec* time)>;

  // `opaque` is the attribute that marks a directory in place of a whiteout; empty where whiteouts are not files.
  DirectoryCache(int root, std::vector<Fd> lower, std::string opaque, Made made)
      : inside_(root), lower_(std::move(lower)), opaque_(std::move(opaque)), made_(std::move(made)) {}

  // The directory at the clean path, with links resolved inside the root; made with its parents if it is missing. Valid
  // until the next call of trim() or clear().
  Result<const Directory*> get(std::string_view path);
  // The same, but null if it is missing or no directory.
  Result<const Directory*> find(std::string_view path);

  const Directory& put(std::string_view path, Directory directory);
  // Bounds how many stay open; called between entries.
  void trim();
  // To be called when a directory or link was removed: other names may lead elsewhere now.
  void clear() { open_.clear(); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  Result<const Directory*> open(std::string_view path);
  Result<void> make(std::string_view path);
  // Owner, mode and attributes of the topmost lower layer's directory of that name.
  Result<std::optional<timespec>> copy_from_lower(const std::string& path, int fd);

  Inside inside_;
  std::vector<Fd> lower_;
  std::string opaque_;
  Made made_;
  std::unordered_map<std::string, Directory, Hash, std::equal_to<>> open_;
};

}  // namespace slipway::archive

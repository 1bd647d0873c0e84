// Walking a directory tree without following links, and what a whole tree can be asked.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>

#include "core/result.h"

namespace slipway::archive {

struct TreeEntry {
  int parent;               // the directory it is in, open
  const std::string& name;  // in the parent; "." for the top itself
  const std::string& path;  // from the top: "" for itself, "usr/bin"
  const struct stat& status;
};

enum class Walk { enter, pass };  // whether to go into a directory

// Visits the directory `top` itself and everything below, each directory before its content, sorted bytewise by name.
// With `one_file_system`, directories where something is mounted are not visited.
Result<void> walk_tree(int top, bool one_file_system, const std::function<Result<Walk>(const TreeEntry& entry)>& visit);

struct TreeSize {
  uint64_t entries = 0;  // the top itself not counted
  uint64_t bytes = 0;    // of files' data, hard links once
  uint64_t blocks = 0;   // bytes taken on disk
};
Result<TreeSize> tree_size(int top);

}  // namespace slipway::archive

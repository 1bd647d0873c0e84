// What differs between two plain trees.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>

#include "core/result.h"

namespace slipway::archive {

struct Difference {
  char kind;   // A: only in the upper tree, C: in both, but not the same, D: only in the lower tree
  int parent;  // the directory that it is (or, for D, would be) in, open, in the upper tree
  const std::string& name;
  const std::string& path;    // "usr/bin/x"
  const struct stat& status;  // of the upper tree's file; of the lower one's for D
};

// Whether two files of the same type hold the same as far as their attributes tell (size and time stand for the data).
bool same_file(const struct stat& a, const struct stat& b);

// Visits all differences, sorted by path, each directory before its content; a directory with differences below is one
// itself. Of what was deleted or added as a whole, deletions are told once, additions one by one.
Result<void> diff_trees(int lower, int upper, const std::function<Result<void>(const Difference&)>& visit);

}  // namespace slipway::archive

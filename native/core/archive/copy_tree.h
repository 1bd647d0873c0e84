// cp -a of a directory's content.
#pragma once

#include <cstdint>

#include "core/archive/unpack.h"
#include "core/result.h"

namespace slipway::archive {

struct CopyResult {
  uint64_t entries = 0;
  uint64_t bytes = 0;
};

// Copies what is in one open directory into another, which takes the first one's own owner, mode and attributes. Holes
// stay holes, data are shared where the file system can (reflinks), mounts below are left out, sockets too. With
// `replace`, what is there already makes room; directories stay, with what else they hold.
Result<CopyResult> copy_tree(int from, int to, Ownership ownership, bool replace);

}  // namespace slipway::archive

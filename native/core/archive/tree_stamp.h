// What the kernel knows of many files, as one digest: whether anything changed since it was taken.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::archive {

struct TreeStamp {
  std::string digest;
  int64_t newest = 0;     // latest change of status, in milliseconds since the epoch
  bool is_coarse = true;  // whether no time has a part smaller than 10 ms: a file system that keeps no finer ones
};

// `paths` are relative to `root`, with "//" between them; links at their ends are not followed. One that is absent
// counts, too.
TreeStamp stamp_paths(int root, std::string_view paths);

}  // namespace slipway::archive

// Archives of trees and of what differs between them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/archive/source.h"
#include "core/result.h"

namespace slipway::archive {

enum class PackKind { tree, path, overlay, difference };

// The meaning of each is told in runtime/native/archive.ts (PackSource).
struct PackSource {
  PackKind kind = PackKind::tree;
  std::string root;
  std::string path;
  std::string as;
  bool follow = false;
  bool cross_mounts = false;
  std::string upper;
  std::string lower;
  bool user_xattr = false;
};

struct PackOptions {
  std::optional<int64_t> clamp_time;
  bool nanoseconds = false;
};

// The number of entries. The sink is finished.
Result<uint64_t> pack(Sink& sink, const PackSource& source, const PackOptions& options);

struct Change {
  std::string path;
  char kind = 'C';  // A, C or D
};

// Of an overlay upper directory over its lower ones (topmost first), sorted by path.
Result<std::vector<Change>> overlay_changes(const std::string& upper, const std::vector<std::string>& lower,
                                            bool user_xattr);
Result<std::vector<Change>> tree_changes(const std::string& lower, const std::string& upper);

}  // namespace slipway::archive

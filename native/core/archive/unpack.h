// Unpacks a tar stream into a directory that nothing in it can leave.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/archive/source.h"
#include "core/result.h"

namespace slipway::archive {

enum class Whiteouts { overlay, apply, keep };
enum class Ownership { keep, attempt, ignore };
enum class Devices { create, refuse, skip };
enum class Xattrs { keep, attempt, ignore };

// The meaning of each is told in runtime/native/archive.ts, which has the same names.
struct UnpackOptions {
  std::string target;
  Whiteouts whiteouts = Whiteouts::keep;
  bool user_xattr = false;
  std::vector<std::string> lower;
  std::string link_from;
  Ownership ownership = Ownership::keep;
  std::optional<std::pair<uid_t, gid_t>> owner;
  Devices devices = Devices::create;
  Xattrs xattrs = Xattrs::attempt;
  bool refuse_type_change = false;
  bool sync = false;
  uint64_t entry_limit = 10'000'000;
  uint64_t byte_limit = std::numeric_limits<uint64_t>::max();
  uint64_t header_limit = 1 << 20;
  // The calling thread has a umask of 0 to itself (unshare(CLONE_FS)): new files get their mode as they are made.
  bool umask_is_zero = false;
};

struct UnpackResult {
  uint64_t entries = 0;
  uint64_t bytes = 0;  // of file data written
  uint64_t size = 0;   // of the archive
};

Result<UnpackResult> unpack(Source& source, const UnpackOptions& options);

}  // namespace slipway::archive

#include "core/archive/tree_stamp.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "core/archive/sha256.h"

namespace slipway::archive {
namespace {

// All that changes when a file does. Reading it changes nothing of it.
std::array<uint64_t, 11> facts(const struct stat& status) {
  return {status.st_dev,
          status.st_ino,
          status.st_mode,
          status.st_nlink,
          status.st_uid,
          status.st_gid,
          static_cast<uint64_t>(status.st_size),
          static_cast<uint64_t>(status.st_mtim.tv_sec),
          static_cast<uint64_t>(status.st_mtim.tv_nsec),
          static_cast<uint64_t>(status.st_ctim.tv_sec),
          static_cast<uint64_t>(status.st_ctim.tv_nsec)};
}

}  // namespace

TreeStamp stamp_paths(int root, std::string_view paths) {
  constexpr long coarse = 10'000'000;
  TreeStamp stamp;
  Sha256 hash;
  std::string path;
  for (size_t begin = 0; begin < paths.size();) {
    const size_t end = std::min(paths.find("//", begin), paths.size());
    path.assign(paths.substr(begin, end - begin));
    begin = end + 2;
    struct stat status {};
    // An absent file has no facts at all: none that is there looks so.
    if (fstatat(root, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) status = {};
    const auto known = facts(status);
    hash.update({reinterpret_cast<const char*>(known.data()), sizeof(known)});
    stamp.newest = std::max(stamp.newest, int64_t{status.st_ctim.tv_sec} * 1000 + status.st_ctim.tv_nsec / 1'000'000);
    if (status.st_ctim.tv_nsec % coarse != 0) stamp.is_coarse = false;
  }
  stamp.digest = hash.digest();
  return stamp;
}

}  // namespace slipway::archive

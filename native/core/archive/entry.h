// One entry of a tar archive, with what the extended headers said about it.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace slipway::archive {

enum class EntryType { file, hard_link, symlink, character, block, directory, fifo };

// A piece of a sparse file that holds data; what lies between the pieces is a hole.
struct SparsePart {
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct Entry {
  EntryType type = EntryType::file;
  std::string name;         // as in the archive; not cleaned
  std::string link_target;  // of hard and symbolic links
  mode_t mode = 0;          // 07777
  uid_t uid = 0;
  gid_t gid = 0;
  timespec mtime{};
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  uint64_t stored_size = 0;  // bytes of data in the archive
  uint64_t size = 0;         // bytes of the file
  bool sparse = false;
  std::vector<SparsePart> parts;  // of a sparse file, ascending
  std::vector<std::pair<std::string, std::string>> xattrs;
  uint64_t offset = 0;  // where its headers begin in the archive

  void clear() {
    name.clear();
    link_target.clear();
    parts.clear();
    xattrs.clear();
    *this = Entry{.name = std::move(name),
                  .link_target = std::move(link_target),
                  .parts = std::move(parts),
                  .xattrs = std::move(xattrs)};
  }
};

}  // namespace slipway::archive

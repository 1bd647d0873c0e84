// Extended header records (POSIX.1-2017 pax, "pax Header Block"): what they may say about an entry.
#pragma once

#include <time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/archive/entry.h"
#include "core/result.h"

namespace slipway::archive {

struct PaxHeader {
  std::optional<std::string> path;
  std::optional<std::string> link_path;
  std::optional<uint64_t> size;
  std::optional<int64_t> uid;
  std::optional<int64_t> gid;
  std::optional<timespec> mtime;
  std::vector<std::pair<std::string, std::string>> xattrs;

  // GNU's sparse files in pax archives: formats 0.0 (offset and size records in pairs), 0.1 (one map record) and
  // 1.0 (the map stands before the data).
  bool sparse = false;
  int sparse_major = 0;
  std::optional<std::string> sparse_name;
  std::optional<uint64_t> sparse_size;
  std::vector<uint64_t> sparse_map;  // offset, size, offset, size, …

  bool empty() const { return !path && !link_path && !size && !uid && !gid && !mtime && xattrs.empty() && !sparse; }

  // Adds the records of one header's data. A record with no value takes back an earlier one.
  Result<void> add(std::string_view records);
  // Without what names or measures a single file: what a global header may set for all.
  void keep_global_only();

 private:
  Result<void> add_record(std::string_view key, std::string_view value);
  Result<void> add_sparse(std::string_view key, std::string_view value);
  void add_xattr(std::string_view name, std::string value);
};

// "1350244992.023960108", negative as well; digits beyond nanoseconds are dropped.
std::optional<timespec> parse_pax_time(std::string_view text);
std::optional<uint64_t> parse_decimal(std::string_view text);

}  // namespace slipway::archive

// One cgroup directory; failed writes name the configuration's field, the value and the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::cgroup {

class Directory {
 public:
  explicit Directory(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
  bool has(std::string_view name) const;

  Result<std::string> read(std::string_view name) const;
  // Empty where the file is missing or no number.
  std::optional<uint64_t> number(std::string_view name) const;

  // `field`: "linux.resources.memory.limit".
  Result<void> write(std::string_view name, std::string_view value, std::string_view field) const;
  Result<void> write(std::string_view name, int64_t value, std::string_view field) const {
    return write(name, std::to_string(value), field);
  }

 private:
  std::string path_;
};

// -1 means no limit: "max" in v2's files.
std::string or_max(int64_t value);

// "linux.resources.rdma: cannot be applied: …"
Error unsupported(std::string_view field, std::string_view why);

}  // namespace slipway::cgroup

// Reading the kernel's small text files and taking them apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace slipway::cgroup {

// The whole file.
Result<std::string> read_text(const std::string& path);

// Non-empty pieces of `text` between separators.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string_view trim(std::string_view text);

// Decimal; the whole text must be one number. "max" is UINT64_MAX.
std::optional<uint64_t> parse_number(std::string_view text);

// The number after `key` in lines like "key 123"; empty if there is no such line.
std::optional<uint64_t> keyed_number(std::string_view text, std::string_view key);

// All lines "key number", in the file's order.
std::vector<std::pair<std::string, uint64_t>> keyed_numbers(std::string_view text);

}  // namespace slipway::cgroup

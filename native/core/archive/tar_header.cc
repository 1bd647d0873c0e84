#include "core/archive/tar_header.h"

#include <algorithm>
#include <limits>

namespace slipway::archive {

std::string_view field_text(Block block, HeaderField field) {
  const std::string_view bytes = field_bytes(block, field);
  return bytes.substr(0, std::min(bytes.find('\0'), bytes.size()));
}

namespace {

// Two's complement, big endian, in all bytes; the first byte's top bit only marks the form, the next is the sign.
std::optional<int64_t> base256(std::string_view bytes) {
  const bool negative = (static_cast<unsigned char>(bytes[0]) & 0x40) != 0;
  int64_t value = negative ? -1 : 0;
  for (size_t i = 0; i < bytes.size(); i++) {
    auto byte = static_cast<unsigned char>(bytes[i]);
    if (i == 0) byte = negative ? byte | 0x80 : byte & 0x7f;
    // The bits shifted out must all be copies of the sign.
    if ((value >> 55) != (negative ? -1 : 0)) return std::nullopt;
    value = static_cast<int64_t>((static_cast<uint64_t>(value) << 8) | byte);
  }
  if ((value < 0) != negative) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> field_number(std::string_view bytes) {
  if (!bytes.empty() && (static_cast<unsigned char>(bytes[0]) & 0x80) != 0) return base256(bytes);
  size_t i = 0;
  while (i < bytes.size() && bytes[i] == ' ') i++;
  int64_t value = 0;
  for (; i < bytes.size() && bytes[i] >= '0' && bytes[i] <= '7'; i++) {
    if (value > (std::numeric_limits<int64_t>::max() >> 3)) return std::nullopt;
    value = value * 8 + (bytes[i] - '0');
  }
  for (; i < bytes.size(); i++) {
    if (bytes[i] == '\0') break;  // what follows the first NUL is not looked at, as by other readers
    if (bytes[i] != ' ') return std::nullopt;
  }
  return value;
}

Checksums header_checksums(Block block) {
  Checksums sums{0, 0};
  for (size_t i = 0; i < block.size(); i++) {
    const bool own = i >= header::checksum.offset && i < header::checksum.offset + header::checksum.size;
    const char byte = own ? ' ' : block[i];
    sums.unsigned_sum += static_cast<unsigned char>(byte);
    sums.signed_sum += static_cast<signed char>(byte);
  }
  return sums;
}

bool is_zero_block(Block block) {
  return std::all_of(block.begin(), block.end(), [](char byte) { return byte == 0; });
}

}  // namespace slipway::archive

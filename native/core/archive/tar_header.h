// The 512-byte header block of tar, shared by reader and writer (POSIX.1-2017 pax "ustar interchange format"; GNU tar's
// and star's variations).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace slipway::archive {

inline constexpr size_t block_size = 512;

struct HeaderField {
  size_t offset;
  size_t size;
};

namespace header {
inline constexpr HeaderField name{0, 100};
inline constexpr HeaderField mode{100, 8};
inline constexpr HeaderField uid{108, 8};
inline constexpr HeaderField gid{116, 8};
inline constexpr HeaderField size{124, 12};
inline constexpr HeaderField mtime{136, 12};
inline constexpr HeaderField checksum{148, 8};
inline constexpr size_t type = 156;
inline constexpr HeaderField link_name{157, 100};
inline constexpr HeaderField magic{257, 8};  // with the version
inline constexpr HeaderField device_major{329, 8};
inline constexpr HeaderField device_minor{337, 8};
inline constexpr HeaderField prefix{345, 155};
inline constexpr HeaderField star_prefix{345, 131};
inline constexpr HeaderField star_magic{508, 4};
// GNU's old sparse format puts four pieces into the header and 21 into each extension block.
inline constexpr size_t gnu_sparse = 386;
inline constexpr size_t gnu_sparse_count = 4;
inline constexpr size_t gnu_is_extended = 482;
inline constexpr HeaderField gnu_real_size{483, 12};
inline constexpr size_t gnu_extension_count = 21;
inline constexpr size_t gnu_extension_is_extended = 504;
}  // namespace header

using Block = std::span<const char, block_size>;

inline std::string_view field_bytes(Block block, HeaderField field) {
  return {block.data() + field.offset, field.size};
}

// A string field: up to its first NUL.
std::string_view field_text(Block block, HeaderField field);

// A number field: octal with blanks around it, or base 256 where the first byte's top bit is set. Nothing at all is 0;
// nullopt for anything else and for what does not fit.
std::optional<int64_t> field_number(std::string_view bytes);

// The sum of all bytes, the checksum field itself as blanks. Some old writers summed up signed bytes.
struct Checksums {
  int64_t unsigned_sum;
  int64_t signed_sum;
};
Checksums header_checksums(Block block);

bool is_zero_block(Block block);

}  // namespace slipway::archive

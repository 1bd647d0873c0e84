// The types of sets' keys and maps' values, and their values as text and as bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::nft {

struct SetType {
  std::string_view name;
  uint32_t number;  // nft's own (its include/datatype.h): the kernel only keeps it
  size_t size;      // bytes of a value
};

const SetType* set_type_by_name(std::string_view name);

// Up to five types, concatenated: each value is padded to 4 bytes, unless it is alone.
using SetTypes = std::vector<const SetType*>;

inline constexpr uint32_t verdict_type = 0xffffff00;

uint32_t type_number(const SetTypes& types);
std::optional<SetTypes> types_of_number(uint32_t number);
size_t types_size(const SetTypes& types);

// A value, or an inclusive range of them, of one key: "80", "80-90", "10.0.0.0/24".
struct EncodedKey {
  std::string low;
  std::string high;  // empty if the key is a single value
};
Result<EncodedKey> encode_key(const SetTypes& types, const std::vector<std::string>& texts);

// big-endian number + 1, for the end of an interval; nullopt after the last value.
std::optional<std::string> next_value(std::string bytes);

std::optional<uint8_t> protocol_by_name(std::string_view name);

}  // namespace slipway::nft

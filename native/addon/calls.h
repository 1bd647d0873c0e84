// The calls that the addon answers, by name.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <span>
#include <string>
#include <string_view>

#include "addon/async.h"
#include "core/json.h"
#include "core/result.h"

namespace slipway::addon {

struct Call {
  std::string_view name;  // "archive.unpack"
  Lane lane;
  Result<std::string> (*run)(const std::string& parameters);  // both are JSON documents
};

// One list per subject.
std::span<const Call> archive_calls();
std::span<const Call> mount_calls();
std::span<const Call> netlink_calls();
std::span<const Call> nftables_calls();
std::span<const Call> filesystem_calls();
std::span<const Call> memory_calls();

const Call* find_call(std::string_view name);

using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

inline void write_key(JsonWriter& writer, std::string_view key) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
}

inline void write_string(JsonWriter& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

}  // namespace slipway::addon

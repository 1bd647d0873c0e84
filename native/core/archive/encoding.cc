#include "core/archive/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

namespace slipway::archive {
namespace {

// linux/posix_acl_xattr.h: a version, then (tag, permissions, id), all little endian, ordered by tag and id.
constexpr uint32_t acl_version = 2;
constexpr uint32_t no_id = 0xffffffff;

struct AclEntry {
  uint16_t tag;
  uint16_t permissions;
  uint32_t id;
};

struct TagName {
  std::string_view name;
  uint16_t plain;
  uint16_t with_id;  // 0: takes no id
};
constexpr std::array<TagName, 4> tag_names{{
    {"user", 0x01, 0x02},
    {"group", 0x04, 0x08},
    {"mask", 0x10, 0},
    {"other", 0x20, 0},
}};

void append_little_endian(std::string& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; i++) out.push_back(static_cast<char>(value >> (8 * i)));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<uint32_t> parse_id(std::string_view text) {
  uint32_t id = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || stop != text.data() + text.size() || id == no_id) return std::nullopt;
  return id;
}

std::optional<uint16_t> parse_permissions(std::string_view text) {
  uint16_t bits = 0;
  for (const char c : text) {
    if (c == 'r') {
      bits |= 4;
    } else if (c == 'w') {
      bits |= 2;
    } else if (c == 'x') {
      bits |= 1;
    } else if (c != '-') {
      return std::nullopt;
    }
  }
  return bits;
}

// "user:lisa:r--:1000"
std::optional<AclEntry> parse_entry(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() < 3 || parts.size() > 4) return std::nullopt;
  const auto* name = std::find_if(tag_names.begin(), tag_names.end(), [&](const TagName& known) {
    return known.name == parts[0] || known.name.substr(0, 1) == parts[0];
  });
  const auto permissions = parse_permissions(parts[2]);
  if (name == tag_names.end() || !permissions) return std::nullopt;
  if (parts[1].empty()) return AclEntry{name->plain, *permissions, no_id};
  const auto id = parse_id(parts.size() == 4 ? parts[3] : parts[1]);
  if (name->with_id == 0 || !id) return std::nullopt;
  return AclEntry{name->with_id, *permissions, *id};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> acl_from_text(std::string_view text) {
  std::string lines(text);
  std::replace(lines.begin(), lines.end(), '\n', ',');
  std::vector<AclEntry> entries;
  for (const std::string_view part : split(lines, ',')) {
    if (part.empty()) continue;
    const auto entry = parse_entry(part);
    if (!entry) return std::nullopt;
    entries.push_back(*entry);
  }
  std::sort(entries.begin(), entries.end(),
            [](const AclEntry& a, const AclEntry& b) { return a.tag != b.tag ? a.tag < b.tag : a.id < b.id; });
  std::string out;
  append_little_endian(out, acl_version, 4);
  for (const AclEntry& entry : entries) {
    append_little_endian(out, entry.tag, 2);
    append_little_endian(out, entry.permissions, 2);
    append_little_endian(out, entry.id, 4);
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=' || c == '\n') continue;
    const size_t digit = base64_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count));
    }
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; j++) bits = (bits << 8) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; j++) out.push_back(j <= count ? base64_digits[(bits >> (18 - 6 * j)) & 63] : '=');
  }
  return out;
}

}  // namespace slipway::archive

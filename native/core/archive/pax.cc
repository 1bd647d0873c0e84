#include "core/archive/pax.h"

#include <algorithm>
#include <charconv>

#include "core/archive/encoding.h"

namespace slipway::archive {

std::optional<uint64_t> parse_decimal(std::string_view text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.empty() || value > INT64_MAX) return std::nullopt;
  return value;
}

std::optional<timespec> parse_pax_time(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const auto seconds = parse_decimal(text.substr(0, point));
  if (!seconds) return std::nullopt;
  long nanoseconds = 0;
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    for (size_t i = 0; i < 9; i++) nanoseconds = nanoseconds * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  }
  timespec time{static_cast<time_t>(*seconds), nanoseconds};
  if (negative) {
    time.tv_sec = -time.tv_sec;
    if (time.tv_nsec != 0) {
      time.tv_sec -= 1;
      time.tv_nsec = 1'000'000'000 - time.tv_nsec;
    }
  }
  return time;
}

Result<void> PaxHeader::add(std::string_view records) {
  while (!records.empty()) {
    // A record is "LENGTH KEY=VALUE\n", where LENGTH counts all of it.
    const size_t blank = records.find(' ');
    const auto length = parse_decimal(records.substr(0, blank));
    if (blank == std::string_view::npos || blank > 20 || !length || *length <= blank + 1 || *length > records.size()) {
      return Error::invalid("extended header", "a record's length is wrong");
    }
    std::string_view record = records.substr(blank + 1, *length - blank - 1);
    records.remove_prefix(*length);
    if (!record.ends_with('\n')) return Error::invalid("extended header", "a record does not end with a newline");
    record.remove_suffix(1);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Error::invalid("extended header", "a record has no key");
    }
    TRY(add_record(record.substr(0, equals), record.substr(equals + 1)));
  }
  return {};
}

namespace {

Error bad_value(std::string_view key) {
  return Error::invalid("extended header", std::string(key) + " has no valid value");
}

template <typename T>
Result<void> assign(std::optional<T>& target, std::string_view key, std::string_view value, std::optional<T> parsed) {
  target.reset();
  if (value.empty()) return {};
  if (!parsed) return bad_value(key);
  target = std::move(parsed);
  return {};
}

std::optional<std::string> parse_name(std::string_view value) {
  if (value.find('\0') != std::string_view::npos) return std::nullopt;
  return std::string(value);
}

std::optional<int64_t> parse_id(std::string_view value) {
  const auto number = parse_decimal(value);
  if (!number) return std::nullopt;
  return static_cast<int64_t>(*number);
}

}  // namespace

Result<void> PaxHeader::add_record(std::string_view key, std::string_view value) {
  if (key == "path") return assign(path, key, value, parse_name(value));
  if (key == "linkpath") return assign(link_path, key, value, parse_name(value));
  if (key == "size") return assign(size, key, value, parse_decimal(value));
  if (key == "uid") return assign(uid, key, value, parse_id(value));
  if (key == "gid") return assign(gid, key, value, parse_id(value));
  if (key == "mtime") return assign(mtime, key, value, parse_pax_time(value));
  constexpr std::string_view schily = "SCHILY.xattr.";
  constexpr std::string_view libarchive = "LIBARCHIVE.xattr.";
  if (key.starts_with(schily)) {
    add_xattr(key.substr(schily.size()), std::string(value));
  } else if (key.starts_with(libarchive)) {
    const auto name = percent_decode(key.substr(libarchive.size()));
    auto decoded = base64_decode(value);
    if (!name || !decoded) return bad_value(key);
    add_xattr(*name, std::move(*decoded));
  } else if (key == "SCHILY.acl.access" || key == "SCHILY.acl.default") {
    auto binary = acl_from_text(value);
    // Names without numbers meant something on the archive's maker's machine only; other readers drop all text forms.
    if (!binary) return {};
    add_xattr(key.ends_with("access") ? "system.posix_acl_access" : "system.posix_acl_default", std::move(*binary));
  } else if (key.starts_with("GNU.sparse.")) {
    return add_sparse(key.substr(11), value);
  }
  return {};
}

void PaxHeader::add_xattr(std::string_view name, std::string value) {
  for (auto& [known, old] : xattrs) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  xattrs.emplace_back(name, std::move(value));
}

Result<void> PaxHeader::add_sparse(std::string_view key, std::string_view value) {
  sparse = true;
  if (key == "name") return assign(sparse_name, key, value, parse_name(value));
  const auto wrong = [&] { return bad_value("GNU.sparse." + std::string(key)); };
  if (key == "map") {
    sparse_map.clear();
    while (!value.empty()) {
      const size_t comma = value.find(',');
      const auto number = parse_decimal(value.substr(0, comma));
      if (!number) return wrong();
      sparse_map.push_back(*number);
      value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    }
    return {};
  }
  const auto number = parse_decimal(value);
  if (!number) return wrong();
  if (key == "major") {
    if (*number > 1) return wrong();
    sparse_major = static_cast<int>(*number);
  } else if (key == "size" || key == "realsize") {
    sparse_size = number;
  } else if (key == "offset") {
    if (sparse_map.size() % 2 != 0) return wrong();
    sparse_map.push_back(*number);
  } else if (key == "numbytes") {
    if (sparse_map.size() % 2 != 1) return wrong();
    sparse_map.push_back(*number);
  }
  return {};
}

void PaxHeader::keep_global_only() {
  path.reset();
  link_path.reset();
  size.reset();
  sparse = false;
  sparse_name.reset();
  sparse_size.reset();
  sparse_map.clear();
}

}  // namespace slipway::archive

#include "core/cgroup/systemd/gvariant.h"

#include <charconv>

#include "core/cgroup/text.h"

namespace slipway::cgroup::systemd {
namespace {

Error not_understood(std::string_view text, std::string_view field) {
  return Error::invalid(field,
                        "'" + std::string(text) + "' is no value such as true, 5, uint64 5, 'text' or ['a', 'b']");
}

template <typename T>
bool parse(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// Takes a quoted string off the front of `text`.
bool take_string(std::string_view& text, std::string& value) {
  if (text.empty() || (text[0] != '\'' && text[0] != '"')) return false;
  const char quote = text[0];
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\' && ++i == text.size()) return false;
    value += text[i];
  }
  return false;
}

bool parse_strings(std::string_view text, std::vector<std::string>& values) {
  text = trim(text.substr(1, text.size() - 2));
  while (!text.empty()) {
    std::string value;
    if (!take_string(text, value)) return false;
    values.push_back(std::move(value));
    text = trim(text);
    if (text.empty()) return true;
    if (text[0] != ',') return false;
    text = trim(text.substr(1));
  }
  return true;
}

}  // namespace

Result<Value> parse_gvariant(std::string_view text, std::string_view field) {
  text = trim(text);
  if (text == "true" || text == "false") return Value(text == "true");
  if (std::string_view rest = text; text.starts_with('\'') || text.starts_with('"')) {
    std::string value;
    if (take_string(rest, value) && rest.empty()) return Value(std::move(value));
    return not_understood(text, field);
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    std::vector<std::string> values;
    if (parse_strings(text, values)) return Value(std::move(values));
    return not_understood(text, field);
  }
  const size_t space = text.find(' ');
  const std::string_view type = space == std::string_view::npos ? "int32" : text.substr(0, space);
  const std::string_view digits = space == std::string_view::npos ? text : trim(text.substr(space + 1));
  if (int32_t i32 = 0; type == "int32" && parse(digits, i32)) return Value(i32);
  if (uint32_t u32 = 0; type == "uint32" && parse(digits, u32)) return Value(u32);
  if (int64_t i64 = 0; type == "int64" && parse(digits, i64)) return Value(i64);
  if (uint64_t u64 = 0; type == "uint64" && parse(digits, u64)) return Value(u64);
  return not_understood(text, field);
}

}  // namespace slipway::cgroup::systemd

// Command-line flags, as runc's and crun's own parsers take them: --name VALUE, --name=VALUE, -n VALUE, and one dash
// for long names.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::oci {

struct Flag {
  std::string_view name;
  std::string_view short_name = {};  // "e" for -e
  bool takes_value = false;
  bool may_repeat = false;  // otherwise the last one counts
};

constexpr Flag on_off(std::string_view name, std::string_view short_name = {}) {
  return {name, short_name, false, false};
}
constexpr Flag value(std::string_view name, std::string_view short_name = {}) {
  return {name, short_name, true, false};
}
constexpr Flag values(std::string_view name, std::string_view short_name = {}) {
  return {name, short_name, true, true};
}

class Arguments {
 public:
  // Flags may stand between the other words, unless `stop_at_word`: then the first other word and all after it are left
  // alone.
  static Result<Arguments> parse(const std::vector<std::string>& words, std::span<const Flag> flags, bool stop_at_word);

  bool has(std::string_view name) const { return found_.contains(std::string(name)); }
  bool on(std::string_view name) const;
  std::string get(std::string_view name, std::string_view otherwise = {}) const;
  std::vector<std::string> all(std::string_view name) const;
  const std::vector<std::string>& words() const { return words_; }

  // The id, if exactly one word is there.
  Result<std::string> only_id() const;

 private:
  std::map<std::string, std::vector<std::string>> found_;
  std::vector<std::string> words_;
};

// Digits only (a sign if `negative`), within the range of the type.
Result<int64_t> parse_integer(std::string_view text, std::string_view flag, int64_t min, int64_t max);

}  // namespace slipway::oci

#include "oci/args.h"

#include <algorithm>
#include <charconv>

namespace slipway::oci {

Result<Arguments> Arguments::parse(const std::vector<std::string>& words, std::span<const Flag> flags,
                                   bool stop_at_word) {
  Arguments out;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      out.words_.insert(out.words_.end(), words.begin() + static_cast<ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      if (stop_at_word) {
        out.words_.assign(words.begin() + static_cast<ptrdiff_t>(i), words.end());
        break;
      }
      out.words_.push_back(word);
      continue;
    }
    const std::string_view name = std::string_view(word).substr(word[1] == '-' ? 2 : 1);
    const size_t equals = name.find('=');
    const auto flag = std::find_if(flags.begin(), flags.end(), [&](const Flag& each) {
      const std::string_view bare = name.substr(0, equals);
      return bare == each.name || (!each.short_name.empty() && bare == each.short_name);
    });
    if (flag == flags.end()) return Error::invalid(word, "unknown flag");
    auto& found = out.found_[std::string(flag->name)];
    if (!flag->may_repeat) found.clear();
    if (equals != name.npos) {
      found.emplace_back(name.substr(equals + 1));
    } else if (!flag->takes_value) {
      found.emplace_back("true");
    } else if (++i < words.size()) {
      found.push_back(words[i]);
    } else {
      return Error::invalid(word, "needs a value");
    }
  }
  return out;
}

bool Arguments::on(std::string_view name) const {
  const std::string text = get(name, "false");
  return text == "true" || text == "1" || text == "t" || text == "T" || text == "TRUE" || text == "True";
}

std::string Arguments::get(std::string_view name, std::string_view otherwise) const {
  const auto at = found_.find(std::string(name));
  return at == found_.end() ? std::string(otherwise) : at->second.back();
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  const auto at = found_.find(std::string(name));
  return at == found_.end() ? std::vector<std::string>() : at->second;
}

Result<std::string> Arguments::only_id() const {
  if (words_.empty()) return Error::invalid("", "a container id is required");
  if (words_.size() > 1) return Error::invalid("'" + words_[1] + "'", "unexpected argument");
  return words_[0];
}

Result<int64_t> parse_integer(std::string_view text, std::string_view flag, int64_t min, int64_t max) {
  int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < min || number > max)
    return Error::invalid(
        flag, "'" + std::string(text) + "' is no integer from " + std::to_string(min) + " to " + std::to_string(max));
  return number;
}

}  // namespace slipway::oci

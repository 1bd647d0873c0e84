// Builds one flat JSON object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "oci/monitor/log_record.h"

namespace slipway::monitor {

class JsonText {
 public:
  JsonText& add(std::string_view key, std::string_view value) {
    start(key);
    text_ += '"';
    const size_t before = text_.size();
    text_.resize(before + value.size() * 6);
    text_.resize(static_cast<size_t>(write_escaped(text_.data() + before, value) - text_.data()));
    text_ += '"';
    return *this;
  }
  JsonText& add(std::string_view key, const char* value) { return add(key, std::string_view(value)); }
  JsonText& add(std::string_view key, int64_t value) {
    start(key);
    text_ += std::to_string(value);
    return *this;
  }
  JsonText& add(std::string_view key, int value) { return add(key, int64_t{value}); }
  JsonText& add(std::string_view key, uint64_t value) { return add(key, static_cast<int64_t>(value)); }
  JsonText& add(std::string_view key, bool value) {
    start(key);
    text_ += value ? "true" : "false";
    return *this;
  }

  std::string str() const { return "{" + text_ + "}"; }
  // The members without the braces, to be put into another object.
  const std::string& members() const { return text_; }
  JsonText& add_members(const std::string& members) {
    if (!text_.empty() && !members.empty()) text_ += ',';
    text_ += members;
    return *this;
  }

 private:
  // Keys are our own words: nothing to escape.
  void start(std::string_view key) {
    if (!text_.empty()) text_ += ',';
    text_ += '"';
    text_ += key;
    text_ += "\":";
  }

  std::string text_;
};

}  // namespace slipway::monitor

// Reading JSON into plain structs. The first thing that is wrong is remembered with the path of its field, and reading
// goes on harmlessly, so that parsers are flat lists of fields:
//
//   void read(const json::Field& field, Root& out) {
//     field.required("path", out.path);
//     field.member("readonly", out.readonly);
//   }
//   Result<Root> root = json::parse<Root>(text, "config.json");
//
// A member that is absent or null leaves its target alone. Of a key that appears twice the last counts, as for Go.
#pragma once

// RapidJSON 1.1 adds to null pointers while its stacks are empty: harmless, but UndefinedBehaviorSanitizer says so.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/document.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::json {

// One value and where it stands in the document.
class Field {
 public:
  Field(const rapidjson::Value& value, std::optional<Error>& error) : value_(value), error_(error) {}
  Field(const rapidjson::Value& value, const Field& parent, std::string_view name)
      : value_(value), error_(parent.error_), parent_(&parent), name_(name) {}
  Field(const rapidjson::Value& value, const Field& parent, size_t index)
      : value_(value), error_(parent.error_), parent_(&parent), index_(index) {}

  const rapidjson::Value& value() const { return value_; }

  // "linux.namespaces[2].path"
  std::string path() const;

  // Remembers that this field is wrong, unless something was wrong before.
  void fail(std::string_view why) const;
  bool failed() const { return error_.has_value(); }

  // Fails and returns false unless the value is an object or array.
  bool is_object() const;
  bool is_array() const;

  template <typename T>
  void member(std::string_view name, T& out) const {
    if (const rapidjson::Value* found = find(name)) read(Field(*found, *this, name), out);
  }

  template <typename T>
  void required(std::string_view name, T& out) const {
    const rapidjson::Value* found = find(name);
    if (found != nullptr) return read(Field(*found, *this, name), out);
    const rapidjson::Value null;
    Field(null, *this, name).fail("is required");
  }

 private:
  // The member of this object that is neither absent nor null. Fails if this is no object.
  const rapidjson::Value* find(std::string_view name) const;

  const rapidjson::Value& value_;
  std::optional<Error>& error_;
  const Field* parent_ = nullptr;
  std::string_view name_;
  size_t index_ = 0;
};

void read(const Field& field, bool& out);
void read(const Field& field, std::string& out);  // no NUL bytes
int64_t read_signed(const Field& field, int64_t min, int64_t max);
uint64_t read_unsigned(const Field& field, uint64_t max);

template <std::signed_integral T>
void read(const Field& field, T& out) {
  out = static_cast<T>(read_signed(field, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

template <std::unsigned_integral T>
void read(const Field& field, T& out) {
  out = static_cast<T>(read_unsigned(field, std::numeric_limits<T>::max()));
}

template <typename T>
void read(const Field& field, std::optional<T>& out) {
  read(field, out.emplace());
}

template <typename T>
void read(const Field& field, std::vector<T>& out) {
  if (!field.is_array()) return;
  out.clear();
  out.reserve(field.value().Size());
  for (size_t index = 0; index < field.value().Size() && !field.failed(); ++index)
    read(Field(field.value()[static_cast<rapidjson::SizeType>(index)], field, index), out.emplace_back());
}

template <typename T>
void read(const Field& field, std::map<std::string, T>& out) {
  if (!field.is_object()) return;
  out.clear();
  for (const auto& [key, value] : field.value().GetObject()) {
    const Field child(value, field, std::string_view(key.GetString(), key.GetStringLength()));
    std::string name;
    read(Field(key, child, "(key)"), name);
    read(child, out[name]);
    if (field.failed()) return;
  }
}

// The parsed document; an error names the line and column.
Result<rapidjson::Document> parse_document(const std::string& text, std::string_view what);

template <typename T>
Result<T> parse(const std::string& text, std::string_view what) {
  TRY_ASSIGN(const rapidjson::Document document, parse_document(text, what));
  std::optional<Error> error;
  T out{};
  const Field root(document, error);
  if (root.is_object()) read(root, out);
  if (error) return std::move(*error).with_context(what);
  return out;
}

}  // namespace slipway::json

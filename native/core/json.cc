#include "core/json.h"

#include <rapidjson/error/en.h>

#include <algorithm>

namespace slipway::json {

std::string Field::path() const {
  if (parent_ == nullptr) return {};
  std::string path = parent_->path();
  if (name_.data() == nullptr) return path + "[" + std::to_string(index_) + "]";
  if (!path.empty()) path += ".";
  return path.append(name_);
}

void Field::fail(std::string_view why) const {
  if (!error_) error_ = Error::invalid(path(), why);
}

bool Field::is_object() const {
  if (!value_.IsObject()) fail("must be an object");
  return value_.IsObject();
}

bool Field::is_array() const {
  if (!value_.IsArray()) fail("must be an array");
  return value_.IsArray();
}

const rapidjson::Value* Field::find(std::string_view name) const {
  if (!is_object()) return nullptr;
  const rapidjson::Value* found = nullptr;
  for (const auto& [key, value] : value_.GetObject())
    if (std::string_view(key.GetString(), key.GetStringLength()) == name) found = &value;
  return found != nullptr && !found->IsNull() ? found : nullptr;
}

void read(const Field& field, bool& out) {
  if (!field.value().IsBool()) return field.fail("must be true or false");
  out = field.value().GetBool();
}

void read(const Field& field, std::string& out) {
  if (!field.value().IsString()) return field.fail("must be a string");
  out.assign(field.value().GetString(), field.value().GetStringLength());
  if (out.find('\0') != std::string::npos) field.fail("must not contain a NUL byte");
}

int64_t read_signed(const Field& field, int64_t min, int64_t max) {
  if (field.value().IsInt64()) {
    const int64_t number = field.value().GetInt64();
    if (number >= min && number <= max) return number;
  }
  field.fail("must be an integer from " + std::to_string(min) + " to " + std::to_string(max));
  return 0;
}

uint64_t read_unsigned(const Field& field, uint64_t max) {
  if (field.value().IsUint64() && field.value().GetUint64() <= max) return field.value().GetUint64();
  field.fail("must be an integer from 0 to " + std::to_string(max));
  return 0;
}

Result<rapidjson::Document> parse_document(const std::string& text, std::string_view what) {
  rapidjson::Document document;
  // Iterative: a hostile depth of nesting must not eat the stack.
  document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (!document.HasParseError()) return document;

  const size_t offset = std::min(document.GetErrorOffset(), text.size());
  const std::string_view before = std::string_view(text).substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t column = offset - (before.rfind('\n') + 1) + 1;
  return Error::invalid(what, "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
                                  rapidjson::GetParseError_En(document.GetParseError()));
}

}  // namespace slipway::json

// nftables.*: see runtime/native/nftables.ts.
#include "core/nft/nftables.h"

#include "addon/calls.h"

namespace slipway::nft {
namespace {

using addon::JsonWriter;
using addon::write_key;
using addon::write_string;

struct TableRequest {
  TableName name;
  int network_namespace = -1;
};
void read(const json::Field& field, TableRequest& out) {
  field.member("family", out.name.family);
  field.member("table", out.name.table);
  field.member("namespace", out.network_namespace);
}

// The statements are compiled as they are read, so that what is wrong is told with its place.
struct ApplyRequest {
  Result<void> outcome;
};
void read(const json::Field& field, ApplyRequest& out) {
  int network_namespace = -1;
  field.member("namespace", network_namespace);
  const auto statements = field.value().FindMember("statements");
  if (statements == field.value().MemberEnd()) return field.fail("statements is required");
  if (field.failed()) return;
  out.outcome = apply(json::Field(statements->value, field, "statements"), network_namespace);
}

void write_text(JsonWriter& writer, std::string_view key, const std::string& text) {
  if (text.empty()) return;
  write_key(writer, key);
  write_string(writer, text);
}

void write_number(JsonWriter& writer, std::string_view key, uint64_t number) {
  write_key(writer, key);
  writer.Uint64(number);
}

void write(JsonWriter& writer, const TableName& name) {
  writer.StartObject();
  write_text(writer, "family", name.family);
  write_text(writer, "table", name.table);
  writer.EndObject();
}

void write(JsonWriter& writer, const Table::Chain& chain) {
  writer.StartObject();
  write_text(writer, "name", chain.name);
  write_number(writer, "handle", chain.handle);
  if (!chain.hook.empty()) {
    write_text(writer, "hook", chain.hook);
    write_text(writer, "type", chain.type);
    write_text(writer, "policy", chain.policy);
    writer.Key("priority");
    writer.Int(chain.priority);
  }
  writer.EndObject();
}

void write(JsonWriter& writer, const Table::Rule& rule) {
  writer.StartObject();
  write_text(writer, "chain", rule.chain);
  write_number(writer, "handle", rule.handle);
  write_text(writer, "comment", rule.comment);
  writer.Key("expressions");
  writer.StartArray();
  for (const std::string& name : rule.expressions) write_string(writer, name);
  writer.EndArray();
  writer.EndObject();
}

void write(JsonWriter& writer, const Table::Set& set) {
  writer.StartObject();
  write_text(writer, "name", set.name);
  write_number(writer, "handle", set.handle);
  writer.Key("map");
  writer.Bool(set.map);
  write_number(writer, "elements", set.elements);
  writer.EndObject();
}

template <typename T>
void write_list(JsonWriter& writer, const std::vector<T>& items) {
  writer.StartArray();
  for (const T& item : items) write(writer, item);
  writer.EndArray();
}

Result<std::string> run_apply(const std::string& parameters) {
  TRY_ASSIGN(const ApplyRequest request, json::parse<ApplyRequest>(parameters, "nftables.apply"));
  TRY(Result<void>(request.outcome));
  return std::string("null");
}

Result<std::string> run_tables(const std::string& parameters) {
  TRY_ASSIGN(const TableRequest request, json::parse<TableRequest>(parameters, "nftables.tables"));
  TRY_ASSIGN(const std::vector<TableName> tables, list_tables(request.network_namespace));
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  write_list(writer, tables);
  return std::string(text.GetString(), text.GetSize());
}

Result<std::string> run_list(const std::string& parameters) {
  TRY_ASSIGN(const TableRequest request, json::parse<TableRequest>(parameters, "nftables.list"));
  TRY_ASSIGN(const std::optional<Table> table, list_table(request.name, request.network_namespace));
  if (!table) return std::string("null");
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  writer.StartObject();
  write_text(writer, "family", table->family);
  write_text(writer, "table", table->table);
  write_number(writer, "handle", table->handle);
  writer.Key("chains");
  write_list(writer, table->chains);
  writer.Key("rules");
  write_list(writer, table->rules);
  writer.Key("sets");
  write_list(writer, table->sets);
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

constexpr addon::Call calls[] = {
    {"nftables.apply", addon::Lane::pool, run_apply},
    {"nftables.tables", addon::Lane::pool, run_tables},
    {"nftables.list", addon::Lane::pool, run_list},
};

}  // namespace
}  // namespace slipway::nft

namespace slipway::addon {
std::span<const Call> nftables_calls() {
  return nft::calls;
}
}  // namespace slipway::addon

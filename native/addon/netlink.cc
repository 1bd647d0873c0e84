// netlink.*: see runtime/native/netlink.ts.
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "addon/calls.h"
#include "core/netlink/network.h"

namespace slipway::netlink {

static void read(const json::Field& field, Peer& out) {
  field.required("name", out.name);
  field.member("mac", out.mac);
  field.member("mtu", out.mtu);
  field.member("namespace", out.network_namespace);
}

static void read(const json::Field& field, Step& out) {
  field.required("do", out.kind);
  field.member("link", out.link);
  field.member("mac", out.mac);
  field.member("mtu", out.mtu);
  field.member("up", out.up);
  field.member("name", out.name);
  // null takes the link out of its bridge; absent leaves it.
  const auto member = field.value().IsObject() ? field.value().FindMember("master") : field.value().MemberEnd();
  if (field.value().IsObject() && member != field.value().MemberEnd() && member->value.IsNull()) out.master = "";
  field.member("master", out.master);
  field.member("hairpin", out.hairpin);
  field.member("namespace", out.network_namespace);
  field.member("parent", out.parent);
  field.member("mode", out.mode);
  field.member("flag", out.flag);
  field.member("id", out.vlan_id);
  field.member("stp", out.stp);
  field.member("vlanFiltering", out.vlan_filtering);
  field.member("peer", out.peer);
  field.member("address", out.address);
  field.member("broadcast", out.broadcast);
  field.member("scope", out.scope);
  field.member("detectDuplicates", out.detect_duplicates);
  field.member("destination", out.destination);
  field.member("gateway", out.gateway);
  field.member("source", out.source);
  field.member("metric", out.metric);
  field.member("table", out.table);
  field.member("onlink", out.onlink);
  field.member("key", out.key);
  field.member("value", out.value);
  field.member("missingOk", out.missing_ok);
}

namespace {

using addon::JsonWriter;
using addon::write_key;
using addon::write_string;

struct ApplyRequest {
  std::vector<Step> steps;
  int network_namespace = -1;
};
void read(const json::Field& field, ApplyRequest& out) {
  field.required("steps", out.steps);
  field.member("namespace", out.network_namespace);
}

struct ListRequest {
  int network_namespace = -1;
};
void read(const json::Field& field, ListRequest& out) {
  field.member("namespace", out.network_namespace);
}

struct SysctlRequest {
  std::string key;
  int network_namespace = -1;
};
void read(const json::Field& field, SysctlRequest& out) {
  field.required("key", out.key);
  field.member("namespace", out.network_namespace);
}

struct ConntrackRequest {
  std::string protocol;
  ConntrackFilter filter;
  int network_namespace = -1;
};
void read(const json::Field& field, ConntrackRequest& out) {
  field.required("protocol", out.protocol);
  if (out.protocol == "tcp") out.filter.protocol = IPPROTO_TCP;
  if (out.protocol == "udp") out.filter.protocol = IPPROTO_UDP;
  if (out.protocol == "sctp") out.filter.protocol = IPPROTO_SCTP;
  if (out.filter.protocol == 0) field.fail("protocol must be tcp, udp or sctp");
  field.member("destinationPort", out.filter.destination_port);
  field.member("destination", out.filter.destination);
  field.member("replySource", out.filter.reply_source);
  field.member("namespace", out.network_namespace);
}

template <typename T>
void write_optional(JsonWriter& writer, std::string_view key, const std::optional<T>& value) {
  if (!value) return;
  write_key(writer, key);
  writer.Int64(*value);
}

void write_text(JsonWriter& writer, std::string_view key, const std::string& text) {
  write_key(writer, key);
  write_string(writer, text);
}

void write_flag(JsonWriter& writer, std::string_view key, bool flag) {
  write_key(writer, key);
  writer.Bool(flag);
}

void write_number(JsonWriter& writer, std::string_view key, uint64_t number) {
  write_key(writer, key);
  writer.Uint64(number);
}

void write(JsonWriter& writer, const Link& link) {
  writer.StartObject();
  write_number(writer, "index", static_cast<uint64_t>(link.index));
  write_text(writer, "name", link.name);
  if (!link.kind.empty()) write_text(writer, "kind", link.kind);
  write_text(writer, "mac", link.mac);
  write_number(writer, "mtu", link.mtu);
  write_flag(writer, "up", link.up);
  write_flag(writer, "running", link.running);
  write_flag(writer, "loopback", link.loopback);
  write_optional(writer, "master", link.master);
  write_optional(writer, "parent", link.parent);
  write_optional(writer, "peerNamespaceId", link.peer_namespace_id);
  writer.Key("statistics");
  writer.StartObject();
  const auto& statistics = link.statistics;
  write_number(writer, "rxBytes", statistics.rx_bytes);
  write_number(writer, "rxPackets", statistics.rx_packets);
  write_number(writer, "rxErrors", statistics.rx_errors);
  write_number(writer, "rxDropped", statistics.rx_dropped);
  write_number(writer, "txBytes", statistics.tx_bytes);
  write_number(writer, "txPackets", statistics.tx_packets);
  write_number(writer, "txErrors", statistics.tx_errors);
  write_number(writer, "txDropped", statistics.tx_dropped);
  writer.EndObject();
  writer.EndObject();
}

const char* scope_name(uint8_t scope) {
  if (scope == RT_SCOPE_UNIVERSE) return "global";
  if (scope == RT_SCOPE_SITE) return "site";
  if (scope == RT_SCOPE_LINK) return "link";
  return scope == RT_SCOPE_HOST ? "host" : "nowhere";
}

void write(JsonWriter& writer, const Address& address) {
  writer.StartObject();
  write_number(writer, "link", static_cast<uint64_t>(address.link));
  write_text(writer, "address", address.address);
  write_text(writer, "family", address.ipv6 ? "ipv6" : "ipv4");
  write_text(writer, "scope", scope_name(address.scope));
  write_flag(writer, "tentative", address.tentative);
  write_flag(writer, "duplicate", address.duplicate);
  writer.EndObject();
}

const char* route_type_name(uint8_t type) {
  constexpr const char* names[] = {"other",     "unicast",   "local",       "broadcast", "anycast",
                                   "multicast", "blackhole", "unreachable", "prohibit"};
  return type < std::size(names) ? names[type] : "other";
}

void write(JsonWriter& writer, const Route& route) {
  writer.StartObject();
  write_text(writer, "family", route.ipv6 ? "ipv6" : "ipv4");
  write_text(writer, "destination", route.destination);
  if (!route.gateway.empty()) write_text(writer, "gateway", route.gateway);
  write_optional(writer, "link", route.link);
  if (!route.source.empty()) write_text(writer, "source", route.source);
  write_number(writer, "metric", route.metric);
  write_number(writer, "table", route.table);
  write_text(writer, "type", route_type_name(route.type));
  write_number(writer, "protocol", route.protocol);
  writer.EndObject();
}

template <typename T>
std::string json_list(const std::vector<T>& items) {
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  writer.StartArray();
  for (const T& item : items) write(writer, item);
  writer.EndArray();
  return {text.GetString(), text.GetSize()};
}

Result<std::string> run_apply(const std::string& parameters) {
  TRY_ASSIGN(const ApplyRequest request, json::parse<ApplyRequest>(parameters, "netlink.apply"));
  TRY(apply(request.steps, request.network_namespace));
  return std::string("null");
}

template <auto list>
Result<std::string> run_list(const std::string& parameters) {
  TRY_ASSIGN(const ListRequest request, json::parse<ListRequest>(parameters, "netlink"));
  TRY_ASSIGN(const auto items, list(request.network_namespace));
  return json_list(items);
}

Result<std::string> run_read_sysctl(const std::string& parameters) {
  TRY_ASSIGN(const SysctlRequest request, json::parse<SysctlRequest>(parameters, "netlink.readSysctl"));
  TRY_ASSIGN(const std::string value, read_sysctl(request.key, request.network_namespace));
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  write_string(writer, value);
  return std::string(text.GetString(), text.GetSize());
}

Result<std::string> run_flush_conntrack(const std::string& parameters) {
  TRY_ASSIGN(const ConntrackRequest request, json::parse<ConntrackRequest>(parameters, "netlink.flushConntrack"));
  TRY_ASSIGN(const uint64_t forgotten, flush_conntrack(request.filter, request.network_namespace));
  return std::to_string(forgotten);
}

constexpr addon::Call calls[] = {
    {"netlink.apply", addon::Lane::pool, run_apply},
    {"netlink.links", addon::Lane::pool, run_list<list_links>},
    {"netlink.addresses", addon::Lane::pool, run_list<list_addresses>},
    {"netlink.routes", addon::Lane::pool, run_list<list_routes>},
    {"netlink.readSysctl", addon::Lane::pool, run_read_sysctl},
    {"netlink.flushConntrack", addon::Lane::pool, run_flush_conntrack},
};

}  // namespace
}  // namespace slipway::netlink

namespace slipway::addon {
std::span<const Call> netlink_calls() {
  return netlink::calls;
}
}  // namespace slipway::addon

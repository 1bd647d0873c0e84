#include "core/nft/expressions.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <optional>

#include "core/netlink/ip.h"
#include "core/nft/set_types.h"

namespace slipway::nft {

const rapidjson::Value* member_of(const json::Field& field, const char* name) {
  if (!field.value().IsObject()) return nullptr;
  const auto found = field.value().FindMember(name);
  return found == field.value().MemberEnd() ? nullptr : &found->value;
}

namespace {

struct Named {
  std::string_view name;
  uint32_t value;
};

template <size_t N>
std::optional<uint32_t> value_of(const std::array<Named, N>& names, std::string_view name) {
  for (const Named& known : names) {
    if (known.name == name) return known.value;
  }
  return std::nullopt;
}

constexpr std::array<Named, 3> plain_verdicts{
    {{"accept", NF_ACCEPT}, {"drop", NF_DROP}, {"return", static_cast<uint32_t>(NFT_RETURN)}}};

constexpr std::array<Named, 5> connection_states{{{"invalid", 1},
                                                  {"established", NF_CT_STATE_BIT(IP_CT_ESTABLISHED)},
                                                  {"related", NF_CT_STATE_BIT(IP_CT_RELATED)},
                                                  {"new", NF_CT_STATE_BIT(IP_CT_NEW)},
                                                  {"untracked", NF_CT_STATE_UNTRACKED_BIT}}};

constexpr std::array<Named, 2> connection_statuses{{{"snat", IPS_SRC_NAT}, {"dnat", IPS_DST_NAT}}};

constexpr std::array<Named, 4> address_types{
    {{"unicast", RTN_UNICAST}, {"local", RTN_LOCAL}, {"broadcast", RTN_BROADCAST}, {"multicast", RTN_MULTICAST}}};

uint32_t equality(bool negated) {
  return negated ? NFT_CMP_NEQ : NFT_CMP_EQ;
}

// Where a field of the packet's IP header is.
struct IpField {
  Version version;
  uint32_t offset;
  uint32_t size;
};
constexpr IpField saddr4{Version::ipv4, 12, 4};
constexpr IpField daddr4{Version::ipv4, 16, 4};
constexpr IpField saddr6{Version::ipv6, 8, 16};
constexpr IpField daddr6{Version::ipv6, 24, 16};

bool family_has(const Rule& rule, Version version) {
  if (rule.family() == NFPROTO_INET) return true;
  return (rule.family() == NFPROTO_IPV4) == (version == Version::ipv4);
}

std::string interface_bytes(const std::string& name) {
  // A prefix is compared as far as it goes, a whole name with the zeros behind it.
  if (name.ends_with('*')) return name.substr(0, name.size() - 1);
  std::string bytes = name;
  bytes.resize(IFNAMSIZ, '\0');
  return bytes;
}

void match_interface(const json::Field& field, Rule& rule, bool in, bool negated) {
  std::string name;
  field.required("value", name);
  if (name.empty() || name == "*" || name.size() >= IFNAMSIZ) return field.fail("value is no name of a link");
  rule.meta(in ? NFT_META_IIFNAME : NFT_META_OIFNAME, NFT_REG_1);
  rule.compare(equality(negated), interface_bytes(name));
}

void match_address(const json::Field& field, Rule& rule, bool source, bool negated) {
  std::string text;
  field.required("value", text);
  if (field.failed()) return;
  const auto network = netlink::parse_network(text);
  if (!network) return field.fail(network.error().message);
  const size_t bits = network->ip.bytes.size() * 8;
  const IpField where = bits == 32 ? (source ? saddr4 : daddr4) : (source ? saddr6 : daddr6);
  if (!family_has(rule, where.version)) return field.fail("value is not of the table's family");
  rule.need_version(where.version);
  if (network->prefix == 0) return;
  rule.payload(NFT_PAYLOAD_NETWORK_HEADER, where.offset, where.size, NFT_REG_1);
  if (network->prefix < bits) {
    netlink::Network ones = *network;
    ones.ip.bytes.assign(ones.ip.bytes.size(), '\xff');
    rule.mask(netlink::masked(ones).ip.bytes);
  }
  rule.compare(equality(negated), netlink::masked(*network).ip.bytes);
}

void match_protocol(const json::Field& field, Rule& rule, bool negated) {
  std::string name;
  field.required("value", name);
  const auto protocol = protocol_by_name(name);
  if (!protocol) return field.fail("value is no protocol");
  if (!negated) return rule.need_protocol(*protocol);
  const char byte = static_cast<char>(*protocol);
  rule.meta(NFT_META_L4PROTO, NFT_REG_1);
  rule.compare(NFT_CMP_NEQ, {&byte, 1});
}

void match_port(const json::Field& field, Rule& rule, bool source, bool negated) {
  std::string name;
  field.required("protocol", name);
  const auto protocol = protocol_by_name(name);
  if (!protocol) return field.fail("protocol must be tcp, udp or sctp");
  rule.need_protocol(*protocol);
  rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, source ? 0 : 2, 2, NFT_REG_1);
  const rapidjson::Value* value = member_of(field, "value");
  if (value != nullptr && value->IsArray()) {
    std::vector<uint16_t> range;
    field.required("value", range);
    if (range.size() != 2 || range[0] > range[1]) return field.fail("value must be [first, last]");
    return rule.range(negated, network_order(range[0]), network_order(range[1]));
  }
  uint16_t port = 0;
  field.required("value", port);
  rule.compare(equality(negated), network_order(port));
}

// Any of the named bits is set (or, negated, none).
template <size_t N>
void match_bits(const json::Field& field, Rule& rule, uint32_t key, const std::array<Named, N>& names, bool negated) {
  std::vector<std::string> wanted;
  field.required("value", wanted);
  uint32_t bits = 0;
  for (const std::string& name : wanted) {
    const auto bit = value_of(names, name);
    if (!bit) return field.fail("value has an unknown '" + name + "'");
    bits |= *bit;
  }
  rule.ct(key, NFT_REG_1);
  rule.mask(machine_order(bits));
  rule.compare(negated ? NFT_CMP_EQ : NFT_CMP_NEQ, machine_order(0));
}

void match_mark(const json::Field& field, Rule& rule, bool of_connection, bool negated) {
  uint32_t value = 0;
  std::optional<uint32_t> mask;
  field.required("value", value);
  field.member("mask", mask);
  if (of_connection) {
    rule.ct(NFT_CT_MARK, NFT_REG_1);
  } else {
    rule.meta(NFT_META_MARK, NFT_REG_1);
  }
  if (mask) rule.mask(machine_order(*mask));
  rule.compare(equality(negated), machine_order(value));
}

void match_address_type(const json::Field& field, Rule& rule, bool source, bool negated) {
  std::string name;
  field.required("value", name);
  const auto type = value_of(address_types, name);
  if (!type) return field.fail("value is no type of address");
  rule.fib_type(source, NFT_REG_1);
  rule.compare(equality(negated), machine_order(*type));
}

void match_version(const json::Field& field, Rule& rule, bool negated) {
  std::string name;
  field.required("value", name);
  if (name != "ipv4" && name != "ipv6") return field.fail("value must be ipv4 or ipv6");
  if (!negated) return rule.need_version(name == "ipv4" ? Version::ipv4 : Version::ipv6);
  rule.need_version(name == "ipv4" ? Version::ipv6 : Version::ipv4);
}

// Loads the fields one behind the other, each padded to 4 bytes.
void load_fields(const json::Field& field, Rule& rule) {
  std::vector<std::string> names;
  field.required("fields", names);
  if (names.empty() || names.size() > 5) return field.fail("fields must be from 1 to 5");
  struct AddressField {
    std::string_view name;
    IpField where;
  };
  constexpr AddressField addresses[] = {{"saddr4", saddr4}, {"daddr4", daddr4}, {"saddr6", saddr6}, {"daddr6", daddr6}};
  // What the fields imply is matched before the first is loaded: that uses the registers, too.
  for (const std::string& name : names) {
    for (const auto& [known, where] : addresses) {
      if (known != name) continue;
      if (!family_has(rule, where.version)) return field.fail("'" + name + "' is not of the table's family");
      rule.need_version(where.version);
    }
  }
  size_t at = 0;
  for (const std::string& name : names) {
    const uint32_t to = register_at(at);
    size_t size = 4;
    if (name == "iifname" || name == "oifname") {
      rule.meta(name == "iifname" ? NFT_META_IIFNAME : NFT_META_OIFNAME, to);
      size = IFNAMSIZ;
    } else if (name == "l4proto") {
      rule.meta(NFT_META_L4PROTO, to);
    } else if (name == "sport" || name == "dport") {
      rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, name == "sport" ? 0 : 2, 2, to);
    } else if (name == "mark") {
      rule.meta(NFT_META_MARK, to);
    } else if (name == "ctmark") {
      rule.ct(NFT_CT_MARK, to);
    } else {
      const AddressField* address = nullptr;
      for (const AddressField& known : addresses) {
        if (known.name == name) address = &known;
      }
      if (address == nullptr) return field.fail("fields has an unknown '" + name + "'");
      rule.payload(NFT_PAYLOAD_NETWORK_HEADER, address->where.offset, address->where.size, to);
      size = address->where.size;
    }
    at += size;
  }
  if (at > 64) field.fail("fields are together longer than 64 bytes");
}

void compile_match(const json::Field& field, Rule& rule) {
  std::string what;
  bool negated = false;
  field.required("match", what);
  field.member("not", negated);
  if (what == "iifname" || what == "oifname") return match_interface(field, rule, what == "iifname", negated);
  if (what == "saddr" || what == "daddr") return match_address(field, rule, what == "saddr", negated);
  if (what == "sport" || what == "dport") return match_port(field, rule, what == "sport", negated);
  if (what == "l4proto") return match_protocol(field, rule, negated);
  if (what == "ctState") return match_bits(field, rule, NFT_CT_STATE, connection_states, negated);
  if (what == "ctStatus") return match_bits(field, rule, NFT_CT_STATUS, connection_statuses, negated);
  if (what == "mark" || what == "ctmark") return match_mark(field, rule, what == "ctmark", negated);
  if (what == "saddrType" || what == "daddrType") {
    return match_address_type(field, rule, what == "saddrType", negated);
  }
  if (what == "nfproto") return match_version(field, rule, negated);
  if (what == "set") {
    std::string set;
    field.required("set", set);
    load_fields(field, rule);
    return rule.lookup(set, negated);
  }
  field.fail("match '" + what + "' is unknown");
}

// {"address": …, "port": 80 | [80, 90]}
void compile_nat(const json::Field& field, Rule& rule, bool destination) {
  std::string text;
  field.required("address", text);
  const auto ip = netlink::parse_ip(text);
  if (!ip) return field.fail("address is no IP address");
  const Version version = ip->bytes.size() == 4 ? Version::ipv4 : Version::ipv6;
  if (!family_has(rule, version)) return field.fail("address is not of the table's family");
  rule.need_version(version);
  rule.immediate(ip->bytes, NFT_REG_1);
  const rapidjson::Value* port = member_of(field, "port");
  if (port == nullptr || port->IsNull()) return rule.nat(destination, version, NFT_REG_1, 0, 0);
  std::vector<uint16_t> ports(1);
  if (port->IsArray()) {
    field.required("port", ports);
    if (ports.size() != 2) return field.fail("port must be a number or [first, last]");
  } else {
    field.required("port", ports[0]);
  }
  rule.immediate(network_order(ports[0]), NFT_REG_2);
  if (ports.size() == 2) rule.immediate(network_order(ports[1]), NFT_REG_3);
  rule.nat(destination, version, NFT_REG_1, NFT_REG_2, ports.size() == 2 ? NFT_REG_3 : 0);
}

void compile_nat_map(const json::Field& field, Rule& rule) {
  std::string map;
  std::string family;
  bool port = false;
  field.required("dnatMap", map);
  field.required("family", family);
  field.member("port", port);
  if (family != "ip" && family != "ip6") return field.fail("family must be ip or ip6");
  const Version version = family == "ip" ? Version::ipv4 : Version::ipv6;
  if (!family_has(rule, version)) return field.fail("family is not the table's");
  rule.need_version(version);
  load_fields(field, rule);
  rule.lookup_map(map, NFT_REG_1);
  rule.nat(true, version, NFT_REG_1, port ? register_at(version == Version::ipv4 ? 4 : 16) : 0, 0);
}

void compile_set_mark(const json::Field& field, Rule& rule, const char* name) {
  uint32_t mark = 0;
  field.required(name, mark);
  rule.immediate(machine_order(mark), NFT_REG_1);
  if (std::string_view(name) == "setMark") {
    rule.set_meta(NFT_META_MARK, NFT_REG_1);
  } else {
    rule.set_ct(NFT_CT_MARK, NFT_REG_1);
  }
}

// The statements that are an object with their own name as a key. False if this is none of them.
bool compile_statement(const json::Field& field, Rule& rule) {
  const auto part = [&](const char* name) -> std::optional<json::Field> {
    const rapidjson::Value* value = member_of(field, name);
    if (value == nullptr) return std::nullopt;
    return json::Field(*value, field, name);
  };
  if (const auto inner = part("dnat")) {
    compile_nat(*inner, rule, true);
  } else if (const auto source = part("snat")) {
    compile_nat(*source, rule, false);
  } else if (part("dnatMap")) {
    compile_nat_map(field, rule);
  } else if (const auto masquerade = part("masquerade")) {
    bool fully_random = false;
    masquerade->member("fullyRandom", fully_random);
    rule.masquerade(fully_random);
  } else if (const auto redirect = part("redirect")) {
    uint16_t port = 0;
    redirect->required("port", port);
    rule.immediate(network_order(port), NFT_REG_1);
    rule.redirect(NFT_REG_1);
  } else if (part("verdictMap")) {
    std::string map;
    field.required("verdictMap", map);
    load_fields(field, rule);
    rule.lookup_map(map, NFT_REG_VERDICT);
  } else if (part("setMark")) {
    compile_set_mark(field, rule, "setMark");
  } else if (part("setCtMark")) {
    compile_set_mark(field, rule, "setCtMark");
  } else if (part("log")) {
    std::string prefix;
    field.required("log", prefix);
    rule.log(prefix);
  } else if (part("reject")) {
    std::string kind;
    field.required("reject", kind);
    if (kind != "port-unreachable" && kind != "admin-prohibited" && kind != "tcp-reset") {
      field.fail("reject must be port-unreachable, admin-prohibited or tcp-reset");
    }
    rule.reject(kind);
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool read_verdict(const json::Field& field, Verdict& out) {
  if (field.value().IsString()) {
    std::string name;
    read(field, name);
    const auto code = value_of(plain_verdicts, name);
    if (code) out.code = static_cast<int>(*code);
    return code.has_value();
  }
  for (const auto& [name, code] : {std::pair{"jump", NFT_JUMP}, std::pair{"goto", NFT_GOTO}}) {
    if (member_of(field, name) == nullptr) continue;
    out.code = code;
    field.required(name, out.chain);
    return true;
  }
  return false;
}

void compile_expression(const json::Field& field, Rule& rule) {
  if (field.value().IsString() && std::string_view(field.value().GetString()) == "counter") return rule.counter();
  if (member_of(field, "match") != nullptr) return compile_match(field, rule);
  if (field.value().IsObject() && compile_statement(field, rule)) return;
  Verdict verdict;
  if (read_verdict(field, verdict)) return rule.verdict(verdict.code, verdict.chain);
  field.fail("is no expression");
}

}  // namespace slipway::nft

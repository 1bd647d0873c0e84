#include "core/nft/set_types.h"

#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>

#include <charconv>

#include "core/netlink/ip.h"
#include "core/nft/rule.h"

namespace slipway::nft {
namespace {

constexpr uint32_t bits_per_type = 6;

constexpr SetType set_types[] = {
    {"ipv4_addr", 7, 4},     {"ipv6_addr", 8, 16}, {"inet_proto", 12, 1},
    {"inet_service", 13, 2}, {"mark", 19, 4},      {"ifname", 41, IFNAMSIZ},
};

size_t padded(size_t size) {
  return (size + 3) / 4 * 4;
}

Result<uint32_t> parse_number(std::string_view text, uint32_t most) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > most) {
    return Error::invalid("key", "'" + std::string(text) + "' is no number up to " + std::to_string(most));
  }
  return number;
}

Result<EncodedKey> encode_address(const SetType& type, std::string_view text) {
  TRY_ASSIGN(const netlink::Network network, netlink::parse_network(text));
  if (network.ip.bytes.size() != type.size) {
    return Error::invalid("key", "'" + std::string(text) + "' is no " + std::string(type.name));
  }
  const netlink::Network first = netlink::masked(network);
  EncodedKey key{first.ip.bytes, {}};
  if (network.prefix < type.size * 8) key.high = netlink::last_of(network).bytes;
  return key;
}

Result<EncodedKey> encode_ports(std::string_view text) {
  const size_t dash = text.find('-');
  TRY_ASSIGN(const uint32_t low, parse_number(text.substr(0, dash), 0xffff));
  EncodedKey key{network_order(static_cast<uint16_t>(low)), {}};
  if (dash == std::string_view::npos) return key;
  TRY_ASSIGN(const uint32_t high, parse_number(text.substr(dash + 1), 0xffff));
  if (high < low) return Error::invalid("key", "'" + std::string(text) + "' is no range");
  if (high > low) key.high = network_order(static_cast<uint16_t>(high));
  return key;
}

Result<EncodedKey> encode(const SetType& type, const std::string& text) {
  if (type.name == "ipv4_addr" || type.name == "ipv6_addr") return encode_address(type, text);
  if (type.name == "inet_service") return encode_ports(text);
  if (type.name == "inet_proto") {
    const auto protocol = protocol_by_name(text);
    if (!protocol) return Error::invalid("key", "'" + text + "' is no protocol");
    return EncodedKey{std::string(1, static_cast<char>(*protocol)), {}};
  }
  if (type.name == "mark") {
    TRY_ASSIGN(const uint32_t number, parse_number(text, UINT32_MAX));
    return EncodedKey{machine_order(number), {}};
  }
  if (text.empty() || text.size() >= IFNAMSIZ) return Error::invalid("key", "'" + text + "' is no name of a link");
  std::string name = text;
  name.resize(IFNAMSIZ, '\0');
  return EncodedKey{std::move(name), {}};
}

}  // namespace

const SetType* set_type_by_name(std::string_view name) {
  for (const SetType& type : set_types) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

uint32_t type_number(const SetTypes& types) {
  uint32_t number = 0;
  for (const SetType* type : types) number = number << bits_per_type | type->number;
  return number;
}

std::optional<SetTypes> types_of_number(uint32_t number) {
  SetTypes types;
  for (; number != 0; number >>= bits_per_type) {
    const SetType* found = nullptr;
    for (const SetType& type : set_types) {
      if (type.number == (number & ((1U << bits_per_type) - 1))) found = &type;
    }
    if (found == nullptr) return std::nullopt;
    types.insert(types.begin(), found);
  }
  return types;
}

size_t types_size(const SetTypes& types) {
  if (types.size() == 1) return types[0]->size;
  size_t size = 0;
  for (const SetType* type : types) size += padded(type->size);
  return size;
}

Result<EncodedKey> encode_key(const SetTypes& types, const std::vector<std::string>& texts) {
  if (texts.size() != types.size()) {
    return Error::invalid(
        "key", "it has " + std::to_string(texts.size()) + " parts, the set wants " + std::to_string(types.size()));
  }
  EncodedKey key;
  bool is_range = false;
  for (size_t i = 0; i < types.size(); i++) {
    TRY_ASSIGN(EncodedKey part, encode(*types[i], texts[i]));
    is_range = is_range || !part.high.empty();
    if (part.high.empty()) part.high = part.low;
    if (types.size() > 1) {
      part.low.resize(padded(part.low.size()), '\0');
      part.high.resize(padded(part.high.size()), '\0');
    }
    key.low += part.low;
    key.high += part.high;
  }
  if (!is_range) key.high.clear();
  return key;
}

std::optional<std::string> next_value(std::string bytes) {
  for (size_t i = bytes.size(); i-- > 0;) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    bytes[i] = static_cast<char>(byte + 1);
    if (byte != 0xff) return bytes;
  }
  return std::nullopt;
}

std::optional<uint8_t> protocol_by_name(std::string_view name) {
  if (name == "tcp") return IPPROTO_TCP;
  if (name == "udp") return IPPROTO_UDP;
  if (name == "sctp") return uint8_t{132};
  if (name == "icmp") return IPPROTO_ICMP;
  if (name == "icmpv6") return IPPROTO_ICMPV6;
  return std::nullopt;
}

}  // namespace slipway::nft

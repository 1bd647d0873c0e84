#include "core/nft/rule.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <netinet/in.h>

#include <cstring>

namespace slipway::nft {

std::string network_order(uint16_t number) {
  const uint16_t swapped = htons(number);
  return {reinterpret_cast<const char*>(&swapped), sizeof(swapped)};
}

std::string machine_order(uint32_t number) {
  return {reinterpret_cast<const char*>(&number), sizeof(number)};
}

template <typename Content>
void Rule::expression(const char* name, Content content) {
  message_.nest(NFTA_LIST_ELEM, [&] {
    message_.put_string(NFTA_EXPR_NAME, name);
    message_.nest(NFTA_EXPR_DATA, content);
  });
}

void Rule::put_data(uint16_t attribute, std::string_view value) {
  message_.nest(attribute, [&] { message_.put(NFTA_DATA_VALUE, Bytes(value.data(), value.size())); });
}

void Rule::meta(uint32_t key, uint32_t to) {
  expression("meta", [&] {
    message_.put_be32(NFTA_META_KEY, key);
    message_.put_be32(NFTA_META_DREG, to);
  });
}

void Rule::set_meta(uint32_t key, uint32_t from) {
  expression("meta", [&] {
    message_.put_be32(NFTA_META_KEY, key);
    message_.put_be32(NFTA_META_SREG, from);
  });
}

void Rule::ct(uint32_t key, uint32_t to) {
  expression("ct", [&] {
    message_.put_be32(NFTA_CT_KEY, key);
    message_.put_be32(NFTA_CT_DREG, to);
  });
}

void Rule::set_ct(uint32_t key, uint32_t from) {
  expression("ct", [&] {
    message_.put_be32(NFTA_CT_KEY, key);
    message_.put_be32(NFTA_CT_SREG, from);
  });
}

void Rule::payload(uint32_t base, uint32_t offset, uint32_t size, uint32_t to) {
  expression("payload", [&] {
    message_.put_be32(NFTA_PAYLOAD_DREG, to);
    message_.put_be32(NFTA_PAYLOAD_BASE, base);
    message_.put_be32(NFTA_PAYLOAD_OFFSET, offset);
    message_.put_be32(NFTA_PAYLOAD_LEN, size);
  });
}

void Rule::fib_type(bool source, uint32_t to) {
  expression("fib", [&] {
    message_.put_be32(NFTA_FIB_DREG, to);
    message_.put_be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
    message_.put_be32(NFTA_FIB_FLAGS, source ? NFTA_FIB_F_SADDR : NFTA_FIB_F_DADDR);
  });
}

void Rule::immediate(std::string_view value, uint32_t to) {
  expression("immediate", [&] {
    message_.put_be32(NFTA_IMMEDIATE_DREG, to);
    put_data(NFTA_IMMEDIATE_DATA, value);
  });
}

void Rule::compare(uint32_t operation, std::string_view value, uint32_t from) {
  expression("cmp", [&] {
    message_.put_be32(NFTA_CMP_SREG, from);
    message_.put_be32(NFTA_CMP_OP, operation);
    put_data(NFTA_CMP_DATA, value);
  });
}

void Rule::range(bool negated, std::string_view low, std::string_view high) {
  expression("range", [&] {
    message_.put_be32(NFTA_RANGE_SREG, NFT_REG_1);
    message_.put_be32(NFTA_RANGE_OP, negated ? NFT_RANGE_NEQ : NFT_RANGE_EQ);
    put_data(NFTA_RANGE_FROM_DATA, low);
    put_data(NFTA_RANGE_TO_DATA, high);
  });
}

void Rule::mask(std::string_view bits) {
  expression("bitwise", [&] {
    message_.put_be32(NFTA_BITWISE_SREG, NFT_REG_1);
    message_.put_be32(NFTA_BITWISE_DREG, NFT_REG_1);
    message_.put_be32(NFTA_BITWISE_LEN, static_cast<uint32_t>(bits.size()));
    put_data(NFTA_BITWISE_MASK, bits);
    put_data(NFTA_BITWISE_XOR, std::string(bits.size(), '\0'));
  });
}

void Rule::lookup(const std::string& set, bool negated) {
  expression("lookup", [&] {
    message_.put_string(NFTA_LOOKUP_SET, set);
    message_.put_be32(NFTA_LOOKUP_SREG, NFT_REG_1);
    if (negated) message_.put_be32(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  });
}

void Rule::lookup_map(const std::string& map, uint32_t to) {
  expression("lookup", [&] {
    message_.put_string(NFTA_LOOKUP_SET, map);
    message_.put_be32(NFTA_LOOKUP_SREG, NFT_REG_1);
    message_.put_be32(NFTA_LOOKUP_DREG, to);
  });
}

void Rule::need_version(Version version) {
  if (version == Version::any || version == version_ || family_ != NFPROTO_INET) return;
  version_ = version;
  const char protocol = version == Version::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
  meta(NFT_META_NFPROTO, NFT_REG_1);
  compare(NFT_CMP_EQ, {&protocol, 1});
}

void Rule::need_protocol(uint8_t protocol) {
  if (protocol_ == protocol) return;
  protocol_ = protocol;
  const char byte = static_cast<char>(protocol);
  meta(NFT_META_L4PROTO, NFT_REG_1);
  compare(NFT_CMP_EQ, {&byte, 1});
}

void Rule::verdict(int code, const std::string& chain) {
  expression("immediate", [&] {
    message_.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    message_.nest(NFTA_IMMEDIATE_DATA, [&] {
      message_.nest(NFTA_DATA_VERDICT, [&] {
        message_.put_be32(NFTA_VERDICT_CODE, static_cast<uint32_t>(code));
        if (!chain.empty()) message_.put_string(NFTA_VERDICT_CHAIN, chain);
      });
    });
  });
}

void Rule::counter() {
  expression("counter", [&] {
    message_.put_be64(NFTA_COUNTER_BYTES, 0);
    message_.put_be64(NFTA_COUNTER_PACKETS, 0);
  });
}

void Rule::log(const std::string& prefix) {
  expression("log", [&] { message_.put_string(NFTA_LOG_PREFIX, prefix); });
}

void Rule::reject(const std::string& kind) {
  uint32_t type = NFT_REJECT_ICMPX_UNREACH;
  uint8_t code = kind == "admin-prohibited" ? NFT_REJECT_ICMPX_ADMIN_PROHIBITED : NFT_REJECT_ICMPX_PORT_UNREACH;
  if (kind == "tcp-reset") {
    need_protocol(IPPROTO_TCP);
    type = NFT_REJECT_TCP_RST;
    code = 0;
  } else if (family_ == NFPROTO_IPV4) {
    type = NFT_REJECT_ICMP_UNREACH;
    code = kind == "admin-prohibited" ? 13 : 3;  // RFC 1812, RFC 792
  } else if (family_ == NFPROTO_IPV6) {
    type = NFT_REJECT_ICMP_UNREACH;
    code = kind == "admin-prohibited" ? 1 : 4;  // RFC 4443
  }
  expression("reject", [&] {
    message_.put_be32(NFTA_REJECT_TYPE, type);
    message_.put_number<uint8_t>(NFTA_REJECT_ICMP_CODE, code);
  });
}

// `port_low` 0: ports stay; `port_high` 0: a single one.
void Rule::nat(bool destination, Version version, uint32_t address, uint32_t port_low, uint32_t port_high) {
  expression("nat", [&] {
    message_.put_be32(NFTA_NAT_TYPE, destination ? NFT_NAT_DNAT : NFT_NAT_SNAT);
    message_.put_be32(NFTA_NAT_FAMILY, version == Version::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
    message_.put_be32(NFTA_NAT_REG_ADDR_MIN, address);
    if (port_low != 0) message_.put_be32(NFTA_NAT_REG_PROTO_MIN, port_low);
    if (port_high != 0) message_.put_be32(NFTA_NAT_REG_PROTO_MAX, port_high);
  });
}

void Rule::masquerade(bool fully_random) {
  expression("masq", [&] {
    if (fully_random) message_.put_be32(NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
  });
}

void Rule::redirect(uint32_t port) {
  expression("redir", [&] { message_.put_be32(NFTA_REDIR_REG_PROTO_MIN, port); });
}

}  // namespace slipway::nft

// The expressions of one rule, as the kernel's small register machine runs them (linux/netfilter/nf_tables.h). They are
// put together as nft(8) does, so that it can show them again.
#pragma once

#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/netlink/message.h"

namespace slipway::nft {

using netlink::Bytes;
using netlink::Message;

// Registers are 4 bytes each; one that begins a group of 16 has a name of its own, which nft prefers.
inline uint32_t register_at(size_t bytes) {
  const auto index = static_cast<uint32_t>(bytes / 4);
  return index % 4 == 0 ? NFT_REG_1 + index / 4 : NFT_REG32_00 + index;
}

enum class Version { any, ipv4, ipv6 };

class Rule {
 public:
  // `message` is inside of NFTA_RULE_EXPRESSIONS. `family` is the table's NFPROTO_*.
  Rule(Message& message, uint8_t family) : message_(message), family_(family) {}

  // Loads of a packet's or a connection's properties into a register.
  void meta(uint32_t key, uint32_t to);
  void ct(uint32_t key, uint32_t to);
  void payload(uint32_t base, uint32_t offset, uint32_t size, uint32_t to);
  void fib_type(bool source, uint32_t to);
  void immediate(std::string_view value, uint32_t to);

  // Comparisons; the rule ends where they don't hold.
  void compare(uint32_t operation, std::string_view value, uint32_t from = NFT_REG_1);
  void range(bool negated, std::string_view low, std::string_view high);
  void mask(std::string_view bits);
  // Looks the registers up in a set. `to`: where a map's value goes, NFT_REG_VERDICT of a verdict map.
  void lookup(const std::string& set, bool negated);
  void lookup_map(const std::string& map, uint32_t to);

  // Lets only packets of that IP version, or of that transport protocol, go on; nothing if that is known already.
  void need_version(Version version);
  void need_protocol(uint8_t protocol);

  // Statements.
  void verdict(int code, const std::string& chain = {});
  void counter();
  void log(const std::string& prefix);
  void reject(const std::string& kind);
  void set_meta(uint32_t key, uint32_t from);
  void set_ct(uint32_t key, uint32_t from);
  void nat(bool destination, Version version, uint32_t address, uint32_t port_low, uint32_t port_high);
  void masquerade(bool fully_random);
  void redirect(uint32_t port);

  uint8_t family() const { return family_; }

 private:
  template <typename Content>
  void expression(const char* name, Content content);
  void put_data(uint16_t attribute, std::string_view value);

  Message& message_;
  uint8_t family_;
  Version version_ = Version::any;
  int protocol_ = -1;
};

// A number as the kernel keeps it: in network order for packets' fields, in the machine's for its own.
std::string network_order(uint16_t number);
std::string machine_order(uint32_t number);

}  // namespace slipway::nft

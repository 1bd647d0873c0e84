// IP and hardware addresses as text and as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::netlink {

struct Ip {
  int family = 0;     // AF_INET or AF_INET6
  std::string bytes;  // 4 or 16, network order
  bool operator==(const Ip&) const = default;
};

struct Network {
  Ip ip;
  unsigned prefix = 0;
};

Result<Ip> parse_ip(std::string_view text);
// "10.0.0.2/24"; without a prefix the whole address counts.
Result<Network> parse_network(std::string_view text);
// The same with the host's bits cleared.
Network masked(Network network);
std::string format_ip(std::string_view bytes);
// The network's last address.
Ip last_of(const Network& network);

Result<std::string> parse_mac(std::string_view text);
std::string format_mac(std::string_view bytes);

}  // namespace slipway::netlink

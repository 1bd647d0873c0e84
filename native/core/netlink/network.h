// Links, addresses and routes by rtnetlink(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/netlink/message.h"
#include "core/result.h"

namespace slipway::netlink {

// The other end of a veth pair.
struct Peer {
  std::string name;
  std::optional<std::string> mac;
  std::optional<uint32_t> mtu;
  int network_namespace = -1;
};

// One change; which members count depends on `kind`, as runtime/native/netlink.ts (NetworkStep) tells.
struct Step {
  std::string kind;  // "addBridge", …
  std::string link;
  std::optional<std::string> mac;
  std::optional<uint32_t> mtu;
  std::optional<bool> up;
  std::optional<std::string> name;
  std::optional<std::string> master;  // "" takes the link out of its bridge
  std::optional<bool> hairpin;
  int network_namespace = -1;
  std::string parent;
  std::string mode;
  std::string flag;
  uint16_t vlan_id = 0;
  bool stp = false;
  bool vlan_filtering = false;
  std::optional<Peer> peer;
  std::string address;
  std::string broadcast;
  std::string scope;
  bool detect_duplicates = false;
  std::string destination;
  std::string gateway;
  std::string source;
  std::optional<uint32_t> metric;
  std::optional<uint32_t> table;
  bool onlink = false;
  std::string key;
  std::string value;
  bool missing_ok = false;
};

// Does the steps in order up to the first that fails, whose number and kind are in the error.
Result<void> apply(const std::vector<Step>& steps, int network_namespace);

struct Link {
  int index = 0;
  std::string name;
  std::string kind;
  std::string mac;
  uint32_t mtu = 0;
  bool up = false;
  bool running = false;
  bool loopback = false;
  std::optional<int> master;
  std::optional<int> parent;
  std::optional<int> peer_namespace_id;
  struct {
    uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped;
  } statistics{};
};

struct Address {
  int link = 0;
  std::string address;  // "10.0.0.2/24"
  bool ipv6 = false;
  uint8_t scope = 0;
  bool tentative = false;
  bool duplicate = false;
};

struct Route {
  bool ipv6 = false;
  std::string destination;  // "default" or "10.0.0.0/24"
  std::string gateway;
  std::optional<int> link;
  std::string source;
  uint32_t metric = 0;
  uint32_t table = 0;
  uint8_t type = 0;
  uint8_t protocol = 0;
};

Result<std::vector<Link>> list_links(int network_namespace);
Result<std::vector<Address>> list_addresses(int network_namespace);
Result<std::vector<Route>> list_routes(int network_namespace);

// The index of a link, in the namespace that the socket is in; ENODEV if there is none.
Result<int> link_index(Socket& socket, const std::string& name);

// Sysctls by dotted name, or with slashes.
Result<std::string> read_sysctl(const std::string& key, int network_namespace);
Result<void> write_sysctl(const std::string& key, const std::string& value, int network_namespace);

struct ConntrackFilter {
  uint8_t protocol = 0;  // IPPROTO_*
  std::optional<uint16_t> destination_port;
  std::string destination;
  std::string reply_source;
};
// The number of connections forgotten.
Result<uint64_t> flush_conntrack(const ConntrackFilter& filter, int network_namespace);

}  // namespace slipway::netlink

// What there is: links, addresses, routes.
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "core/netlink/ip.h"
#include "core/netlink/network.h"

namespace slipway::netlink {
namespace {

std::string_view view(Bytes bytes) {
  return {bytes.data(), bytes.size()};
}

// Asks for a list until it was not disturbed while it was read.
template <typename Item, typename Payload>
Result<std::vector<Item>> list(int network_namespace, uint16_t type, const Payload& payload, std::string_view step,
                               const std::function<std::optional<Item>(const Answer&)>& decode) {
  TRY_ASSIGN(Socket socket, Socket::open(NETLINK_ROUTE, network_namespace));
  for (;;) {
    Message message(type, NLM_F_DUMP);
    message.payload(payload);
    std::vector<Item> items;
    auto done = socket.dump(message, step, [&](const Answer& answer) {
      if (auto item = decode(answer)) items.push_back(std::move(*item));
    });
    if (done) return items;
    if (done.error().code != EINTR) return std::move(done.error());
  }
}

template <typename T>
std::pair<T, Bytes> split(Bytes payload) {
  const size_t size = std::min<size_t>(NLMSG_ALIGN(sizeof(T)), payload.size());
  return {number_of<T>(payload), payload.subspan(size)};
}

void read_statistics(Bytes value, Link& link) {
  const auto stats = number_of<rtnl_link_stats64>(value);
  link.statistics = {stats.rx_bytes, stats.rx_packets, stats.rx_errors, stats.rx_dropped,
                     stats.tx_bytes, stats.tx_packets, stats.tx_errors, stats.tx_dropped};
}

std::optional<Link> decode_link(const Answer& answer) {
  if (answer.type != RTM_NEWLINK) return std::nullopt;
  const auto [info, attributes] = split<ifinfomsg>(answer.payload);
  Link link;
  link.index = info.ifi_index;
  link.up = (info.ifi_flags & IFF_UP) != 0;
  link.running = (info.ifi_flags & IFF_RUNNING) != 0;
  link.loopback = (info.ifi_flags & IFF_LOOPBACK) != 0;
  for_each_attribute(attributes, [&](uint16_t type, Bytes value) {
    if (type == IFLA_IFNAME) link.name = text_of(value);
    if (type == IFLA_ADDRESS) link.mac = format_mac(view(value));
    if (type == IFLA_MTU) link.mtu = number_of<uint32_t>(value);
    if (type == IFLA_MASTER) link.master = number_of<int>(value);
    if (type == IFLA_LINK) link.parent = number_of<int>(value);
    if (type == IFLA_LINK_NETNSID) link.peer_namespace_id = number_of<int>(value);
    if (type == IFLA_STATS64) read_statistics(value, link);
    if (type != IFLA_LINKINFO) return;
    for_each_attribute(value, [&](uint16_t inner, Bytes text) {
      if (inner == IFLA_INFO_KIND) link.kind = text_of(text);
    });
  });
  return link;
}

std::optional<Address> decode_address(const Answer& answer) {
  if (answer.type != RTM_NEWADDR) return std::nullopt;
  const auto [info, attributes] = split<ifaddrmsg>(answer.payload);
  if (info.ifa_family != AF_INET && info.ifa_family != AF_INET6) return std::nullopt;
  Address address;
  address.link = static_cast<int>(info.ifa_index);
  address.ipv6 = info.ifa_family == AF_INET6;
  address.scope = info.ifa_scope;
  uint32_t flags = info.ifa_flags;
  std::string local;
  std::string peer;
  for_each_attribute(attributes, [&](uint16_t type, Bytes value) {
    if (type == IFA_LOCAL) local = format_ip(view(value));
    if (type == IFA_ADDRESS) peer = format_ip(view(value));
    if (type == IFA_FLAGS) flags = number_of<uint32_t>(value);
  });
  address.address = (local.empty() ? peer : local) + "/" + std::to_string(info.ifa_prefixlen);
  address.tentative = (flags & IFA_F_TENTATIVE) != 0;
  address.duplicate = (flags & IFA_F_DADFAILED) != 0;
  return address;
}

std::optional<Route> decode_route(const Answer& answer) {
  if (answer.type != RTM_NEWROUTE) return std::nullopt;
  const auto [info, attributes] = split<rtmsg>(answer.payload);
  if (info.rtm_family != AF_INET && info.rtm_family != AF_INET6) return std::nullopt;
  Route route;
  route.ipv6 = info.rtm_family == AF_INET6;
  route.destination = info.rtm_dst_len == 0 ? "default" : "";
  route.table = info.rtm_table;
  route.type = info.rtm_type;
  route.protocol = info.rtm_protocol;
  const std::string length = "/" + std::to_string(info.rtm_dst_len);
  for_each_attribute(attributes, [&](uint16_t type, Bytes value) {
    if (type == RTA_DST) route.destination = format_ip(view(value)) + length;
    if (type == RTA_GATEWAY) route.gateway = format_ip(view(value));
    if (type == RTA_OIF) route.link = number_of<int>(value);
    if (type == RTA_PREFSRC) route.source = format_ip(view(value));
    if (type == RTA_PRIORITY) route.metric = number_of<uint32_t>(value);
    if (type == RTA_TABLE) route.table = number_of<uint32_t>(value);
  });
  return route;
}

}  // namespace

Result<std::vector<Link>> list_links(int network_namespace) {
  return list<Link>(network_namespace, RTM_GETLINK, ifinfomsg{}, "list links", decode_link);
}

Result<std::vector<Address>> list_addresses(int network_namespace) {
  return list<Address>(network_namespace, RTM_GETADDR, ifaddrmsg{}, "list addresses", decode_address);
}

Result<std::vector<Route>> list_routes(int network_namespace) {
  return list<Route>(network_namespace, RTM_GETROUTE, rtmsg{}, "list routes", decode_route);
}

}  // namespace slipway::netlink

// Addresses and routes.
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "core/netlink/ip.h"
#include "core/netlink/network.h"
#include "core/netlink/steps.h"

namespace slipway::netlink {
namespace {

Result<uint8_t> scope_by_name(const std::string& name) {
  if (name.empty() || name == "global") return uint8_t{RT_SCOPE_UNIVERSE};
  if (name == "link") return uint8_t{RT_SCOPE_LINK};
  if (name == "host") return uint8_t{RT_SCOPE_HOST};
  return Error::invalid("scope", "'" + name + "' is unknown");
}

Result<Message> address_message(Socket& socket, const Step& step, uint16_t type, uint16_t flags) {
  TRY_ASSIGN(const int index, link_index(socket, step.link));
  TRY_ASSIGN(const Network network, parse_network(step.address));
  TRY_ASSIGN(const uint8_t scope, scope_by_name(step.scope));
  Message message(type, flags | NLM_F_ACK);
  ifaddrmsg info{};
  info.ifa_family = static_cast<uint8_t>(network.ip.family);
  info.ifa_prefixlen = static_cast<uint8_t>(network.prefix);
  info.ifa_scope = scope;
  info.ifa_index = static_cast<uint32_t>(index);
  message.payload(info);
  message.put(IFA_LOCAL, network.ip.bytes);
  message.put(IFA_ADDRESS, network.ip.bytes);
  if (type != RTM_NEWADDR) return message;
  if (network.ip.family == AF_INET6) {
    // The engine hands out the addresses, so nobody else has them; detection would keep them unusable for a second.
    if (!step.detect_duplicates) message.put_number<uint32_t>(IFA_FLAGS, IFA_F_NODAD);
  } else if (!step.broadcast.empty()) {
    TRY_ASSIGN(const Ip broadcast, parse_ip(step.broadcast));
    message.put(IFA_BROADCAST, broadcast.bytes);
  } else if (network.prefix < 31) {
    message.put(IFA_BROADCAST, last_of(network).bytes);
  }
  return message;
}

Result<Message> route_message(Socket& socket, const Step& step, uint16_t type, uint16_t flags) {
  std::optional<Ip> gateway;
  if (!step.gateway.empty()) {
    TRY_ASSIGN(gateway, parse_ip(step.gateway));
  }
  std::optional<Network> destination;
  if (step.destination != "default") {
    TRY_ASSIGN(destination, parse_network(step.destination));
    destination = masked(*destination);
  } else if (!gateway && step.source.empty()) {
    destination = Network{{AF_INET, std::string(4, '\0')}, 0};
  }
  std::optional<Ip> source;
  if (!step.source.empty()) {
    TRY_ASSIGN(source, parse_ip(step.source));
  }
  const int family = destination ? destination->ip.family : gateway ? gateway->family : source->family;
  if ((gateway && gateway->family != family) || (source && source->family != family)) {
    return Error::invalid("route", "its addresses are of different IP versions");
  }
  const uint32_t table = step.table.value_or(RT_TABLE_MAIN);
  Message message(type, flags | NLM_F_ACK);
  rtmsg info{};
  info.rtm_family = static_cast<uint8_t>(family);
  info.rtm_dst_len = static_cast<uint8_t>(destination ? destination->prefix : 0);
  info.rtm_table = static_cast<uint8_t>(table < 256 ? table : RT_TABLE_UNSPEC);
  if (type == RTM_NEWROUTE) {
    info.rtm_protocol = RTPROT_STATIC;
    info.rtm_type = RTN_UNICAST;
  }
  info.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  if (step.onlink) info.rtm_flags = RTNH_F_ONLINK;
  message.payload(info);
  message.put_number<uint32_t>(RTA_TABLE, table);
  if (destination && destination->prefix > 0) message.put(RTA_DST, destination->ip.bytes);
  if (gateway) message.put(RTA_GATEWAY, gateway->bytes);
  if (source) message.put(RTA_PREFSRC, source->bytes);
  if (step.metric) message.put_number<uint32_t>(RTA_PRIORITY, *step.metric);
  if (!step.link.empty()) {
    TRY_ASSIGN(const int index, link_index(socket, step.link));
    message.put_number<uint32_t>(RTA_OIF, static_cast<uint32_t>(index));
  }
  return message;
}

}  // namespace

Result<void> add_address(Socket& socket, const Step& step) {
  TRY_ASSIGN(Message message, address_message(socket, step, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE));
  return socket.request(message, "add address", step.address);
}

Result<void> delete_address(Socket& socket, const Step& step) {
  TRY_ASSIGN(Message message, address_message(socket, step, RTM_DELADDR, 0));
  auto deleted = socket.request(message, "delete address", step.address);
  if (!deleted && deleted.error().code == EADDRNOTAVAIL && step.missing_ok) return {};
  return deleted;
}

Result<void> add_route(Socket& socket, const Step& step) {
  TRY_ASSIGN(Message message, route_message(socket, step, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE));
  return socket.request(message, "add route", step.destination);
}

Result<void> delete_route(Socket& socket, const Step& step) {
  TRY_ASSIGN(Message message, route_message(socket, step, RTM_DELROUTE, 0));
  auto deleted = socket.request(message, "delete route", step.destination);
  if (!deleted && deleted.error().code == ESRCH && step.missing_ok) return {};
  return deleted;
}

}  // namespace slipway::netlink

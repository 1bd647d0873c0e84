// Making and changing links.
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include "core/netlink/ip.h"
#include "core/netlink/network.h"
#include "core/netlink/steps.h"

namespace slipway::netlink {
namespace {

struct Named {
  std::string_view name;
  uint32_t value;
};

template <size_t N>
Result<uint32_t> number_by_name(const Named (&names)[N], const std::string& name, std::string_view field) {
  for (const Named& known : names) {
    if (known.name == name) return known.value;
  }
  return Error::invalid(field, "'" + name + "' is unknown");
}

constexpr Named macvlan_modes[] = {{"", MACVLAN_MODE_BRIDGE},
                                   {"bridge", MACVLAN_MODE_BRIDGE},
                                   {"private", MACVLAN_MODE_PRIVATE},
                                   {"vepa", MACVLAN_MODE_VEPA},
                                   {"passthru", MACVLAN_MODE_PASSTHRU}};
constexpr Named ipvlan_modes[] = {
    {"", IPVLAN_MODE_L2}, {"l2", IPVLAN_MODE_L2}, {"l3", IPVLAN_MODE_L3}, {"l3s", IPVLAN_MODE_L3S}};
constexpr Named ipvlan_flags[] = {{"", 0}, {"bridge", 0}, {"private", IPVLAN_F_PRIVATE}, {"vepa", IPVLAN_F_VEPA}};

Result<void> check_name(const std::string& name, std::string_view field) {
  if (name.empty() || name.size() >= IFNAMSIZ || name.find('/') != std::string::npos || name == "." || name == "..") {
    return Error::invalid(field, "'" + name + "' is no name of a link: 1 to 15 characters");
  }
  return {};
}

Result<void> put_size_and_mac(Message& message, const std::optional<std::string>& mac,
                              const std::optional<uint32_t>& mtu) {
  if (mtu) message.put_number<uint32_t>(IFLA_MTU, *mtu);
  if (mac) {
    TRY_ASSIGN(const std::string bytes, parse_mac(*mac));
    message.put(IFLA_ADDRESS, bytes);
  }
  return {};
}

// Makes a link of that kind. `data` puts the kind's own attributes.
Result<void> make_link(Socket& socket, const Step& step, const char* kind,
                       const std::function<Result<void>(Message&)>& data, int parent = 0) {
  TRY(check_name(step.link, "link"));
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
  message.payload(ifinfomsg{});
  message.put_string(IFLA_IFNAME, step.link);
  TRY(put_size_and_mac(message, step.mac, step.mtu));
  if (parent > 0) message.put_number<uint32_t>(IFLA_LINK, static_cast<uint32_t>(parent));
  if (step.network_namespace >= 0) {
    message.put_number<uint32_t>(IFLA_NET_NS_FD, static_cast<uint32_t>(step.network_namespace));
  }
  if (step.master && !step.master->empty()) {
    TRY_ASSIGN(const int master, link_index(socket, *step.master));
    message.put_number<uint32_t>(IFLA_MASTER, static_cast<uint32_t>(master));
  }
  Result<void> filled;
  message.nest(IFLA_LINKINFO, [&] {
    message.put_string(IFLA_INFO_KIND, kind);
    message.nest(IFLA_INFO_DATA, [&] { filled = data(message); });
  });
  TRY(std::move(filled));
  return socket.request(message, std::string("new ") + kind, step.link);
}

}  // namespace

Result<void> add_bridge(Socket& socket, const Step& step) {
  return make_link(socket, step, "bridge", [&](Message& message) -> Result<void> {
    message.put_number<uint32_t>(IFLA_BR_STP_STATE, step.stp ? 1 : 0);
    // With no other bridge in reach there is nothing to wait for.
    if (!step.stp) message.put_number<uint32_t>(IFLA_BR_FORWARD_DELAY, 0);
    if (step.vlan_filtering) message.put_number<uint8_t>(IFLA_BR_VLAN_FILTERING, 1);
    return {};
  });
}

Result<void> add_veth(Socket& socket, const Step& step) {
  if (!step.peer) return Error::invalid("peer", "is required");
  const Peer& peer = *step.peer;
  TRY(check_name(peer.name, "peer.name"));
  return make_link(socket, step, "veth", [&](Message& message) -> Result<void> {
    Result<void> filled;
    message.nest(VETH_INFO_PEER, [&] {
      message.payload(ifinfomsg{});
      message.put_string(IFLA_IFNAME, peer.name);
      filled = put_size_and_mac(message, peer.mac, peer.mtu ? peer.mtu : step.mtu);
      if (peer.network_namespace >= 0) {
        message.put_number<uint32_t>(IFLA_NET_NS_FD, static_cast<uint32_t>(peer.network_namespace));
      }
    });
    return filled;
  });
}

Result<void> add_macvlan(Socket& socket, const Step& step) {
  TRY_ASSIGN(const int parent, link_index(socket, step.parent));
  TRY_ASSIGN(const uint32_t mode, number_by_name(macvlan_modes, step.mode, "mode"));
  const auto data = [&](Message& message) -> Result<void> {
    message.put_number<uint32_t>(IFLA_MACVLAN_MODE, mode);
    return {};
  };
  return make_link(socket, step, "macvlan", data, parent);
}

Result<void> add_ipvlan(Socket& socket, const Step& step) {
  TRY_ASSIGN(const int parent, link_index(socket, step.parent));
  TRY_ASSIGN(const uint32_t mode, number_by_name(ipvlan_modes, step.mode, "mode"));
  TRY_ASSIGN(const uint32_t flags, number_by_name(ipvlan_flags, step.flag, "flag"));
  const auto data = [&](Message& message) -> Result<void> {
    message.put_number<uint16_t>(IFLA_IPVLAN_MODE, static_cast<uint16_t>(mode));
    message.put_number<uint16_t>(IFLA_IPVLAN_FLAGS, static_cast<uint16_t>(flags));
    return {};
  };
  return make_link(socket, step, "ipvlan", data, parent);
}

Result<void> add_vlan(Socket& socket, const Step& step) {
  if (step.vlan_id == 0 || step.vlan_id > 4094) return Error::invalid("id", "must be from 1 to 4094");
  TRY_ASSIGN(const int parent, link_index(socket, step.parent));
  const auto data = [&](Message& message) -> Result<void> {
    message.put_number<uint16_t>(IFLA_VLAN_ID, step.vlan_id);
    return {};
  };
  return make_link(socket, step, "vlan", data, parent);
}

Result<void> add_dummy(Socket& socket, const Step& step) {
  return make_link(socket, step, "dummy", [](Message&) -> Result<void> { return {}; });
}

namespace {

Result<void> set_hairpin(Socket& socket, int index, const Step& step) {
  Message message(RTM_SETLINK, NLM_F_ACK);
  ifinfomsg info{};
  info.ifi_family = AF_BRIDGE;
  info.ifi_index = index;
  message.payload(info);
  message.nest(IFLA_PROTINFO, [&] { message.put_number<uint8_t>(IFLA_BRPORT_MODE, *step.hairpin ? 1 : 0); });
  return socket.request(message, "set hairpin mode of", step.link);
}

}  // namespace

Result<void> set_link(Socket& socket, const Step& step) {
  TRY_ASSIGN(const int index, link_index(socket, step.link));
  Message message(RTM_NEWLINK, NLM_F_ACK);
  ifinfomsg info{};
  info.ifi_index = index;
  if (step.up) {
    info.ifi_change = IFF_UP;
    info.ifi_flags = *step.up ? IFF_UP : 0;
  }
  message.payload(info);
  if (step.name) {
    TRY(check_name(*step.name, "name"));
    message.put_string(IFLA_IFNAME, *step.name);
  }
  TRY(put_size_and_mac(message, step.mac, step.mtu));
  if (step.master) {
    int master = 0;
    if (!step.master->empty()) {
      TRY_ASSIGN(master, link_index(socket, *step.master));
    }
    message.put_number<uint32_t>(IFLA_MASTER, static_cast<uint32_t>(master));
  }
  if (step.network_namespace >= 0) {
    message.put_number<uint32_t>(IFLA_NET_NS_FD, static_cast<uint32_t>(step.network_namespace));
  }
  TRY(socket.request(message, "set link", step.link));
  return step.hairpin ? set_hairpin(socket, index, step) : Result<void>();
}

Result<void> delete_link(Socket& socket, const Step& step) {
  Message message(RTM_DELLINK, NLM_F_ACK);
  message.payload(ifinfomsg{});
  message.put_string(IFLA_IFNAME, step.link);
  auto deleted = socket.request(message, "delete link", step.link);
  if (!deleted && deleted.error().code == ENODEV && step.missing_ok) return {};
  return deleted;
}

Result<int> link_index(Socket& socket, const std::string& name) {
  TRY(check_name(name, "link"));
  Message message(RTM_GETLINK, NLM_F_ACK);  // the acknowledgement is the answer's end
  message.payload(ifinfomsg{});
  message.put_string(IFLA_IFNAME, name);
  int index = 0;
  auto done = socket.dump(message, "find link", [&](const Answer& answer) {
    if (answer.type == RTM_NEWLINK) index = number_of<ifinfomsg>(answer.payload).ifi_index;
  });
  if (!done) return Error::from_errno(done.error().code, "find link", name);
  return index;
}

}  // namespace slipway::netlink

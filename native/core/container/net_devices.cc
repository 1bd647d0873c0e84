#include "core/container/net_devices.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <functional>
#include <vector>

#include "core/fd.h"
#include "core/files.h"

namespace slipway::container {
namespace {

struct Address {
  ifaddrmsg header{};
  std::vector<char> local;      // IFA_LOCAL, or IFA_ADDRESS where there is no other
  std::vector<char> broadcast;  // may be empty
};

// One request with attributes, in a buffer that is aligned and large enough for what is sent here.
class Request {
 public:
  template <typename Body>
  Request(uint16_t type, uint16_t flags, const Body& body) {
    header()->nlmsg_type = type;
    header()->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
    header()->nlmsg_len = NLMSG_LENGTH(sizeof(Body));
    memcpy(NLMSG_DATA(header()), &body, sizeof(Body));
  }
  void add(uint16_t type, const void* data, size_t size) {
    auto* attribute = reinterpret_cast<rtattr*>(buffer_.data() + NLMSG_ALIGN(header()->nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
    memcpy(RTA_DATA(attribute), data, size);
    header()->nlmsg_len = NLMSG_ALIGN(header()->nlmsg_len) + static_cast<uint32_t>(RTA_LENGTH(size));
  }
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }

 private:
  alignas(nlmsghdr) std::array<char, 512> buffer_{};
};

Result<Fd> open_netlink() {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return Error::system("socket", "netlink");
  return socket;
}

// Sends, and hands each answer to `take` until the kernel says that was all.
Result<void> ask(int socket, Request& request, const std::string& what,
                 const std::function<void(const nlmsghdr*)>& take) {
  if (::send(socket, request.header(), request.header()->nlmsg_len, 0) < 0) return Error::system("send", what);
  alignas(nlmsghdr) std::array<char, 32768> buffer{};
  while (true) {
    const ssize_t length = retry([&] { return ::recv(socket, buffer.data(), buffer.size(), 0); });
    if (length < 0) return Error::system("recv", what);
    auto left = static_cast<uint32_t>(length);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      if (header->nlmsg_type == NLMSG_DONE) return {};
      if (header->nlmsg_type == NLMSG_ERROR) {
        const int code = -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
        if (code != 0) return Error::from_errno(code, what);
        return {};
      }
      take(header);
    }
  }
}

Result<std::vector<Address>> addresses_of(int socket, int index) {
  std::vector<Address> found;
  ifaddrmsg body{};
  Request request(RTM_GETADDR, NLM_F_DUMP, body);
  TRY(ask(socket, request, "list the addresses", [&](const nlmsghdr* header) {
    Address address;
    memcpy(&address.header, NLMSG_DATA(header), sizeof(ifaddrmsg));
    // Link-local ones are made anew, temporary ones are not ours to keep.
    if (static_cast<int>(address.header.ifa_index) != index || address.header.ifa_scope != RT_SCOPE_UNIVERSE ||
        (address.header.ifa_flags & IFA_F_PERMANENT) == 0)
      return;
    auto left = static_cast<int>(IFA_PAYLOAD(header));
    for (const auto* part = IFA_RTA(NLMSG_DATA(header)); RTA_OK(part, left); part = RTA_NEXT(part, left)) {
      const char* data = static_cast<const char*>(RTA_DATA(part));
      const std::vector<char> bytes(data, data + RTA_PAYLOAD(part));
      if (part->rta_type == IFA_LOCAL || (part->rta_type == IFA_ADDRESS && address.local.empty()))
        address.local = bytes;
      if (part->rta_type == IFA_BROADCAST) address.broadcast = bytes;
    }
    found.push_back(std::move(address));
  }));
  return found;
}

// A netlink socket of the namespace of `pid`; the caller comes back to its own.
Result<Fd> open_netlink_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
  const Fd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const Fd target(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!own || !target) return Error::system("open", path);
  if (::setns(target.get(), CLONE_NEWNET) != 0) return Error::system("setns", path);
  Result<Fd> socket = open_netlink();
  if (::setns(own.get(), CLONE_NEWNET) != 0) return Error::system("setns back to the own network");
  return socket;
}

Result<void> settle_inside(int socket, const std::string& name, const std::vector<Address>& addresses) {
  ifinfomsg find{};
  Request query(RTM_GETLINK, NLM_F_ACK, find);
  query.add(IFLA_IFNAME, name.c_str(), name.size() + 1);
  int index = 0;
  TRY(ask(socket, query, "find the interface in the container",
          [&](const nlmsghdr* header) { index = static_cast<const ifinfomsg*>(NLMSG_DATA(header))->ifi_index; }));
  for (const Address& address : addresses) {
    ifaddrmsg body = address.header;
    body.ifa_index = static_cast<uint32_t>(index);
    Request add(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, body);
    add.add(IFA_LOCAL, address.local.data(), address.local.size());
    add.add(IFA_ADDRESS, address.local.data(), address.local.size());
    if (!address.broadcast.empty()) add.add(IFA_BROADCAST, address.broadcast.data(), address.broadcast.size());
    TRY(ask(socket, add, "add an address", [](const nlmsghdr*) {}));
  }
  ifinfomsg body{};
  body.ifi_index = index;
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  Request up(RTM_NEWLINK, NLM_F_ACK, body);
  return ask(socket, up, "bring the interface up", [](const nlmsghdr*) {});
}

Result<void> move_one(int socket, int inside, const std::string& name, const std::string& new_name, pid_t pid) {
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(::if_nametoindex(name.c_str()));
  if (body.ifi_index == 0) return Error::from_errno(ENODEV, "find the interface", name);
  TRY_ASSIGN(const std::vector<Address> addresses, addresses_of(socket, body.ifi_index));
  Request move(RTM_NEWLINK, NLM_F_ACK, body);
  const auto target = static_cast<uint32_t>(pid);
  move.add(IFLA_NET_NS_PID, &target, sizeof(target));
  move.add(IFLA_IFNAME, new_name.c_str(), new_name.size() + 1);
  TRY(ask(socket, move, "move the interface", [](const nlmsghdr*) {}));
  return settle_inside(inside, new_name, addresses);
}

}  // namespace

Result<void> move_net_devices(const std::map<std::string, spec::NetDevice>& devices, pid_t pid) {
  if (devices.empty()) return {};
  TRY_ASSIGN(const Fd socket, open_netlink());
  TRY_ASSIGN(const Fd inside, open_netlink_of(pid));
  for (const auto& [name, device] : devices) {
    auto moved = move_one(socket.get(), inside.get(), name, device.name.empty() ? name : device.name, pid);
    if (!moved) return std::move(moved.error()).with_context("linux.netDevices." + name);
  }
  return {};
}

}  // namespace slipway::container

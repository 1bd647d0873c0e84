#include <linux/netlink.h>

#include "core/netlink/network.h"
#include "core/netlink/steps.h"

namespace slipway::netlink {
namespace {

struct Kind {
  std::string_view name;
  Result<void> (*run)(Socket& socket, const Step& step);
};

constexpr Kind kinds[] = {
    {"addBridge", add_bridge},   {"addVeth", add_veth},
    {"addMacvlan", add_macvlan}, {"addIpvlan", add_ipvlan},
    {"addVlan", add_vlan},       {"addDummy", add_dummy},
    {"setLink", set_link},       {"deleteLink", delete_link},
    {"addAddress", add_address}, {"deleteAddress", delete_address},
    {"addRoute", add_route},     {"deleteRoute", delete_route},
};

Result<void> run(Socket& socket, const Step& step, int network_namespace) {
  if (step.kind == "sysctl") {
    auto written = write_sysctl(step.key, step.value, network_namespace);
    if (!written && written.error().code == ENOENT && step.missing_ok) return {};
    return written;
  }
  for (const Kind& kind : kinds) {
    if (kind.name == step.kind) return kind.run(socket, step);
  }
  return Error::invalid("do", "'" + step.kind + "' is no step");
}

}  // namespace

Result<void> apply(const std::vector<Step>& steps, int network_namespace) {
  TRY_ASSIGN(Socket socket, Socket::open(NETLINK_ROUTE, network_namespace));
  for (size_t i = 0; i < steps.size(); i++) {
    if (auto done = run(socket, steps[i], network_namespace); !done) {
      return std::move(done.error()).with_context("step " + std::to_string(i) + " (" + steps[i].kind + ")");
    }
  }
  return {};
}

}  // namespace slipway::netlink

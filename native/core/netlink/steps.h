// What apply() does for each kind of step.
#pragma once

#include "core/netlink/network.h"

namespace slipway::netlink {

// links.cc
Result<void> add_bridge(Socket& socket, const Step& step);
Result<void> add_veth(Socket& socket, const Step& step);
Result<void> add_macvlan(Socket& socket, const Step& step);
Result<void> add_ipvlan(Socket& socket, const Step& step);
Result<void> add_vlan(Socket& socket, const Step& step);
Result<void> add_dummy(Socket& socket, const Step& step);
Result<void> set_link(Socket& socket, const Step& step);
Result<void> delete_link(Socket& socket, const Step& step);

// addresses.cc
Result<void> add_address(Socket& socket, const Step& step);
Result<void> delete_address(Socket& socket, const Step& step);
Result<void> add_route(Socket& socket, const Step& step);
Result<void> delete_route(Socket& socket, const Step& step);

}  // namespace slipway::netlink

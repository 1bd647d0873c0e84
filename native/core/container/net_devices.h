// linux.netDevices: network interfaces of the host that move into the container.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "core/result.h"
#include "core/spec.h"

namespace slipway::container {

// Moves each interface from the caller's network namespace into that of `pid`, with its global addresses, renamed if
// asked for, and up. On failure the ones that moved already go back when the container's namespace ends (the kernel
// returns physical ones).
Result<void> move_net_devices(const std::map<std::string, spec::NetDevice>& devices, pid_t pid);

}  // namespace slipway::container

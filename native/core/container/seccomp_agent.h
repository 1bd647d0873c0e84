// The agent at linux.seccomp.listenerPath, which gets the listener of a filter with SCMP_ACT_NOTIFY.
#pragma once

#include "core/container/setup.h"

namespace slipway::container {

// In the process that has the filter already: only sendmsg(2) is used, over the connection that its creator made.
Result<void> send_to_agent(int socket, const std::string& process_state, int listener);

// runtime-spec, config-linux.md: "The Container Process State".
std::string agent_state(const State& state, pid_t pid, const std::string& metadata);

// The state with the pid that the caller has on the host.
State with_own_pid(State state, const Trusted& trusted);

}  // namespace slipway::container

// Waiting for a process in the foreground: its terminal, the signals meant for it, its exit code.
#pragma once

#include <optional>

#include "core/container/container.h"
#include "core/fd.h"
#include "core/result.h"

namespace slipway::oci {

// Where the standard streams of a process go that run or exec start.
struct Streams {
  container::Stdio stdio;
  Fd console;          // of --console-socket, or our end of a pair of our own
  Fd pair_end;         // the other end, for the process
  bool relay = false;  // a terminal that we show ourselves
};

// `terminal`: process.terminal. `detach` with a terminal needs a console socket.
Result<Streams> prepare_streams(const std::string& console_socket, int preserve_fds, bool terminal, bool detach);

// For the whole life of the process: blocks the signals that will be passed on, so call it before there is one.
void hold_signals();

// Passes signals on, and shows the terminal if streams.relay, until it ends. Returns what a shell would: 128+n for a
// signal.
Result<int> wait_in_foreground(const container::Child& child, const Streams& streams);

}  // namespace slipway::oci

// The container's terminal.
#pragma once

#include "core/container/setup.h"
#include "core/inside.h"

namespace slipway::container {

// A new pty in the devpts below `rootfs`, sized and owned as the process wants it; its master is sent through the
// console socket. Returns the slave.
Result<Fd> open_console(const ProcessSetup& setup, const Inside& rootfs);

// Lets /dev/console be it.
Result<void> bind_console(int slave, const Inside& rootfs);

// Makes it the controlling terminal of the caller, a session leader, and its descriptors 0, 1 and 2.
Result<void> take_console(int slave);

}  // namespace slipway::container

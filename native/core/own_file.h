// Keeping the runtime's own file out of a container's reach (CVE-2019-5736).
//
// A process of ours inside a container shows our file as /proc/PID/exe. Whoever opens that, waits until we have ended
// and then opens /proc/self/fd/N for writing has the file on the host, and with it root on the host when it next runs.
// Not being dumpable is not enough: CAP_SYS_PTRACE sees through it, and a container can make us execute /proc/self/exe.
#pragma once

#include "core/result.h"

namespace slipway {

// Returns at once if nobody can write to this program's file through /proc/self/exe. Otherwise executes it once more,
// with the same arguments, from a read-only view of the file, and does not return: a private read-only bind mount that
// is in no namespace (kernel 5.12; costs no memory), or, where that may not be made, a sealed copy in memory. Call it
// first thing, single-threaded, in commands that go into containers. Descriptors that are close-on-exec are closed.
Result<void> protect_own_file(char* const* arguments);

}  // namespace slipway

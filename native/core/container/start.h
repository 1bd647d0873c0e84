// The wait between create and start: a datagram socket in the container's directory, read by the container's first
// process. `start` sends it one end of a pipe, through which an error comes back, or the end of the file once the
// program runs.
#pragma once

#include "core/container/process.h"
#include "core/container/state.h"

namespace slipway::container {

// For create.
Result<Fd> make_start_socket(const StateDirectory& directory);

// True while a first process waits.
bool waits_for_start(const StateDirectory& directory);

// For start: lets it go on. Returns once its program runs.
Result<void> send_start(const StateDirectory& directory);

// The poststart hooks. If one fails the container is stopped, and that is an error.
Result<void> after_start(State state, const spec::Spec& spec);

// In the first process: waits for start if there is a socket, runs the startContainer hooks, executes. Returns only if
// that failed; if somebody waits in start, they have been told.
Result<void> run_program(const Setup& setup, const Program& program);

}  // namespace slipway::container

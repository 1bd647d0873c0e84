// What a container's process is: its standard streams, limits, labels, ids, capabilities and program. The same for the
// first process and those that exec adds; runs in the process itself, in its namespaces and root.
#pragma once

#include <string>
#include <vector>

#include "core/container/setup.h"

namespace slipway::container {

// The caller's session, keyring and score, before anything else.
Result<void> begin_process(const ProcessSetup& setup, const Trusted& trusted, const std::string& keyring);

// The program, ready to be executed.
struct Program {
  std::string path;
  std::vector<std::string> environment;
};

// Everything up to the program: afterwards the caller has the process's ids, capabilities, limits and working
// directory. `slave`: its terminal, or -1.
Result<Program> become_process(const ProcessSetup& setup, const Trusted& trusted, int slave);

// Filters system calls and executes. Returns only with an error.
Error execute(const ProcessSetup& setup, const Program& program,
              const std::function<Result<void>(int listener)>& send_listener);

}  // namespace slipway::container

// `slipway-oci monitor`: holds one container (or exec session) from its creation to its end. PROTOCOL.md is its face.
#pragma once

#include <string>
#include <vector>

namespace slipway::monitor {

// Runs until the container has ended and everybody knows. `arguments`: what stands after the word "monitor"; the others
// are the global options. Returns the exit code of the program; the container's own is in exit.json.
int run_monitor(const std::string& root, bool systemd_cgroup, const std::vector<std::string>& arguments);

}  // namespace slipway::monitor

// Hooks: programs of the host that are told about the container on their standard input.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "core/spec.h"

namespace slipway::container {

// One after the other, each with `state_json` on stdin and only its own environment. The first that fails, or takes
// longer than its timeout (it is killed then), ends the row with an error that names `field` and carries what the hook
// said on stderr. They run in the caller's namespaces and in `directory`, where that can be entered: the bundle, as
// runc and crun have it, so that they find what lies in it. The caller must be single-threaded.
Result<void> run_hooks(const std::vector<spec::Hook>& hooks, const std::string& field, const std::string& state_json,
                       const std::string& directory);

}  // namespace slipway::container

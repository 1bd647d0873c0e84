// From the bundle to a Setup: everything that can be worked out, opened or refused before a process exists.
#pragma once

#include "core/container/setup.h"

namespace slipway::container {

// `options` must outlive the result. Cgroup, start socket and seccomp are added by the caller.
Result<Setup> prepare(const CreateOptions& options);

// For exec too: capabilities with a warning for unknown ones, labels, the filter (cached below `cache`).
Result<ProcessSetup> prepare_process(const Runtime& runtime, const spec::Process& process,
                                     const std::optional<spec::Seccomp>& seccomp, const Stdio& stdio);

}  // namespace slipway::container

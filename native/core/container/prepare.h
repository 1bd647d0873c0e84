// From the bundle to a Setup: everything that can be worked out, opened or refused before a process exists.
#pragma once

#include "core/container/setup.h"

namespace slipway::container {

// The bundle's configuration, and the text it came from.
struct Bundle {
  std::string path;  // absolute
  std::string text;
  spec::Spec spec;
};
Result<Bundle> load_bundle(const std::string& directory);

// `bundle` must outlive the result. Cgroup, start socket and seccomp are added by the caller.
Result<Setup> prepare(const Bundle& bundle, const CreateOptions& options);

// For exec too: capabilities with a warning for unknown ones, labels, the filter (cached below `cache`).
Result<ProcessSetup> prepare_process(const Runtime& runtime, const spec::Process& process,
                                     const std::optional<spec::Seccomp>& seccomp, const Stdio& stdio);

}  // namespace slipway::container

// Labels of Linux security modules for the program to come.
#pragma once

#include "core/result.h"
#include "core/spec.h"

namespace slipway::container {

bool apparmor_enabled();
bool selinux_enabled();

// Refuses labels that this kernel has no module for. For the creator, beforehand.
Result<void> check_labels(const spec::Process& process);

// Takes effect at the next exec. `proc`: a trusted procfs.
Result<void> set_labels(const spec::Process& process, int proc);

}  // namespace slipway::container

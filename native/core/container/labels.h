// Labels of Linux security modules for the program to come.
#pragma once

#include "core/mount/options.h"
#include "core/result.h"
#include "core/spec.h"

namespace slipway::container {

// Refuses labels that this kernel has no module for. For the creator, beforehand.
Result<void> check_labels(const spec::Process& process);
Result<void> check_mount_label(const spec::Linux& linux);

// linux.mountLabel for all files of a new file system, if it is of a type that takes one. As with runc, the kernel's
// own views (proc, sysfs, cgroup) keep the labels of the policy.
void label_mount(const spec::Linux& linux, const std::string& type, mount::Options& options);

// Takes effect at the next exec. `proc`: a trusted procfs.
Result<void> set_labels(const spec::Process& process, int proc);

}  // namespace slipway::container

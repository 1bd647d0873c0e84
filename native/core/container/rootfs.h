// The container's file system, seen from its first process in its new mount namespace.
#pragma once

#include "core/container/setup.h"
#include "core/inside.h"

namespace slipway::container {

// The root file system as a mount of its own, with everything in `mounts`, devices and links in it. Not yet entered.
// Returns its root.
Result<Fd> build_rootfs(const Setup& setup);

// After the createContainer hooks: masked and read-only paths, a read-only root.
Result<void> protect_rootfs(const Setup& setup, const Inside& rootfs);

// Makes it the root of the process and lets go of the old one.
Result<void> enter_rootfs(const Setup& setup, int root);

// Parts of the above.

Result<void> mount_all(const Setup& setup, const Inside& rootfs);
Result<void> make_devices(const Setup& setup, const Inside& rootfs);
Result<void> mount_cgroups(const Setup& setup, const MountSetup& mount, int target);
// Copies what is at `from` (a directory) into `to`, for tmpcopyup.
Result<void> copy_up(int from, int to, const std::string& name);
Result<void> write_sysctls(const Setup& setup);

}  // namespace slipway::container

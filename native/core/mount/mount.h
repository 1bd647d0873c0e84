// Mounts as detached trees: made, given their attributes, and only then attached to an open place. Nothing here takes a
// target by path, so nobody who swaps a directory for a link meanwhile moves a mount elsewhere.
//
// The new mount API (Linux 5.2; attributes 5.12) does this. On older kernels mount(2) on /proc/self/fd/N comes next to
// it (classic.h).
#pragma once

#include <string>

#include "core/fd.h"
#include "core/kernel.h"
#include "core/mount/options.h"
#include "core/result.h"

namespace slipway::mount {

// A mount that is not attached anywhere yet, or (`attached`) had to be attached at once by mount(2).
struct Tree {
  Fd fd;
  bool attached = false;
};

// A new file system. `target`: where it will go, for kernels and cases that need mount(2). On a kernel that refuses
// with EPERM or EBUSY the error's code says so.
Result<Tree> make_file_system(const std::string& type, const std::string& source, const Options& options, int target);

// A copy of what is mounted at the path (or at `directory` itself if the path is empty). Without a target (-1) kernels
// before 5.12 can't make one: ENOSYS.
Result<Tree> copy_tree(int directory, const std::string& path, bool recursive, int target);

// The options' attributes and propagation. For bind mounts, where a file system has its attributes already.
Result<void> apply_attributes(const Tree& tree, const Options& options, const std::string& name);

// Maps the ids of the tree by a user namespace.
Result<void> apply_id_map(const Tree& tree, int user_namespace, bool recursive, const std::string& name);

Result<void> set_attributes(int fd, const mount_attr& attributes, bool recursive, const std::string& name);

// Attaches to the directory or file that `target` is.
Result<void> attach(const Tree& tree, int target, const std::string& name);

// "/proc/self/fd/7", for system calls that have no other way to take an open file.
std::string path_of(int fd);

}  // namespace slipway::mount

// Which cgroup hierarchies this machine mounts, where, and where the calling process stands in each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace slipway::cgroup {

struct Hierarchy {
  bool unified = false;     // the v2 tree
  std::string controllers;  // v1: as mounted: "memory", "cpu,cpuacct", "name=systemd"; v2: ""
  std::string mount;        // where it is mounted: "/sys/fs/cgroup/memory"
  std::string own;          // the calling process's cgroup, as a path below the mount: "/" or "/a/b"

  bool has(std::string_view controller) const;
};

enum class Mode { none, legacy, hybrid, unified };

struct Hierarchies {
  std::vector<Hierarchy> all;

  Mode mode() const;
  const Hierarchy* find_v1(std::string_view controller) const;  // "memory", "name=systemd"
  const Hierarchy* find_unified() const;
};

// Pure: from the texts of /proc/self/mountinfo and /proc/self/cgroup. Where a hierarchy is mounted more than once, the
// first mount that shows the caller's own cgroup counts. A mount of a part of the hierarchy (its root is not "/", as in
// a container without a cgroup namespace) is taken into account.
Hierarchies parse_hierarchies(std::string_view mountinfo, std::string_view cgroup);

// Reads both files.
Result<Hierarchies> find_hierarchies();

}  // namespace slipway::cgroup

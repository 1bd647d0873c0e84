// Where a container's cgroups go: linux.cgroupsPath turned into a directory of each hierarchy, or into a systemd unit.
#pragma once

#include <string>
#include <string_view>

#include "core/cgroup/hierarchy.h"
#include "core/result.h"

namespace slipway::cgroup {

// Absolute paths go below the mount, relative ones below the caller's own cgroup, "" means the container's id,
// relative. On a machine with only v2, relative means *beside* the caller's cgroup: a v2 group that has processes can't
// hand controllers to children. ".." never leads out.
std::string group_path(const Hierarchy& hierarchy, Mode mode, std::string_view cgroups_path, std::string_view id);

// "slice:prefix:name" of the systemd driver.
struct UnitName {
  std::string slice;  // "system.slice"
  std::string unit;   // "prefix-name.scope"
};
Result<UnitName> unit_name(std::string_view cgroups_path, std::string_view id, bool rootless);

}  // namespace slipway::cgroup

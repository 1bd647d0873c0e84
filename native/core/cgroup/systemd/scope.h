// Transient systemd scopes: a container's cgroup where systemd owns the tree.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/cgroup/paths.h"
#include "core/cgroup/systemd/properties.h"
#include "core/result.h"

namespace slipway::cgroup::systemd {

// `user`: of the user's systemd instead of the machine's. All wait until systemd has done it.
Result<void> start_scope(const UnitName& name, const std::vector<Property>& properties, pid_t pid, bool user);
Result<void> set_properties(const std::string& unit, const std::vector<Property>& properties, bool user);
// No error if there is no such scope (any more).
Result<void> stop_scope(const std::string& unit, bool user);

}  // namespace slipway::cgroup::systemd

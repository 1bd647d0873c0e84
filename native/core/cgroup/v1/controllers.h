// The cgroup v1 controllers: each function writes the fields that are present to the container's directory of its
// hierarchy. One file per controller.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/cgroup/directory.h"
#include "core/result.h"
#include "core/spec.h"

namespace slipway::cgroup::v1 {

Result<void> set_memory(const Directory& directory, const spec::Memory& memory);
Result<void> set_cpu(const Directory& directory, const spec::Cpu& cpu);
Result<void> set_cpuset(const Directory& directory, const spec::Cpu& cpu);
Result<void> set_pids(const Directory& directory, const spec::Pids& pids);
Result<void> set_block_io(const Directory& directory, const spec::BlockIo& block_io);
Result<void> set_hugepages(const Directory& directory, const std::vector<spec::HugepageLimit>& limits);
Result<void> set_rdma(const Directory& directory, const std::map<std::string, spec::Rdma>& rdma);
Result<void> set_class_id(const Directory& directory, uint32_t class_id);
Result<void> set_priorities(const Directory& directory, const std::vector<spec::InterfacePriority>& priorities);

// A new cpuset has no CPUs and no memory nodes, and takes no process until it has both: copies them from the parent,
// all the way down from `mount`, where they are empty.
Result<void> initialise_cpuset(const std::string& mount, const std::string& path);

// What to write for device rules, in order: {"devices.deny", "a"}, {"devices.allow", "c 1:3 rwm"}, …
struct DeviceWrite {
  std::string file;
  std::string rule;
  std::string field;  // "linux.resources.devices[3]"
};
// Pure. Starts from "everything is denied". An error where v1's list can't express a rule: denying a part of what a
// wildcard allows, or the reverse.
Result<std::vector<DeviceWrite>> plan_devices(const std::vector<spec::DeviceRule>& rules);
Result<void> set_devices(const Directory& directory, const std::vector<spec::DeviceRule>& rules);

Result<void> freeze(const Directory& directory);
Result<void> thaw(const Directory& directory);
Result<bool> frozen(const Directory& directory);

}  // namespace slipway::cgroup::v1

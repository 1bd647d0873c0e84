// The cgroup v2 controllers: each function writes the fields that are present to the container's directory. One file
// per controller. Fields that v2 has no word for are errors, unless they ask for nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/cgroup/device_rules.h"
#include "core/cgroup/directory.h"
#include "core/fd.h"
#include "core/result.h"
#include "core/spec.h"

struct bpf_insn;

namespace slipway::cgroup::v2 {

Result<void> set_memory(const Directory& directory, const spec::Memory& memory);
Result<void> set_cpu(const Directory& directory, const spec::Cpu& cpu);
Result<void> set_cpuset(const Directory& directory, const spec::Cpu& cpu);
Result<void> set_pids(const Directory& directory, const spec::Pids& pids);
Result<void> set_block_io(const Directory& directory, const spec::BlockIo& block_io);
Result<void> set_hugepages(const Directory& directory, const std::vector<spec::HugepageLimit>& limits);
Result<void> set_rdma(const Directory& directory, const std::map<std::string, spec::Rdma>& rdma);
Result<void> set_unified(const Directory& directory, const spec::StringMap& unified);

// The eBPF program that decides about opening and making device nodes: the last rule that speaks of an access decides.
std::vector<bpf_insn> device_program(const std::vector<DeviceMatch>& matches);
// Attaches it to the cgroup in place of any other one of ours.
Result<void> set_devices(const Directory& directory, const std::vector<spec::DeviceRule>& rules);

Result<void> freeze(const Directory& directory);
Result<void> thaw(const Directory& directory);
Result<bool> frozen(const Directory& directory);

// Waits until `key` in cgroup.events has `value`; false at the time limit.
Result<bool> await_event(const Directory& directory, std::string_view key, uint64_t value, int timeout_ms);

// Makes the controllers usable in `path` (below `mount`): writes cgroup.subtree_control from the mount down to its
// parent. `wanted` empty: all there are. What can't be had is left out; applying a limit then says so.
Result<void> enable_controllers(const std::string& mount, const std::string& path,
                                const std::vector<std::string>& wanted);

}  // namespace slipway::cgroup::v2

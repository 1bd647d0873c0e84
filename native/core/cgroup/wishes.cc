#include "core/cgroup/wishes.h"

namespace slipway::cgroup {
namespace {

using std::string;

string first_field(const spec::Memory& memory) {
  if (memory.limit.value_or(0) != 0) return "limit";
  if (memory.swap.value_or(0) != 0) return "swap";
  if (memory.reservation.value_or(0) != 0) return "reservation";
  if (memory.kernel.value_or(0) != 0) return "kernel";
  if (memory.kernel_tcp.value_or(0) != 0) return "kernelTCP";
  if (memory.swappiness) return "swappiness";
  if (memory.disable_oom_killer.value_or(false)) return "disableOOMKiller";
  if (memory.use_hierarchy) return "useHierarchy";
  return {};
}

string first_field(const spec::Cpu& cpu) {
  if (cpu.shares.value_or(0) != 0) return "shares";
  if (cpu.quota.value_or(0) != 0) return "quota";
  if (cpu.period.value_or(0) != 0) return "period";
  if (cpu.burst) return "burst";
  if (cpu.realtime_runtime.value_or(0) != 0) return "realtimeRuntime";
  if (cpu.realtime_period.value_or(0) != 0) return "realtimePeriod";
  if (cpu.idle) return "idle";
  return {};
}

string first_field(const spec::BlockIo& block_io) {
  if (block_io.weight.value_or(0) != 0) return "weight";
  if (block_io.leaf_weight.value_or(0) != 0) return "leafWeight";
  if (!block_io.weight_device.empty()) return "weightDevice";
  if (!block_io.throttle_read_bps_device.empty()) return "throttleReadBpsDevice";
  if (!block_io.throttle_write_bps_device.empty()) return "throttleWriteBpsDevice";
  if (!block_io.throttle_read_iops_device.empty()) return "throttleReadIOPSDevice";
  if (!block_io.throttle_write_iops_device.empty()) return "throttleWriteIOPSDevice";
  return {};
}

}  // namespace

std::vector<Wish> wishes(const spec::Resources& resources) {
  std::vector<Wish> all;
  const auto wish = [&all](const char* v1, const char* v2, const string& group, const string& field) {
    if (!field.empty()) all.push_back({v1, v2, "linux.resources." + group + field});
  };
  if (resources.memory) wish("memory", "memory", "memory.", first_field(*resources.memory));
  if (resources.cpu) {
    wish("cpu", "cpu", "cpu.", first_field(*resources.cpu));
    if (!resources.cpu->cpus.empty())
      wish("cpuset", "cpuset", "cpu.", "cpus");
    else if (!resources.cpu->mems.empty())
      wish("cpuset", "cpuset", "cpu.", "mems");
  }
  // An unlimited number of processes needs a controller only to lift an earlier limit.
  if (resources.pids && resources.pids->limit > 0) wish("pids", "pids", "pids.", "limit");
  if (resources.block_io) wish("blkio", "io", "blockIO.", first_field(*resources.block_io));
  if (!resources.hugepage_limits.empty()) wish("hugetlb", "hugetlb", "", "hugepageLimits");
  if (!resources.rdma.empty()) wish("rdma", "rdma", "", "rdma");
  if (resources.network && resources.network->class_id) wish("net_cls", "", "network.", "classID");
  if (resources.network && !resources.network->priorities.empty()) wish("net_prio", "", "network.", "priorities");
  return all;
}

}  // namespace slipway::cgroup

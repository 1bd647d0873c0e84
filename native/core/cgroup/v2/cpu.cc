#include <string>

#include "core/cgroup/convert.h"
#include "core/cgroup/text.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {
namespace {

// "quota period" in one file; a missing half keeps its value.
Result<void> set_bandwidth(const Directory& directory, const spec::Cpu& cpu) {
  const int64_t quota = cpu.quota.value_or(0);
  const uint64_t period = cpu.period.value_or(0);
  if (quota == 0 && period == 0) return {};
  const char* field = quota != 0 ? "linux.resources.cpu.quota" : "linux.resources.cpu.period";
  std::string value = quota > 0 ? std::to_string(quota) : "max";
  if (quota == 0) {
    TRY_ASSIGN(const std::string current, directory.read("cpu.max"));
    const auto parts = split(trim(current), ' ');
    if (!parts.empty()) value = parts[0];
  }
  if (period != 0) value += " " + std::to_string(period);
  return directory.write("cpu.max", value, field);
}

}  // namespace

Result<void> set_cpu(const Directory& directory, const spec::Cpu& cpu) {
  if (cpu.realtime_runtime.value_or(0) != 0)
    return unsupported("linux.resources.cpu.realtimeRuntime", "cgroup v2 has no real-time budget; leave the field out");
  if (cpu.realtime_period.value_or(0) != 0)
    return unsupported("linux.resources.cpu.realtimePeriod", "cgroup v2 has no real-time budget; leave the field out");

  // An idle group's weight is fixed: leaving idle comes before setting the weight, entering it after.
  const auto set_idle = [&] { return directory.write("cpu.idle", *cpu.idle, "linux.resources.cpu.idle"); };
  if (cpu.idle && *cpu.idle == 0) TRY(set_idle());
  if (cpu.shares.value_or(0) != 0)
    TRY(directory.write("cpu.weight", std::to_string(weight_from_shares(*cpu.shares)), "linux.resources.cpu.shares"));
  if (cpu.idle && *cpu.idle != 0) TRY(set_idle());

  // A burst may be invalid with the old quota, or the quota with the old burst.
  const auto set_burst = [&] {
    return directory.write("cpu.max.burst", std::to_string(*cpu.burst), "linux.resources.cpu.burst");
  };
  bool burst_later = false;
  if (cpu.burst) {
    auto written = set_burst();
    if (!written && (written.error().code != EINVAL || cpu.quota.value_or(0) == 0)) return written;
    burst_later = !written;
  }
  TRY(set_bandwidth(directory, cpu));
  if (burst_later) TRY(set_burst());
  return {};
}

Result<void> set_cpuset(const Directory& directory, const spec::Cpu& cpu) {
  if (!cpu.cpus.empty()) TRY(directory.write("cpuset.cpus", cpu.cpus, "linux.resources.cpu.cpus"));
  if (!cpu.mems.empty()) TRY(directory.write("cpuset.mems", cpu.mems, "linux.resources.cpu.mems"));
  return {};
}

}  // namespace slipway::cgroup::v2

#include <string>

#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {
namespace {

constexpr const char* period_file = "cpu.cfs_period_us";
constexpr const char* quota_file = "cpu.cfs_quota_us";

// The kernel silently clamps shares; a clamped value is a wrong one.
Result<void> set_shares(const Directory& directory, uint64_t shares) {
  TRY(directory.write("cpu.shares", std::to_string(shares), "linux.resources.cpu.shares"));
  if (shares >= 2 && shares <= 262144) return {};
  const auto kept = directory.number("cpu.shares");
  if (!kept || *kept == shares) return {};
  return Error::invalid("linux.resources.cpu.shares", std::to_string(shares) + " is beyond the kernel's " +
                                                          (shares > *kept ? "maximum " : "minimum ") +
                                                          std::to_string(*kept));
}

Result<void> set_bandwidth(const Directory& directory, const spec::Cpu& cpu) {
  const auto set_period = [&] {
    return directory.write(period_file, std::to_string(*cpu.period), "linux.resources.cpu.period");
  };
  const auto set_burst = [&] {
    return directory.write("cpu.cfs_burst_us", std::to_string(*cpu.burst), "linux.resources.cpu.burst");
  };
  const bool has_period = cpu.period.value_or(0) != 0;
  const bool has_quota = cpu.quota.value_or(0) != 0;
  // A period may be invalid with the old quota (and a burst with the old quota): then the quota goes first.
  bool period_later = false;
  if (has_period) {
    auto written = set_period();
    if (!written && (written.error().code != EINVAL || !has_quota)) return written;
    period_later = !written;
  }
  bool burst_later = false;
  if (cpu.burst) {
    auto written = set_burst();
    if (!written && (written.error().code != EINVAL || !has_quota)) return written;
    burst_later = !written;
  }
  if (has_quota) TRY(directory.write(quota_file, *cpu.quota, "linux.resources.cpu.quota"));
  if (period_later) TRY(set_period());
  if (burst_later) TRY(set_burst());
  return {};
}

Result<void> set_realtime(const Directory& directory, const spec::Cpu& cpu) {
  const auto set_period = [&] {
    return directory.write("cpu.rt_period_us", std::to_string(*cpu.realtime_period),
                           "linux.resources.cpu.realtimePeriod");
  };
  bool period_later = false;
  if (cpu.realtime_period.value_or(0) != 0) {
    auto written = set_period();
    if (!written && (written.error().code != EINVAL || !cpu.realtime_runtime)) return written;
    period_later = !written;
  }
  if (cpu.realtime_runtime.value_or(0) != 0)
    TRY(directory.write("cpu.rt_runtime_us", *cpu.realtime_runtime, "linux.resources.cpu.realtimeRuntime"));
  if (period_later) TRY(set_period());
  return {};
}

}  // namespace

Result<void> set_cpu(const Directory& directory, const spec::Cpu& cpu) {
  // An idle group has no shares of its own: leaving idle comes before setting shares, entering it after.
  if (cpu.idle && *cpu.idle == 0) TRY(directory.write("cpu.idle", *cpu.idle, "linux.resources.cpu.idle"));
  if (cpu.shares.value_or(0) != 0) TRY(set_shares(directory, *cpu.shares));
  if (cpu.idle && *cpu.idle != 0) TRY(directory.write("cpu.idle", *cpu.idle, "linux.resources.cpu.idle"));
  TRY(set_bandwidth(directory, cpu));
  return set_realtime(directory, cpu);
}

}  // namespace slipway::cgroup::v1

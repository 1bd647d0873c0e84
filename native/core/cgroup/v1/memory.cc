#include <string>

#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {
namespace {

constexpr const char* limit_file = "memory.limit_in_bytes";
constexpr const char* swap_file = "memory.memsw.limit_in_bytes";
constexpr const char* limit_field = "linux.resources.memory.limit";
constexpr const char* swap_field = "linux.resources.memory.swap";

// The kernel answers EBUSY when it can't reclaim enough; the figures tell the user what would do.
Result<void> set_limit(const Directory& directory, int64_t limit) {
  auto written = directory.write(limit_file, limit, limit_field);
  if (written || written.error().code != EBUSY) return written;
  Error error = written.error();
  error.message +=
      "; in use: " + std::to_string(directory.number("memory.usage_in_bytes").value_or(0)) +
      " bytes, at most so far: " + std::to_string(directory.number("memory.max_usage_in_bytes").value_or(0));
  return error;
}

// The kernel keeps memory <= memory+swap at all times, so the order depends on which way they move.
Result<void> set_limit_and_swap(const Directory& directory, int64_t limit, int64_t swap) {
  const auto current = directory.number(limit_file);
  if (swap < 0 || (current && *current < static_cast<uint64_t>(swap))) {
    TRY(directory.write(swap_file, swap, swap_field));
    return set_limit(directory, limit);
  }
  TRY(set_limit(directory, limit));
  return directory.write(swap_file, swap, swap_field);
}

Result<void> set_limits(const Directory& directory, const spec::Memory& memory) {
  const int64_t limit = memory.limit.value_or(0);
  int64_t swap = memory.swap.value_or(0);
  // Unlimited memory with limited memory+swap would still be a limit.
  if (limit < 0 && swap == 0 && directory.has(swap_file)) swap = -1;
  if (limit != 0 && swap != 0) return set_limit_and_swap(directory, limit, swap);
  if (limit != 0) return set_limit(directory, limit);
  if (swap != 0) return directory.write(swap_file, swap, swap_field);
  return {};
}

Result<void> check_usage(const Directory& directory, const spec::Memory& memory) {
  if (!memory.check_before_update.value_or(false) || memory.limit.value_or(0) <= 0) return {};
  const auto usage = directory.number("memory.usage_in_bytes");
  if (!usage || *usage <= static_cast<uint64_t>(*memory.limit)) return {};
  return Error::invalid(limit_field, std::to_string(*memory.limit) + " is less than what is in use (" +
                                         std::to_string(*usage) + " bytes), and checkBeforeUpdate forbids that");
}

}  // namespace

Result<void> set_memory(const Directory& directory, const spec::Memory& memory) {
  // Newer kernels always account hierarchically and refuse 0; the file has to be set before there are child cgroups.
  if (memory.use_hierarchy)
    TRY(directory.write("memory.use_hierarchy", *memory.use_hierarchy ? "1" : "0",
                        "linux.resources.memory.useHierarchy"));
  TRY(check_usage(directory, memory));
  TRY(set_limits(directory, memory));
  if (memory.reservation.value_or(0) != 0)
    TRY(directory.write("memory.soft_limit_in_bytes", *memory.reservation, "linux.resources.memory.reservation"));
  if (memory.kernel.value_or(0) != 0)
    TRY(directory.write("memory.kmem.limit_in_bytes", *memory.kernel, "linux.resources.memory.kernel"));
  if (memory.kernel_tcp.value_or(0) != 0)
    TRY(directory.write("memory.kmem.tcp.limit_in_bytes", *memory.kernel_tcp, "linux.resources.memory.kernelTCP"));
  if (memory.swappiness) {
    if (*memory.swappiness > 100)
      return Error::invalid("linux.resources.memory.swappiness",
                            std::to_string(*memory.swappiness) + " is not between 0 and 100");
    TRY(directory.write("memory.swappiness", static_cast<int64_t>(*memory.swappiness),
                        "linux.resources.memory.swappiness"));
  }
  if (memory.disable_oom_killer)
    TRY(directory.write("memory.oom_control", *memory.disable_oom_killer ? "1" : "0",
                        "linux.resources.memory.disableOOMKiller"));
  return {};
}

}  // namespace slipway::cgroup::v1

#include <string>

#include "core/cgroup/convert.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {
namespace {

constexpr const char* base = "linux.resources.memory.";

// Fields of v1 that v2 can't do.
Result<void> refuse_v1_fields(const spec::Memory& memory) {
  const auto refuse = [](const char* field, const char* why) { return unsupported(std::string(base) + field, why); };
  if (memory.kernel.value_or(0) > 0)
    return refuse("kernel", "cgroup v2 counts kernel memory in linux.resources.memory.limit; leave the field out");
  if (memory.kernel_tcp.value_or(0) > 0)
    return refuse("kernelTCP", "cgroup v2 counts TCP buffers in linux.resources.memory.limit; leave the field out");
  if (memory.swappiness) return refuse("swappiness", "cgroup v2 has no swappiness per group; leave the field out");
  if (memory.disable_oom_killer.value_or(false))
    return refuse("disableOOMKiller", "cgroup v2 always has its OOM killer; leave the field out");
  if (memory.use_hierarchy && !*memory.use_hierarchy)
    return refuse("useHierarchy", "cgroup v2 always counts hierarchically; leave the field out");
  return {};
}

// v2 would not refuse a limit below the use: it would let the OOM killer loose.
Result<void> check_usage(const Directory& directory, const spec::Memory& memory) {
  const int64_t limit = memory.limit.value_or(0);
  if (!memory.check_before_update.value_or(false) || limit <= 0) return {};
  const auto usage = directory.number("memory.current");
  if (!usage || *usage <= static_cast<uint64_t>(limit)) return {};
  return Error::invalid(std::string(base) + "limit", std::to_string(limit) + " is less than what is in use (" +
                                                         std::to_string(*usage) +
                                                         " bytes), and checkBeforeUpdate forbids that");
}

}  // namespace

Result<void> set_memory(const Directory& directory, const spec::Memory& memory) {
  TRY(refuse_v1_fields(memory));
  TRY(check_usage(directory, memory));
  const int64_t limit = memory.limit.value_or(0);
  TRY_ASSIGN(const int64_t swap, swap_alone(memory.swap.value_or(0), limit));
  // memory == memory+swap gives swap 0: no swap at all, which is not "unset".
  const bool no_swap = memory.swap.value_or(0) > 0 && swap == 0;
  if (swap != 0 || no_swap) {
    // A kernel without swap has no such file; then "unlimited" asks for nothing.
    if (swap > 0 || no_swap || directory.has("memory.swap.max"))
      TRY(directory.write("memory.swap.max", or_max(swap), std::string(base) + "swap"));
  }
  if (limit != 0) TRY(directory.write("memory.max", or_max(limit), std::string(base) + "limit"));
  if (memory.reservation.value_or(0) != 0)
    TRY(directory.write("memory.low", or_max(*memory.reservation), std::string(base) + "reservation"));
  return {};
}

}  // namespace slipway::cgroup::v2

#include "core/cgroup/convert.h"

#include <algorithm>
#include <cmath>

namespace slipway::cgroup {

uint64_t weight_from_shares(uint64_t shares) {
  if (shares == 0) return 0;
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  // A parabola in log-log scale through (2,1), (1024,100) and (262144,10000).
  const double logarithm = std::log2(static_cast<double>(shares));
  const double exponent = (logarithm * logarithm + 125 * logarithm) / 612.0 - 7.0 / 34.0;
  return static_cast<uint64_t>(std::ceil(std::pow(10, exponent)));
}

uint64_t io_weight_from_blkio(uint64_t weight) {
  if (weight == 0) return 0;
  return 1 + (std::clamp<uint64_t>(weight, 10, 1000) - 10) * 9999 / 990;
}

Result<int64_t> swap_alone(int64_t memory_and_swap, int64_t memory) {
  constexpr const char* field = "linux.resources.memory.swap";
  if (memory == -1 && memory_and_swap == 0) return -1;  // v1 lifts both with the memory limit
  if (memory_and_swap <= 0 || memory == -1) return memory_and_swap;
  if (memory == 0)
    return Error::invalid(field, "needs linux.resources.memory.limit, because cgroup v2 limits swap alone");
  if (memory < 0) return Error::invalid("linux.resources.memory.limit", std::to_string(memory) + " is no size");
  if (memory_and_swap < memory)
    return Error::invalid(field, "is memory plus swap, so it can't be less than linux.resources.memory.limit");
  return memory_and_swap - memory;
}

}  // namespace slipway::cgroup

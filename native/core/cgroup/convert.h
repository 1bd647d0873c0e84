// Conversions from the runtime-spec's v1-shaped numbers to cgroup v2's.
#pragma once

#include <cstdint>

#include "core/result.h"

namespace slipway::cgroup {

// cpu.shares 2…262144 -> cpu.weight 1…10000, so that the default 1024 is the default 100 (the formula of crun 1.23 and
// runc 1.3.2; before, 1024 became 39, less than any other service's share). 0 stays 0 (unset).
uint64_t weight_from_shares(uint64_t shares);

// blkio.weight 10…1000 -> io.weight 1…10000, linear. 0 stays 0 (unset).
uint64_t io_weight_from_blkio(uint64_t weight);

// memory+swap -> swap alone. -1 is unlimited, 0 unset.
Result<int64_t> swap_alone(int64_t memory_and_swap, int64_t memory);

}  // namespace slipway::cgroup

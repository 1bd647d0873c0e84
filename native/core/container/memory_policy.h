// linux.memoryPolicy: where the container's memory comes from on machines with more than one memory node.
#pragma once

#include <span>
#include <string>

#include "core/result.h"
#include "core/spec.h"

namespace slipway::container {

// For the calling process and what it executes.
Result<void> set_memory_policy(const spec::MemoryPolicy& policy);

// A list such as "0-3,7" as bits of `mask`; false if it names a bit that isn't in there, or is upside down.
bool set_bits(const std::string& list, std::span<unsigned long> mask);

}  // namespace slipway::container

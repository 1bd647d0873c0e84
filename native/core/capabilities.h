// Capabilities: names and numbers, and a process's five sets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/spec.h"

namespace slipway::capabilities {

// Bit n is capability number n.
struct Sets {
  uint64_t bounding = 0;
  uint64_t effective = 0;
  uint64_t inheritable = 0;
  uint64_t permitted = 0;
  uint64_t ambient = 0;
};

// "CAP_CHOWN" or "chown", any case -> 0. Empty if unknown.
std::optional<int> number(std::string_view name);
// 0 -> "CAP_CHOWN"; empty if unknown.
std::string_view name(int number);
std::vector<std::string> all_names();

// The highest number that the running kernel knows.
int last_of_kernel();

// Unknown names, and those that the kernel doesn't have, go to `unknown` and are left out.
Sets from_spec(const spec::Capabilities& wanted, std::vector<std::string>* unknown);

// Everything that the calling process holds.
Result<Sets> current();

// The three functions below are async-signal-safe; 0, or an errno. Order in the container's process: drop_bounding
// while CAP_SETPCAP is still there, keep before setuid, apply after it.
int drop_bounding(const Sets& sets, int last) noexcept;
int keep_over_setuid() noexcept;
// Permitted, effective, inheritable, then ambient. What the caller does not hold itself is left out, as are ambient
// ones that can't be had: the specification asks for that rather than for a failure.
int apply(const Sets& sets, int last) noexcept;

}  // namespace slipway::capabilities

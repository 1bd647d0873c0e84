// The text form of GVariant values, as far as unit properties in annotations use it.
#pragma once

#include <string_view>

#include "core/cgroup/systemd/properties.h"

namespace slipway::cgroup::systemd {

// true, false; 5 (int32), uint32 5, int64 -5, uint64 5, …; 'text' or "text"; ['a', 'b'].
Result<Value> parse_gvariant(std::string_view text, std::string_view field);

}  // namespace slipway::cgroup::systemd

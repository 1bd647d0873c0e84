// The properties of a systemd scope that stand for a container's limits, so that systemd knows them and does not undo
// them when it reloads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/result.h"
#include "core/spec.h"

namespace slipway::cgroup::systemd {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // a(ss)
using Bytes = std::vector<uint8_t>;                              // ay
using Value =
    std::variant<bool, uint32_t, int32_t, uint64_t, int64_t, std::string, std::vector<std::string>, Bytes, Pairs>;

struct Property {
  std::string name;
  Value value;
};

// From linux.resources (may be null) and the annotations org.systemd.property.NAME = VALUE in GVariant's text form
// ("uint64 5", "true", "'text'", "['a', 'b']"); NAMEs in "…Sec" become "…USec", as systemctl does it.
Result<std::vector<Property>> unit_properties(const spec::Resources* resources,
                                              const std::map<std::string, std::string>& annotations);

// "0-2,5" -> the bit mask that AllowedCPUs takes, lowest byte first.
Result<Bytes> cpu_mask(std::string_view list, std::string_view field);

}  // namespace slipway::cgroup::systemd

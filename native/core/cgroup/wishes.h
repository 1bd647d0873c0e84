// Which controllers a configuration's limits need.
#pragma once

#include <string>
#include <vector>

#include "core/spec.h"

namespace slipway::cgroup {

struct Wish {
  const char* v1;     // the controller's name in v1: "blkio"
  const char* v2;     // in v2: "io"; "" where v2 has no such controller
  std::string field;  // the first field that needs it: "linux.resources.blockIO.weight"
};

// One wish per controller that has a limit to apply. Device rules are none: every container has some. Values that mean
// "leave it" (0 for most) wish for nothing.
std::vector<Wish> wishes(const spec::Resources& resources);

}  // namespace slipway::cgroup

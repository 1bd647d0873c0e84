// A container's state as `state` and `list` print it: the specification's object, and what runc has beside it.
#pragma once

#include <string>

#include "core/container/state.h"

namespace slipway::oci {

std::string state_json(const container::State& state);

}  // namespace slipway::oci

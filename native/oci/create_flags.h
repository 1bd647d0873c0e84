// What create and run have in common.
#pragma once

#include <span>

#include "oci/args.h"
#include "oci/context.h"
#include "oci/foreground.h"

namespace slipway::oci {

struct CreateCall {
  Arguments arguments;
  container::CreateOptions options;
  Streams streams;
};

// `more`: flags beside those of create. `detach`: nobody will stay to show a terminal; asked of the flag --detach
// otherwise.
Result<CreateCall> parse_create(const std::vector<std::string>& words, std::span<const Flag> more, bool detach);

}  // namespace slipway::oci

#include "oci/create_flags.h"

namespace slipway::oci {

Result<int> create(const Context& context, const std::vector<std::string>& words) {
  TRY_ASSIGN(CreateCall call, parse_create(words, {}, true));
  TRY(container::create(context.runtime, call.options));
  return 0;
}

}  // namespace slipway::oci

#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {

Result<int> pause(const Context& context, const std::vector<std::string>& words) {
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, {}, false));
  TRY_ASSIGN(const std::string id, arguments.only_id());
  TRY(container::pause(context.runtime, id));
  return 0;
}

}  // namespace slipway::oci

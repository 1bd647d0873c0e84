#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {

Result<int> remove(const Context& context, const std::vector<std::string>& words) {
  const std::array flags{on_off("force", "f")};
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, flags, false));
  TRY_ASSIGN(const std::string id, arguments.only_id());
  TRY(container::remove(context.runtime, id, arguments.on("force")));
  return 0;
}

}  // namespace slipway::oci

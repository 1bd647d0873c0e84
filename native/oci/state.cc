#include "oci/args.h"
#include "oci/context.h"
#include "oci/state_json.h"

namespace slipway::oci {

Result<int> state(const Context& context, const std::vector<std::string>& words) {
  const std::array flags{on_off("all", "a")};
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, flags, false));
  TRY_ASSIGN(const std::string id, arguments.only_id());
  TRY_ASSIGN(const container::State state, container::state(context.runtime, id));
  return print(state_json(state) + "\n");
}

}  // namespace slipway::oci

#include "oci/create_flags.h"
#include "oci/log.h"

namespace slipway::oci {

Result<int> run(const Context& context, const std::vector<std::string>& words) {
  const std::array more{on_off("detach", "d"), on_off("keep")};
  TRY_ASSIGN(CreateCall call, parse_create(words, more, false));
  const bool detach = call.arguments.on("detach");
  if (!detach) hold_signals();
  TRY_ASSIGN(const container::Child child, container::run(context.runtime, call.options));
  if (detach) return 0;
  call.streams.pair_end.reset();
  Result<int> code = wait_in_foreground(child, call.streams);
  if (!call.arguments.on("keep")) {
    const auto removed = container::remove(context.runtime, call.options.id, true);
    if (!removed) log_error(removed.error().message);
  }
  return code;
}

}  // namespace slipway::oci

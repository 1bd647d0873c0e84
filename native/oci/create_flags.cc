#include "oci/create_flags.h"

namespace slipway::oci {

Result<CreateCall> parse_create(const std::vector<std::string>& words, std::span<const Flag> more, bool detach) {
  std::vector<Flag> flags{value("bundle", "b"), value("console-socket"),  value("pid-file"),      value("preserve-fds"),
                          on_off("no-pivot"),   on_off("no-new-keyring"), on_off("no-subreaper"), value("config", "f")};
  flags.insert(flags.end(), more.begin(), more.end());
  CreateCall call;
  TRY_ASSIGN(call.arguments, Arguments::parse(words, flags, false));
  const Arguments& arguments = call.arguments;
  container::CreateOptions& options = call.options;
  TRY_ASSIGN(options.id, arguments.only_id());
  options.pid_file = arguments.get("pid-file");
  options.no_pivot = arguments.on("no-pivot");
  options.no_new_keyring = arguments.on("no-new-keyring");
  TRY_ASSIGN(const int64_t preserve_fds, parse_integer(arguments.get("preserve-fds", "0"), "--preserve-fds", 0, 1024));
  // Whether there is a terminal only the configuration knows.
  TRY_ASSIGN(options.bundle, container::load_bundle(arguments.get("bundle", ".")));
  const bool terminal = options.bundle.spec.process && options.bundle.spec.process->terminal;
  TRY_ASSIGN(call.streams, prepare_streams(arguments.get("console-socket"), static_cast<int>(preserve_fds), terminal,
                                           detach || arguments.on("detach")));
  options.stdio = call.streams.stdio;
  return call;
}

}  // namespace slipway::oci

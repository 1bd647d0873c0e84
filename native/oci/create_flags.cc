#include "oci/create_flags.h"

#include <unistd.h>

#include <cstdlib>

namespace slipway::oci {
namespace {

// sd_listen_fds(3): how many descriptors from 3 on systemd gave to this very process. They are the container's.
int listen_fds() {
  const char* count = ::getenv("LISTEN_FDS");
  const char* pid = ::getenv("LISTEN_PID");
  if (count == nullptr || pid == nullptr || pid != std::to_string(::getpid())) return 0;
  const auto number = parse_integer(count, "LISTEN_FDS", 0, 1024);
  return number ? static_cast<int>(*number) : 0;
}

}  // namespace

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
  auto& process = options.bundle.spec.process;
  const int listening = listen_fds();
  if (process && listening > 0) {
    process->env.push_back("LISTEN_FDS=" + std::to_string(listening));
    process->env.emplace_back("LISTEN_PID=1");
  }
  TRY_ASSIGN(call.streams, prepare_streams(arguments.get("console-socket"), listening + static_cast<int>(preserve_fds),
                                           process && process->terminal, detach || arguments.on("detach")));
  options.stdio = call.streams.stdio;
  return call;
}

}  // namespace slipway::oci

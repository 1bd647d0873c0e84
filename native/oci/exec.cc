#include <fcntl.h>

#include <algorithm>

#include "core/container/state.h"
#include "core/files.h"
#include "core/inside.h"
#include "core/spec_parse.h"
#include "core/users.h"
#include "oci/args.h"
#include "oci/context.h"
#include "oci/foreground.h"
#include "oci/log.h"

namespace slipway::oci {
namespace {

constexpr std::array exec_flags{value("process", "p"),  value("cwd"),
                                values("env", "e"),     on_off("tty", "t"),
                                value("user", "u"),     values("additional-gids", "g"),
                                values("cap", "c"),     value("console-socket"),
                                value("pid-file"),      on_off("detach", "d"),
                                value("process-label"), value("apparmor"),
                                on_off("no-new-privs"), value("preserve-fds"),
                                values("cgroup"),       on_off("ignore-paused"),
                                on_off("no-subreaper")};

// An open root of the container, for its /etc/passwd.
Result<Fd> root_of(const container::State& state) {
  const std::string path = "/proc/" + std::to_string(state.pid) + "/root";
  Fd root(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Error::system("open", path);
  return root;
}

Result<void> take_user(const Context& context, const Arguments& arguments, spec::Process& process) {
  if (arguments.has("user")) {
    TRY_ASSIGN(const container::State state, container::state(context.runtime, arguments.words()[0]));
    TRY_ASSIGN(const Fd root, root_of(state));
    auto ids = resolve_user(arguments.get("user"), Inside(root.get()));
    if (!ids) return std::move(ids.error()).with_context("--user");
    process.user.uid = ids->uid;
    process.user.gid = ids->gid;
    process.user.additional_gids.clear();
  }
  for (const std::string& text : arguments.all("additional-gids")) {
    const auto gid = parse_id(text);
    if (!gid) return Error::invalid("--additional-gids", "'" + text + "' is no group id");
    process.user.additional_gids.push_back(*gid);
  }
  return {};
}

// From the flags, on top of what the container's own process has.
Result<spec::Process> process_from_flags(const Context& context, const Arguments& arguments) {
  TRY_ASSIGN(const container::StateDirectory directory,
             container::StateDirectory::open(context.runtime.root, arguments.words()[0],
                                             container::StateDirectory::Lock::none));
  TRY_ASSIGN(const spec::Spec spec, directory.load_spec());
  spec::Process process = *spec.process;
  process.args.assign(arguments.words().begin() + 1, arguments.words().end());
  if (process.args.empty()) return Error::invalid("", "a command is required, or --process");
  process.terminal = arguments.on("tty");
  process.console_size.reset();
  process.cwd = arguments.get("cwd", process.cwd);
  for (const std::string& variable : arguments.all("env")) process.env.push_back(variable);
  TRY(take_user(context, arguments, process));
  if (!arguments.all("cap").empty()) {
    if (!process.capabilities) process.capabilities.emplace();
    for (const std::string& name : arguments.all("cap")) {
      for (auto* set : {&process.capabilities->bounding, &process.capabilities->effective,
                        &process.capabilities->permitted, &process.capabilities->ambient})
        if (std::find(set->begin(), set->end(), name) == set->end()) set->push_back(name);
    }
    // Ambient ones must be inheritable.
    process.capabilities->inheritable = process.capabilities->ambient;
  }
  if (arguments.has("no-new-privs")) process.no_new_privileges = arguments.on("no-new-privs");
  process.apparmor_profile = arguments.get("apparmor", process.apparmor_profile);
  process.selinux_label = arguments.get("process-label", process.selinux_label);
  TRY(spec::check(process, ""));
  return process;
}

Result<spec::Process> find_process(const Context& context, const Arguments& arguments) {
  if (!arguments.has("process")) return process_from_flags(context, arguments);
  const std::string path = arguments.get("process");
  TRY_ASSIGN(const std::string text, read_file(AT_FDCWD, path, 64 << 20, true));
  TRY_ASSIGN(spec::Process process, parse_process(text, path));
  if (arguments.has("tty")) process.terminal = arguments.on("tty");
  return process;
}

Result<int> run_exec(const Context& context, const std::vector<std::string>& words) {
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, exec_flags, true));
  if (arguments.words().empty()) return Error::invalid("", "a container id is required");
  container::ExecOptions options;
  options.id = arguments.words()[0];
  options.pid_file = arguments.get("pid-file");
  options.ignore_paused = arguments.on("ignore-paused");
  options.cgroup = arguments.get("cgroup");
  TRY_ASSIGN(options.process, find_process(context, arguments));
  TRY_ASSIGN(const int64_t preserve_fds, parse_integer(arguments.get("preserve-fds", "0"), "--preserve-fds", 0, 1024));
  const bool detach = arguments.on("detach");
  TRY_ASSIGN(Streams streams, prepare_streams(arguments.get("console-socket"), static_cast<int>(preserve_fds),
                                              options.process.terminal, detach));
  options.stdio = streams.stdio;
  if (!detach) hold_signals();
  TRY_ASSIGN(const container::Child child, container::exec(context.runtime, options));
  if (detach) return 0;
  streams.pair_end.reset();
  return wait_in_foreground(child, streams);
}

}  // namespace

Result<int> exec(const Context& context, const std::vector<std::string>& words) {
  Result<int> code = run_exec(context, words);
  if (code) return code;
  // As runc: 255 tells our own failure from the process's exit code.
  log_error("exec failed: " + code.error().message);
  return 255;
}

}  // namespace slipway::oci

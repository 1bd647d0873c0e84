// slipway-oci: an OCI runtime, and the monitor of Slipway's containers.
#include <fcntl.h>
#include <malloc.h>

#include <csignal>
#include <cstdlib>

#include "core/files.h"
#include "core/namespaces.h"
#include "core/own_file.h"
#include "oci/args.h"
#include "oci/context.h"
#include "oci/log.h"
#include "oci/monitor/monitor.h"

namespace slipway::oci {
namespace {

constexpr const char* version = "0.1.0";
constexpr const char* spec_version = "1.2.0";

struct VerbEntry {
  std::string_view name;
  Verb verb;
  std::string_view summary;
};

constexpr VerbEntry verbs[] = {
    {"create", create, "[flags] ID: make a container from a bundle"},
    {"start", start, "ID: run the program of a created container"},
    {"state", state, "ID: print a container's state"},
    {"kill", kill, "[--all] ID [SIGNAL]: send a signal, SIGTERM if none is named"},
    {"delete", remove, "[--force] ID: remove a stopped container"},
    {"run", run, "[flags] ID: create, start, wait, delete"},
    {"exec", exec, "[flags] ID COMMAND…: run another process in a container"},
    {"ps", ps, "[--format FORMAT] ID [ps options]: list a container's processes"},
    {"list", list, "[--format FORMAT] [--quiet]: list containers"},
    {"pause", pause, "ID: freeze a container's processes"},
    {"resume", resume, "ID: let them go on"},
    {"update", update, "[flags] ID: change a container's limits"},
    {"events", events, "[--stats] [--interval DURATION] ID: print what a container uses"},
    {"spec", spec, "[--bundle DIR] [--rootless]: write a config.json to begin with"},
    {"features", features, "print what this runtime can do"},
};

constexpr Flag global_flags[] = {
    value("root"),           value("log"),    value("log-format"),      value("rootless"),   value("criu"),
    value("cgroup-manager"), on_off("debug"), on_off("systemd-cgroup"), on_off("help", "h"), on_off("version", "v"),
};

std::string help() {
  std::string text =
      "usage: slipway-oci [--root DIR] [--log FILE] [--log-format text|json] [--systemd-cgroup] [--debug] VERB …\n\n";
  for (const VerbEntry& entry : verbs) text += "  " + std::string(entry.name) + " " + std::string(entry.summary) + "\n";
  return text + "  monitor …: create, start and watch one container for Slipway's engine\n";
}

// /run/slipway-oci for root; for others in their own run directory. Podman calls a runtime of an ordinary user as the
// root of that user's namespace.
std::string default_root() {
  const char* own = ::getenv("XDG_RUNTIME_DIR");
  const char* user = ::getenv("USER");
  const bool root = ::geteuid() == 0 && (!in_user_namespace() || (user != nullptr && std::string_view(user) == "root"));
  if (!root && own != nullptr && *own != '\0') return std::string(own) + "/slipway-oci";
  return ::geteuid() == 0 ? "/run/slipway-oci" : "/tmp/slipway-oci-" + std::to_string(::geteuid());
}

// Descriptors 0 to 2 must exist, or files that are opened later would take their numbers.
void fill_standard_descriptors() {
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR);
    if (fd < 0) return;
    if (fd > 2) {
      ::close(fd);
      return;
    }
  }
}

// Commands that put a process of ours into a container.
bool enters_containers(std::string_view command) {
  return command == "create" || command == "run" || command == "exec" || command == "monitor";
}

Result<int> dispatch(const std::vector<std::string>& words, char* const* all) {
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, global_flags, true));
  if (arguments.on("version"))
    return print("slipway-oci version " + std::string(version) + "\nspec: " + std::string(spec_version) + "\n");
  if (arguments.on("help")) return print(help());
  if (arguments.words().empty()) return Error::invalid("", "a command is required; see slipway-oci --help");
  if (enters_containers(arguments.words()[0])) TRY(protect_own_file(all));
  const std::string format = arguments.get("log-format", "text");
  if (format != "text" && format != "json") return Error::invalid("--log-format", "must be text or json");
  TRY(open_log(arguments.get("log"), format == "json" ? LogFormat::json : LogFormat::text, arguments.on("debug")));

  Context context;
  context.debug = arguments.on("debug");
  context.runtime.root = arguments.get("root", default_root());
  context.runtime.systemd_cgroup = arguments.on("systemd-cgroup") || arguments.get("cgroup-manager") == "systemd";
  context.runtime.warn = [](const std::string& message) { log_warning(message); };

  const std::string& name = arguments.words()[0];
  const std::vector<std::string> rest(arguments.words().begin() + 1, arguments.words().end());
  if (name == "monitor") return monitor::run_monitor(context.runtime.root, context.runtime.systemd_cgroup, rest);
  if (name == "host-ports") return host_ports(rest);
  const bool asks = !rest.empty() && (rest[0] == "--help" || rest[0] == "-h");
  if (name == "help") return print(help());
  if (name == "checkpoint" || name == "restore")
    return Error::invalid("cannot " + name, "slipway-oci does not save and restore processes (CRIU)");
  for (const VerbEntry& entry : verbs)
    if (entry.name == name)
      return asks ? print("usage: slipway-oci " + name + " " + std::string(entry.summary) + "\n")
                  : entry.verb(context, rest);
  return Error::invalid("'" + name + "'", "unknown command; see slipway-oci --help");
}

int main(int count, char** arguments) {
  // Short-lived and small: giving memory back to the kernel and asking for it again only costs.
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  ::mallopt(M_TOP_PAD, 256 << 10);
  fill_standard_descriptors();
  const std::vector<std::string> words(arguments + 1, arguments + count);
  const Result<int> code = dispatch(words, arguments);
  if (code) return *code;
  log_error(code.error().message);
  return 1;
}

}  // namespace

Result<int> print(const std::string& text) {
  TRY(write_all(1, text, "standard output"));
  return 0;
}

}  // namespace slipway::oci

int main(int argc, char** argv) {
  return slipway::oci::main(argc, argv);
}

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "core/capabilities.h"
#include "core/mount/options.h"
#include "core/seccomp.h"
#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void strings(Writer& writer, const char* key, const std::vector<std::string>& all) {
  writer.Key(key);
  writer.StartArray();
  for (const std::string& each : all) writer.String(each.c_str());
  writer.EndArray();
}

void boolean(Writer& writer, const char* key, bool on) {
  writer.Key(key);
  writer.Bool(on);
}

void enabled(Writer& writer, const char* key, bool on) {
  writer.Key(key);
  writer.StartObject();
  boolean(writer, "enabled", on);
  writer.EndObject();
}

void write_linux(Writer& writer) {
  writer.Key("linux");
  writer.StartObject();
  strings(writer, "namespaces", {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"});
  strings(writer, "capabilities", capabilities::all_names());
  writer.Key("cgroup");
  writer.StartObject();
  for (const char* key : {"v1", "v2", "systemd", "systemdUser", "rdma"}) boolean(writer, key, true);
  writer.EndObject();
  writer.Key("seccomp");
  writer.StartObject();
  boolean(writer, "enabled", true);
  strings(writer, "actions", seccomp::known_actions());
  strings(writer, "operators", seccomp::known_operators());
  strings(writer, "archs", seccomp::known_architectures());
  strings(writer, "knownFlags", seccomp::known_flags());
  strings(writer, "supportedFlags", seccomp::supported_flags());
  writer.EndObject();
  // runtime-spec, features-linux.md: what is implemented, whatever this machine's kernel has.
  enabled(writer, "apparmor", true);
  enabled(writer, "selinux", true);
  enabled(writer, "intelRdt", true);
  writer.Key("mountExtensions");
  writer.StartObject();
  enabled(writer, "idmap", true);
  writer.EndObject();
  enabled(writer, "netDevices", true);
  writer.EndObject();
}

}  // namespace

Result<int> features(const Context& context, const std::vector<std::string>& words) {
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, {}, false));
  if (!arguments.words().empty()) return Error::invalid("'" + arguments.words()[0] + "'", "unexpected argument");
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.SetIndent(' ', 2);
  writer.StartObject();
  writer.Key("ociVersionMin");
  writer.String("1.0.0");
  writer.Key("ociVersionMax");
  writer.String("1.3.0");
  strings(writer, "hooks", {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"});
  strings(writer, "mountOptions", mount::known_options());
  writer.Key("annotations");
  writer.StartObject();
  writer.Key("io.github.seccomp.libseccomp.version");
  writer.String(seccomp::library_version().c_str());
  writer.EndObject();
  strings(writer, "potentiallyUnsafeConfigAnnotations", {"org.systemd.property."});
  write_linux(writer);
  writer.EndObject();
  return print(std::string(buffer.GetString()) + "\n");
}

}  // namespace slipway::oci

#include <fcntl.h>

#include "core/files.h"
#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {
namespace {

constexpr std::string_view beginning = R"({
  "ociVersion": "1.2.0",
  "process": {
    "terminal": true,
    "user": { "uid": 0, "gid": 0 },
    "args": ["sh"],
    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
    "cwd": "/",
    "capabilities": {
      "bounding": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "effective": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
      "permitted": ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
    },
    "rlimits": [{ "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 }],
    "noNewPrivileges": true
  },
  "root": { "path": "rootfs", "readonly": true },
  "hostname": "slipway",
  "mounts": [
    { "destination": "/proc", "type": "proc", "source": "proc" },
    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    { "destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"@GID@] },
    { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"] },
    { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
    @SYS@,
    { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"] }
  ],
  "linux": {
    @MAPPINGS@
    "namespaces": [{ "type": "pid" }@NETWORK@, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" }@USER@],
    "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"],
    "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
  }
}
)";

void replace(std::string& text, std::string_view mark, const std::string& with) {
  text.replace(text.find(mark), mark.size(), with);
}

std::string mapping(const char* name, unsigned host_id) {
  return "\"" + std::string(name) + "\": [{ \"containerID\": 0, \"hostID\": " + std::to_string(host_id) +
         ", \"size\": 1 }],\n    ";
}

}  // namespace

Result<int> spec(const Context& context, const std::vector<std::string>& words) {
  const std::array flags{value("bundle", "b"), on_off("rootless")};
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, flags, false));
  if (!arguments.words().empty()) return Error::invalid("'" + arguments.words()[0] + "'", "unexpected argument");
  const bool rootless = arguments.on("rootless");
  std::string text(beginning);
  // An ordinary user has one id: no group for terminals, no network namespace that could be connected, the host's /sys.
  replace(text, "@GID@", rootless ? "" : ", \"gid=5\"");
  replace(
      text, "@SYS@",
      rootless
          ? R"({ "destination": "/sys", "type": "none", "source": "/sys", "options": ["rbind", "nosuid", "noexec", "nodev", "ro"] })"
          : R"({ "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] })");
  replace(text, "@MAPPINGS@",
          rootless ? mapping("uidMappings", ::geteuid()) + mapping("gidMappings", ::getegid()) : "");
  replace(text, "@NETWORK@", rootless ? "" : R"(, { "type": "network" })");
  replace(text, "@USER@", rootless ? R"(, { "type": "user" })" : "");
  if (rootless) {
    // Its cgroups, as far as there are any, are in the host's /sys already.
    const size_t begin = text.find(",\n    { \"destination\": \"/sys/fs/cgroup\"");
    text.erase(begin, text.find('\n', begin + 2) - begin);
  }
  const std::string path = arguments.get("bundle", ".") + "/config.json";
  auto written = write_file(AT_FDCWD, path, text, O_CREAT | O_EXCL, 0666);
  if (!written && written.error().code == EEXIST)
    return Error::invalid("'" + path + "'", "exists already; remove it first");
  TRY(std::move(written));
  return 0;
}

}  // namespace slipway::oci

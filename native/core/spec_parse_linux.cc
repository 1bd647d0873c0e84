// linux, except for its resources and seccomp.
#include <linux/mempolicy.h>
#include <sys/personality.h>

#include "core/spec_parse.h"

namespace slipway::spec {
// Not in an unnamed namespace: argument-dependent look-up, by which json::Field finds these, would not see them.

static constexpr Word<NamespaceType> namespace_words[] = {
    {"user", NamespaceType::user},     {"pid", NamespaceType::pid},   {"network", NamespaceType::network},
    {"ipc", NamespaceType::ipc},       {"uts", NamespaceType::uts},   {"mount", NamespaceType::mount},
    {"cgroup", NamespaceType::cgroup}, {"time", NamespaceType::time},
};

// Numbers of linux/mempolicy.h; the last two are newer than some headers.
static constexpr Word<int> memory_mode_words[] = {
    {"MPOL_DEFAULT", 0},
    {"MPOL_PREFERRED", 1},
    {"MPOL_BIND", 2},
    {"MPOL_INTERLEAVE", 3},
    {"MPOL_LOCAL", 4},
    {"MPOL_PREFERRED_MANY", 5},
    {"MPOL_WEIGHTED_INTERLEAVE", 6},
};

static constexpr Word<uint32_t> memory_flag_words[] = {
    {"MPOL_F_NUMA_BALANCING", 1U << 13}, {"MPOL_F_RELATIVE_NODES", 1U << 14}, {"MPOL_F_STATIC_NODES", 1U << 15}};

static constexpr Word<unsigned long> personality_words[] = {{"LINUX", PER_LINUX}, {"LINUX32", PER_LINUX32}};

static constexpr Word<bool> propagation_words[] = {{"", true},        {"private", true},    {"shared", true},
                                                   {"slave", true},   {"unbindable", true}, {"rprivate", true},
                                                   {"rshared", true}, {"rslave", true},     {"runbindable", true}};

static void read(const json::Field& field, NamespaceType& out) {
  out = read_word<NamespaceType>(field, namespace_words);
}

static void read(const json::Field& field, Namespace& out) {
  field.required("type", out.type);
  field.member("path", out.path);
  if (!out.path.empty() && !out.path.starts_with('/')) field.fail("path must be absolute");
}

static void read(const json::Field& field, Device& out) {
  std::string type;
  field.required("type", type);
  if (type.size() != 1 || std::string_view("cbup").find(type[0]) == std::string_view::npos)
    return field.fail("type must be c, b, u or p");
  out.type = type[0];
  field.required("path", out.path);
  if (!out.path.starts_with('/')) field.fail("path must be absolute");
  if (out.type != 'p') {
    field.required("major", out.major);
    field.required("minor", out.minor);
    // The kernel's device numbers have 12 and 20 bits; more would be cut off and name another device.
    if (out.major < 0 || out.major > 0xfff || out.minor < 0 || out.minor > 0xfffff)
      field.fail("major and minor must be at most 4095 and 1048575");
  }
  field.member("fileMode", out.file_mode);
  // Podman hands over what stat(2) says, bits of the file's type with it.
  if (out.file_mode && *out.file_mode > 0177777) field.fail("fileMode must be at most 65535");
  field.member("uid", out.uid);
  field.member("gid", out.gid);
}

static void read(const json::Field& field, NetDevice& out) {
  field.member("name", out.name);
}

static void read(const json::Field& field, IntelRdt& out) {
  field.member("closID", out.clos_id);
  field.member("schemata", out.schemata);
  field.member("l3CacheSchema", out.l3_cache_schema);
  field.member("memBwSchema", out.mem_bw_schema);
  field.member("enableMonitoring", out.enable_monitoring);
}

struct MemoryMode {
  int number = 0;
};
static void read(const json::Field& field, MemoryMode& out) {
  out.number = read_word<int>(field, memory_mode_words);
}

struct MemoryFlag {
  uint32_t bit = 0;
};
static void read(const json::Field& field, MemoryFlag& out) {
  out.bit = read_word<uint32_t>(field, memory_flag_words);
}

static void read(const json::Field& field, MemoryPolicy& out) {
  MemoryMode mode;
  field.required("mode", mode);
  out.mode = mode.number;
  field.member("nodes", out.nodes);
  if (!out.nodes.empty() && !is_number_list(out.nodes)) field.fail("nodes must be a list such as 0-1,3");
  std::vector<MemoryFlag> flags;
  field.member("flags", flags);
  for (const MemoryFlag& flag : flags) out.mode_flags |= flag.bit;
}

struct Personality {
  unsigned long domain = 0;
};
struct PersonalityDomain {
  unsigned long number = 0;
};
static void read(const json::Field& field, PersonalityDomain& out) {
  out.number = read_word<unsigned long>(field, personality_words);
}
static void read(const json::Field& field, Personality& out) {
  PersonalityDomain domain;
  field.required("domain", domain);
  out.domain = domain.number;
  Strings flags;
  field.member("flags", flags);
  if (!flags.empty()) field.fail("flags are not defined by the specification");
}

static void read(const json::Field& field, TimeOffset& out) {
  field.member("secs", out.secs);
  field.member("nanosecs", out.nanosecs);
  if (out.nanosecs >= 1'000'000'000) field.fail("nanosecs must be below 1000000000");
}

static void read(const json::Field& field, TimeOffsets& out) {
  field.member("boottime", out.boottime);
  field.member("monotonic", out.monotonic);
}

struct Propagation {
  std::string name;
};
static void read(const json::Field& field, Propagation& out) {
  json::read(field, out.name);
  read_word<bool>(field, propagation_words);
}

void read(const json::Field& field, Linux& out) {
  field.member("uidMappings", out.uid_mappings);
  field.member("gidMappings", out.gid_mappings);
  field.member("sysctl", out.sysctl);
  field.member("resources", out.resources);
  field.member("cgroupsPath", out.cgroups_path);
  field.member("namespaces", out.namespaces);
  field.member("devices", out.devices);
  field.member("netDevices", out.net_devices);
  field.member("seccomp", out.seccomp);
  Propagation propagation;
  field.member("rootfsPropagation", propagation);
  out.rootfs_propagation = std::move(propagation.name);
  field.member("maskedPaths", out.masked_paths);
  field.member("readonlyPaths", out.readonly_paths);
  field.member("mountLabel", out.mount_label);
  field.member("intelRdt", out.intel_rdt);
  field.member("memoryPolicy", out.memory_policy);
  std::optional<Personality> personality;
  field.member("personality", personality);
  if (personality) out.personality = personality->domain;
  field.member("timeOffsets", out.time_offsets);
}

}  // namespace slipway::spec

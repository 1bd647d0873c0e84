// The runtime configuration (config.json) of the OCI runtime-spec 1.2, Linux part, as plain structs; netDevices and
// memoryPolicy are 1.3's. Field names are the specification's own, in snake_case. An optional is empty when the field
// is absent or null; a vector or map is empty then.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

#undef linux  // GNU dialects predefine it as 1

namespace slipway::spec {

using StringMap = std::map<std::string, std::string>;
using Strings = std::vector<std::string>;

struct IdMapping {
  uint32_t container_id = 0;
  uint32_t host_id = 0;
  uint32_t size = 0;
};

struct Root {
  std::string path;  // as written: absolute, or relative to the bundle
  bool readonly = false;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  Strings options;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
};

// process

struct ConsoleSize {
  uint16_t height = 0;  // rows
  uint16_t width = 0;   // columns
};

struct User {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::optional<uint32_t> umask;
  std::vector<uint32_t> additional_gids;
};

// Names such as CAP_NET_ADMIN. An absent set is an empty one.
struct Capabilities {
  Strings bounding;
  Strings effective;
  Strings inheritable;
  Strings permitted;
  Strings ambient;
};

struct Rlimit {
  int resource = 0;  // RLIMIT_* number
  uint64_t soft = 0;
  uint64_t hard = 0;
};

struct Scheduler {
  uint32_t policy = 0;  // SCHED_* number
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t flags = 0;  // SCHED_FLAG_* bits
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

struct IoPriority {
  int klass = 0;  // IOPRIO_CLASS_* number
  int priority = 0;
};

// Lists such as "0-3,7"; validated.
struct ExecCpuAffinity {
  std::string initial;
  std::string final;
};

struct Process {
  bool terminal = false;
  std::optional<ConsoleSize> console_size;
  User user;
  Strings args;
  Strings env;
  std::string cwd;
  std::optional<Capabilities> capabilities;
  std::vector<Rlimit> rlimits;
  bool no_new_privileges = false;
  std::string apparmor_profile;
  std::optional<int> oom_score_adj;
  std::string selinux_label;
  std::optional<Scheduler> scheduler;
  std::optional<IoPriority> io_priority;
  std::optional<ExecCpuAffinity> exec_cpu_affinity;
};

// hooks

struct Hook {
  std::string path;
  Strings args;  // args[0] included
  Strings env;
  std::optional<int> timeout;  // seconds
};

struct Hooks {
  std::vector<Hook> prestart;
  std::vector<Hook> create_runtime;
  std::vector<Hook> create_container;
  std::vector<Hook> start_container;
  std::vector<Hook> poststart;
  std::vector<Hook> poststop;
};

// linux.resources

// A rule of the device cgroup. Rules apply in order, a later one wins.
struct DeviceRule {
  bool allow = false;
  char type = 'a';               // 'a' (all), 'b' or 'c'
  std::optional<int64_t> major;  // absent or -1: any
  std::optional<int64_t> minor;
  std::string access;  // of "rwm"; empty: all
};

struct Memory {
  std::optional<int64_t> limit;
  std::optional<int64_t> reservation;
  std::optional<int64_t> swap;  // memory plus swap; -1: unlimited
  std::optional<int64_t> kernel;
  std::optional<int64_t> kernel_tcp;
  std::optional<uint64_t> swappiness;
  std::optional<bool> disable_oom_killer;
  std::optional<bool> use_hierarchy;
  std::optional<bool> check_before_update;
};

struct Cpu {
  std::optional<uint64_t> shares;
  std::optional<int64_t> quota;
  std::optional<uint64_t> burst;
  std::optional<uint64_t> period;
  std::optional<int64_t> realtime_runtime;
  std::optional<uint64_t> realtime_period;
  std::string cpus;
  std::string mems;
  std::optional<int64_t> idle;
};

struct Pids {
  int64_t limit = 0;  // <= 0: unlimited
};

struct WeightDevice {
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint16_t> weight;
  std::optional<uint16_t> leaf_weight;
};

struct ThrottleDevice {
  int64_t major = 0;
  int64_t minor = 0;
  uint64_t rate = 0;
};

struct BlockIo {
  std::optional<uint16_t> weight;
  std::optional<uint16_t> leaf_weight;
  std::vector<WeightDevice> weight_device;
  std::vector<ThrottleDevice> throttle_read_bps_device;
  std::vector<ThrottleDevice> throttle_write_bps_device;
  std::vector<ThrottleDevice> throttle_read_iops_device;
  std::vector<ThrottleDevice> throttle_write_iops_device;
};

struct HugepageLimit {
  std::string page_size;  // "2MB"
  uint64_t limit = 0;     // bytes
};

struct InterfacePriority {
  std::string name;
  uint32_t priority = 0;
};

struct Network {
  std::optional<uint32_t> class_id;
  std::vector<InterfacePriority> priorities;
};

struct Rdma {
  std::optional<uint32_t> hca_handles;
  std::optional<uint32_t> hca_objects;
};

struct Resources {
  std::vector<DeviceRule> devices;
  std::optional<Memory> memory;
  std::optional<Cpu> cpu;
  std::optional<Pids> pids;
  std::optional<BlockIo> block_io;
  std::vector<HugepageLimit> hugepage_limits;
  std::optional<Network> network;
  std::map<std::string, Rdma> rdma;
  StringMap unified;
};

// linux.seccomp; enumerations stay names, already checked against the specification's lists.

struct SeccompArg {
  uint32_t index = 0;
  uint64_t value = 0;
  uint64_t value_two = 0;
  std::string op;  // SCMP_CMP_*
};

struct SeccompSyscall {
  Strings names;
  std::string action;  // SCMP_ACT_*
  std::optional<uint32_t> errno_ret;
  std::vector<SeccompArg> args;
};

struct Seccomp {
  std::string default_action;  // SCMP_ACT_*
  std::optional<uint32_t> default_errno_ret;
  Strings architectures;  // SCMP_ARCH_*
  Strings flags;          // SECCOMP_FILTER_FLAG_*
  std::string listener_path;
  std::string listener_metadata;
  std::vector<SeccompSyscall> syscalls;
};

// linux

enum class NamespaceType { user, pid, network, ipc, uts, mount, cgroup, time };

struct Namespace {
  NamespaceType type = NamespaceType::pid;
  std::string path;  // empty: a new one
};

struct Device {
  char type = 'c';  // 'c', 'u' (same), 'b' or 'p'
  std::string path;
  int64_t major = 0;
  int64_t minor = 0;
  std::optional<uint32_t> file_mode;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
};

struct NetDevice {
  std::string name;  // its name inside; empty: unchanged
};

struct IntelRdt {
  std::string clos_id;
  Strings schemata;
  std::string l3_cache_schema;
  std::string mem_bw_schema;
  bool enable_monitoring = false;
};

struct MemoryPolicy {
  int mode = 0;             // MPOL_* number
  std::string nodes;        // "0-1,3"; validated
  uint32_t mode_flags = 0;  // MPOL_F_* bits
};

struct TimeOffset {
  int64_t secs = 0;
  uint32_t nanosecs = 0;
};

struct TimeOffsets {
  std::optional<TimeOffset> boottime;
  std::optional<TimeOffset> monotonic;
};

struct Linux {
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  StringMap sysctl;
  std::optional<Resources> resources;
  std::string cgroups_path;
  std::vector<Namespace> namespaces;
  std::vector<Device> devices;
  std::map<std::string, NetDevice> net_devices;  // by name on the host
  std::optional<Seccomp> seccomp;
  std::string rootfs_propagation;  // "", or one of [r]private, [r]shared, [r]slave, [r]unbindable
  Strings masked_paths;
  Strings readonly_paths;
  std::string mount_label;
  std::optional<IntelRdt> intel_rdt;
  std::optional<MemoryPolicy> memory_policy;
  std::optional<unsigned long> personality;  // argument of personality(2)
  TimeOffsets time_offsets;

  const Namespace* find(NamespaceType type) const {
    for (const Namespace& entry : namespaces)
      if (entry.type == type) return &entry;
    return nullptr;
  }
};

struct Spec {
  std::string oci_version;
  Root root;
  std::optional<Process> process;  // a container created without one can't be started
  std::string hostname;
  std::string domainname;
  std::vector<Mount> mounts;
  Hooks hooks;
  StringMap annotations;
  Linux linux;
};

}  // namespace slipway::spec

namespace slipway {

// Each takes a whole JSON document. `what` names it in errors ("/b/config.json"); errors then name the line and column
// of bad JSON, or the field: "/b/config.json: linux.namespaces[2].path: must be absolute".
Result<spec::Spec> parse_spec(const std::string& json, std::string_view what);
Result<spec::Process> parse_process(const std::string& json, std::string_view what);
Result<spec::Resources> parse_resources(const std::string& json, std::string_view what);

}  // namespace slipway

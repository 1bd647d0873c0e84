// linux.resources and linux.seccomp.
#include "core/spec_parse.h"

namespace slipway::spec {
// Not in an unnamed namespace: argument-dependent look-up, by which json::Field finds these, would not see them.

static constexpr Word<bool> action_words[] = {
    {"SCMP_ACT_KILL", true},  {"SCMP_ACT_KILL_PROCESS", true}, {"SCMP_ACT_KILL_THREAD", true},
    {"SCMP_ACT_TRAP", true},  {"SCMP_ACT_ERRNO", true},        {"SCMP_ACT_TRACE", true},
    {"SCMP_ACT_ALLOW", true}, {"SCMP_ACT_LOG", true},          {"SCMP_ACT_NOTIFY", true},
};

static constexpr Word<bool> operator_words[] = {
    {"SCMP_CMP_NE", true}, {"SCMP_CMP_LT", true}, {"SCMP_CMP_LE", true},        {"SCMP_CMP_EQ", true},
    {"SCMP_CMP_GE", true}, {"SCMP_CMP_GT", true}, {"SCMP_CMP_MASKED_EQ", true},
};

static void read(const json::Field& field, DeviceRule& out) {
  field.required("allow", out.allow);
  std::string type = "a";
  field.member("type", type);
  if (type.empty()) type = "a";
  if (type.size() != 1 || std::string_view("abc").find(type[0]) == std::string_view::npos)
    return field.fail("type must be a, b or c");
  out.type = type[0];
  field.member("major", out.major);
  field.member("minor", out.minor);
  field.member("access", out.access);
  if (out.access.find_first_not_of("rwm") != std::string::npos) field.fail("access must be made of r, w and m");
}

static void read(const json::Field& field, Memory& out) {
  field.member("limit", out.limit);
  field.member("reservation", out.reservation);
  field.member("swap", out.swap);
  field.member("kernel", out.kernel);
  field.member("kernelTCP", out.kernel_tcp);
  field.member("swappiness", out.swappiness);
  field.member("disableOOMKiller", out.disable_oom_killer);
  field.member("useHierarchy", out.use_hierarchy);
  field.member("checkBeforeUpdate", out.check_before_update);
}

static void read(const json::Field& field, Cpu& out) {
  field.member("shares", out.shares);
  field.member("quota", out.quota);
  field.member("burst", out.burst);
  field.member("period", out.period);
  field.member("realtimeRuntime", out.realtime_runtime);
  field.member("realtimePeriod", out.realtime_period);
  field.member("cpus", out.cpus);
  field.member("mems", out.mems);
  field.member("idle", out.idle);
}

static void read(const json::Field& field, Pids& out) {
  field.required("limit", out.limit);
}

static void read(const json::Field& field, WeightDevice& out) {
  field.required("major", out.major);
  field.required("minor", out.minor);
  field.member("weight", out.weight);
  field.member("leafWeight", out.leaf_weight);
}

static void read(const json::Field& field, ThrottleDevice& out) {
  field.required("major", out.major);
  field.required("minor", out.minor);
  field.member("rate", out.rate);
}

static void read(const json::Field& field, BlockIo& out) {
  field.member("weight", out.weight);
  field.member("leafWeight", out.leaf_weight);
  field.member("weightDevice", out.weight_device);
  field.member("throttleReadBpsDevice", out.throttle_read_bps_device);
  field.member("throttleWriteBpsDevice", out.throttle_write_bps_device);
  field.member("throttleReadIOPSDevice", out.throttle_read_iops_device);
  field.member("throttleWriteIOPSDevice", out.throttle_write_iops_device);
}

static void read(const json::Field& field, HugepageLimit& out) {
  field.required("pageSize", out.page_size);
  field.required("limit", out.limit);
  const size_t digits = out.page_size.find_first_not_of("0123456789");
  const std::string_view unit = std::string_view(out.page_size).substr(std::min(digits, out.page_size.size()));
  if (digits == 0 || out.page_size.starts_with('0') || (unit != "KB" && unit != "MB" && unit != "GB"))
    field.fail("pageSize must be a size such as 2MB");
}

static void read(const json::Field& field, InterfacePriority& out) {
  field.required("name", out.name);
  field.required("priority", out.priority);
}

static void read(const json::Field& field, Network& out) {
  field.member("classID", out.class_id);
  field.member("priorities", out.priorities);
}

static void read(const json::Field& field, Rdma& out) {
  field.member("hcaHandles", out.hca_handles);
  field.member("hcaObjects", out.hca_objects);
}

static void read(const json::Field& field, SeccompArg& out) {
  field.required("index", out.index);
  if (out.index > 5) field.fail("index must be from 0 to 5");
  field.required("value", out.value);
  field.member("valueTwo", out.value_two);
  field.required("op", out.op);
  for (const Word<bool>& word : operator_words)
    if (word.name == out.op) return;
  field.fail("op: unknown value '" + out.op + "'");
}

struct Action {
  std::string name;
};
static void read(const json::Field& field, Action& out) {
  json::read(field, out.name);
  read_word<bool>(field, action_words);
}

static void read(const json::Field& field, SeccompSyscall& out) {
  field.required("names", out.names);
  if (out.names.empty()) field.fail("names must not be empty");
  Action action;
  field.required("action", action);
  out.action = std::move(action.name);
  field.member("errnoRet", out.errno_ret);
  if (out.errno_ret && out.action != "SCMP_ACT_ERRNO" && out.action != "SCMP_ACT_TRACE")
    field.fail("errnoRet goes only with SCMP_ACT_ERRNO and SCMP_ACT_TRACE");
  field.member("args", out.args);
}

void read(const json::Field& field, Resources& out) {
  field.member("devices", out.devices);
  field.member("memory", out.memory);
  field.member("cpu", out.cpu);
  field.member("pids", out.pids);
  field.member("blockIO", out.block_io);
  field.member("hugepageLimits", out.hugepage_limits);
  field.member("network", out.network);
  field.member("rdma", out.rdma);
  field.member("unified", out.unified);
}

void read(const json::Field& field, Seccomp& out) {
  Action action;
  field.required("defaultAction", action);
  out.default_action = std::move(action.name);
  field.member("defaultErrnoRet", out.default_errno_ret);
  field.member("architectures", out.architectures);
  field.member("flags", out.flags);
  field.member("listenerPath", out.listener_path);
  field.member("listenerMetadata", out.listener_metadata);
  field.member("syscalls", out.syscalls);
}

}  // namespace slipway::spec

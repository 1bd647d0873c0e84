#include "core/spec_parse.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

namespace slipway::spec {
// Not in an unnamed namespace: argument-dependent look-up, by which json::Field finds these, would not see them.

static constexpr Word<int> rlimit_words[] = {
    {"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},         {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},       {"RLIMIT_FSIZE", RLIMIT_FSIZE},       {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},   {"RLIMIT_NPROC", RLIMIT_NPROC},       {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_RTTIME", RLIMIT_RTTIME},     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
};

static constexpr Word<uint32_t> policy_words[] = {
    {"SCHED_OTHER", 0}, {"SCHED_FIFO", 1}, {"SCHED_RR", 2},       {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},   {"SCHED_IDLE", 5}, {"SCHED_DEADLINE", 6},
};

static constexpr Word<uint64_t> scheduler_flag_words[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},  {"SCHED_FLAG_RECLAIM", 0x02},     {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", 0x08},    {"SCHED_FLAG_KEEP_PARAMS", 0x10}, {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};

// As ioprio_set(2) has them: <linux/ioprio.h> of Linux 6.1.192 is no C++ (a parameter is named `class`).
static constexpr Word<int> io_class_words[] = {
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
};

static void read(const json::Field& field, ConsoleSize& out) {
  field.required("height", out.height);
  field.required("width", out.width);
}

static void read(const json::Field& field, User& out) {
  field.member("uid", out.uid);
  field.member("gid", out.gid);
  field.member("umask", out.umask);
  field.member("additionalGids", out.additional_gids);
}

static void read(const json::Field& field, Capabilities& out) {
  field.member("bounding", out.bounding);
  field.member("effective", out.effective);
  field.member("inheritable", out.inheritable);
  field.member("permitted", out.permitted);
  field.member("ambient", out.ambient);
}

struct RlimitType {
  int number = 0;
};
static void read(const json::Field& field, RlimitType& out) {
  out.number = read_word<int>(field, rlimit_words);
}

static void read(const json::Field& field, Rlimit& out) {
  RlimitType type;
  field.required("type", type);
  out.resource = type.number;
  field.required("soft", out.soft);
  field.required("hard", out.hard);
  if (out.soft > out.hard) field.fail("the soft limit is above the hard limit");
}

struct Policy {
  uint32_t number = 0;
};
static void read(const json::Field& field, Policy& out) {
  out.number = read_word<uint32_t>(field, policy_words);
}

struct SchedulerFlag {
  uint64_t bit = 0;
};
static void read(const json::Field& field, SchedulerFlag& out) {
  out.bit = read_word<uint64_t>(field, scheduler_flag_words);
}

static void read(const json::Field& field, Scheduler& out) {
  Policy policy;
  field.required("policy", policy);
  out.policy = policy.number;
  field.member("nice", out.nice);
  int32_t priority = 0;
  field.member("priority", priority);
  if (priority < 0) field.fail("priority must not be negative");
  out.priority = static_cast<uint32_t>(priority);
  std::vector<SchedulerFlag> flags;
  field.member("flags", flags);
  for (const SchedulerFlag& flag : flags) out.flags |= flag.bit;
  field.member("runtime", out.runtime);
  field.member("deadline", out.deadline);
  field.member("period", out.period);
}

struct IoClass {
  int number = 0;
};
static void read(const json::Field& field, IoClass& out) {
  out.number = read_word<int>(field, io_class_words);
}

static void read(const json::Field& field, IoPriority& out) {
  IoClass klass;
  field.required("class", klass);
  out.klass = klass.number;
  field.member("priority", out.priority);
  if (out.priority < 0 || out.priority > 7) field.fail("priority must be from 0 to 7");
}

struct NumberList {
  std::string text;
};
static void read(const json::Field& field, NumberList& out) {
  json::read(field, out.text);
  std::erase(out.text, ' ');
  if (!out.text.empty() && !is_number_list(out.text)) field.fail("must be a list such as 0-3,7");
}

static void read(const json::Field& field, ExecCpuAffinity& out) {
  NumberList initial;
  NumberList final;
  field.member("initial", initial);
  field.member("final", final);
  out = {std::move(initial.text), std::move(final.text)};
}

static void read(const json::Field& field, Hook& out) {
  field.required("path", out.path);
  if (!out.path.starts_with('/')) field.fail("path must be absolute");
  field.member("args", out.args);
  field.member("env", out.env);
  field.member("timeout", out.timeout);
  if (out.timeout && *out.timeout <= 0) field.fail("timeout must be above zero");
}

static void read(const json::Field& field, Hooks& out) {
  field.member("prestart", out.prestart);
  field.member("createRuntime", out.create_runtime);
  field.member("createContainer", out.create_container);
  field.member("startContainer", out.start_container);
  field.member("poststart", out.poststart);
  field.member("poststop", out.poststop);
}

static void read(const json::Field& field, Root& out) {
  field.required("path", out.path);
  field.member("readonly", out.readonly);
  if (out.path.empty()) field.fail("path must not be empty");
}

static void read(const json::Field& field, Mount& out) {
  field.required("destination", out.destination);
  field.member("type", out.type);
  field.member("source", out.source);
  field.member("options", out.options);
  field.member("uidMappings", out.uid_mappings);
  field.member("gidMappings", out.gid_mappings);
  if (out.destination.empty()) field.fail("destination must not be empty");
  // Old tools write relative ones; the specification wants them taken as relative to "/".
  if (!out.destination.starts_with('/')) out.destination.insert(0, 1, '/');
  if (out.uid_mappings.empty() != out.gid_mappings.empty())
    field.fail("uidMappings and gidMappings must be given together");
}

bool is_number_list(std::string_view text) {
  const auto is_number = [](std::string_view part) {
    return !part.empty() && part.size() <= 7 &&
           std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    const size_t dash = part.find('-');
    if (dash == part.npos ? !is_number(part) : !is_number(part.substr(0, dash)) || !is_number(part.substr(dash + 1)))
      return false;
    if (part.size() == text.size()) return true;
    text.remove_prefix(part.size() + 1);
  }
}

void read(const json::Field& field, IdMapping& out) {
  field.required("containerID", out.container_id);
  field.required("hostID", out.host_id);
  field.required("size", out.size);
  constexpr uint64_t limit = uint64_t{1} << 32;
  if (out.size == 0) field.fail("size must be above zero");
  if (uint64_t{out.container_id} + out.size > limit || uint64_t{out.host_id} + out.size > limit)
    field.fail("the range passes the highest id, 4294967295");
}

void read(const json::Field& field, Process& out) {
  field.member("terminal", out.terminal);
  field.member("consoleSize", out.console_size);
  field.member("user", out.user);
  field.member("args", out.args);
  field.member("env", out.env);
  field.required("cwd", out.cwd);
  field.member("capabilities", out.capabilities);
  field.member("rlimits", out.rlimits);
  field.member("noNewPrivileges", out.no_new_privileges);
  field.member("apparmorProfile", out.apparmor_profile);
  field.member("oomScoreAdj", out.oom_score_adj);
  field.member("selinuxLabel", out.selinux_label);
  field.member("scheduler", out.scheduler);
  field.member("ioPriority", out.io_priority);
  field.member("execCPUAffinity", out.exec_cpu_affinity);
}

void read(const json::Field& field, Spec& out) {
  field.required("ociVersion", out.oci_version);
  field.required("root", out.root);
  field.member("process", out.process);
  field.member("hostname", out.hostname);
  field.member("domainname", out.domainname);
  field.member("mounts", out.mounts);
  field.member("hooks", out.hooks);
  field.member("annotations", out.annotations);
  field.member("linux", out.linux);
}

}  // namespace slipway::spec

namespace slipway {

Result<spec::Spec> parse_spec(const std::string& json, std::string_view what) {
  TRY_ASSIGN(spec::Spec spec, json::parse<spec::Spec>(json, what));
  if (auto checked = spec::check(spec); !checked) return std::move(checked.error()).with_context(what);
  return spec;
}

Result<spec::Process> parse_process(const std::string& json, std::string_view what) {
  TRY_ASSIGN(spec::Process process, json::parse<spec::Process>(json, what));
  if (auto checked = spec::check(process, ""); !checked) return std::move(checked.error()).with_context(what);
  return process;
}

Result<spec::Resources> parse_resources(const std::string& json, std::string_view what) {
  return json::parse<spec::Resources>(json, what);
}

}  // namespace slipway

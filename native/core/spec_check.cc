// What no single field shows: contradictions between fields, and values that can't be right.
#include <algorithm>
#include <array>
#include <set>

#include "core/spec_parse.h"

namespace slipway::spec {
namespace {

Error wrong(const std::string& field, std::string_view why) {
  return Error::invalid(field, why);
}

std::string at(const std::string& list, size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

Result<void> check_mappings(const std::vector<IdMapping>& mappings, const std::string& field) {
  const auto overlap = [](uint64_t a, uint64_t b, uint64_t a_size, uint64_t b_size) {
    return a < b + b_size && b < a + a_size;
  };
  if (mappings.size() > 340) return wrong(field, "the kernel takes at most 340 ranges");
  for (size_t i = 0; i < mappings.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const IdMapping& a = mappings[i];
      const IdMapping& b = mappings[j];
      if (overlap(a.container_id, b.container_id, a.size, b.size) || overlap(a.host_id, b.host_id, a.size, b.size))
        return wrong(at(field, i), "overlaps with " + at(field, j));
    }
  }
  return {};
}

Result<void> check_namespaces(const Spec& spec) {
  const Linux& linux = spec.linux;
  for (size_t i = 0; i < linux.namespaces.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (linux.namespaces[i].type == linux.namespaces[j].type)
        return wrong(at("linux.namespaces", i) + ".type", "is there twice");

  const Namespace* user = linux.find(NamespaceType::user);
  const bool mapped = !linux.uid_mappings.empty() || !linux.gid_mappings.empty();
  if (mapped && user == nullptr) return wrong("linux.uidMappings", "needs a user namespace in linux.namespaces");
  if (user != nullptr && user->path.empty()) {
    if (linux.uid_mappings.empty()) return wrong("linux.uidMappings", "is required for a new user namespace");
    if (linux.gid_mappings.empty()) return wrong("linux.gidMappings", "is required for a new user namespace");
  }
  TRY(check_mappings(linux.uid_mappings, "linux.uidMappings"));
  TRY(check_mappings(linux.gid_mappings, "linux.gidMappings"));

  const auto has = [&](NamespaceType type) { return linux.find(type) != nullptr; };
  if (!spec.hostname.empty() && !has(NamespaceType::uts))
    return wrong("hostname", "needs a uts namespace in linux.namespaces");
  if (!spec.domainname.empty() && !has(NamespaceType::uts))
    return wrong("domainname", "needs a uts namespace in linux.namespaces");
  if (spec.hostname.size() > 64) return wrong("hostname", "is longer than 64 bytes");
  if (spec.domainname.size() > 64) return wrong("domainname", "is longer than 64 bytes");

  if (linux.time_offsets.boottime || linux.time_offsets.monotonic) {
    const Namespace* time = linux.find(NamespaceType::time);
    if (time == nullptr) return wrong("linux.timeOffsets", "needs a time namespace in linux.namespaces");
    if (!time->path.empty()) return wrong("linux.timeOffsets", "can't change a time namespace that is joined by path");
  }
  if (!linux.net_devices.empty() && !has(NamespaceType::network))
    return wrong("linux.netDevices", "needs a network namespace in linux.namespaces");
  if (!has(NamespaceType::mount)) {
    if (!spec.mounts.empty()) return wrong("mounts", "needs a mount namespace in linux.namespaces");
    if (!linux.masked_paths.empty()) return wrong("linux.maskedPaths", "needs a mount namespace in linux.namespaces");
    if (!linux.readonly_paths.empty())
      return wrong("linux.readonlyPaths", "needs a mount namespace in linux.namespaces");
    if (spec.root.readonly) return wrong("root.readonly", "needs a mount namespace in linux.namespaces");
  }
  return {};
}

// Only what belongs to a namespace of the container's own may be set: anything else would change the whole machine.
Result<void> check_sysctl(const Linux& linux) {
  static constexpr std::array ipc_names{"kernel.msgmax",      "kernel.msgmnb",          "kernel.msgmni",
                                        "kernel.sem",         "kernel.shmall",          "kernel.shmmax",
                                        "kernel.shmmni",      "kernel.shm_rmid_forced", "kernel.auto_msgmni",
                                        "kernel.msg_next_id", "kernel.sem_next_id",     "kernel.shm_next_id"};
  for (const auto& [key, value] : linux.sysctl) {
    const std::string field = "linux.sysctl." + key;
    // "net/ipv4/conf/eth0.100/…" and "net.ipv4.…" are both in use; the first separator says which is meant.
    std::string name = key;
    if (const size_t first = name.find_first_of("./"); first != name.npos && name[first] == '/')
      std::replace(name.begin(), name.end(), '/', '.');
    if (key.empty() || key.starts_with('/') || key.starts_with('.') || key.ends_with('/') || key.ends_with('.') ||
        key.find("//") != key.npos || key.find("..") != key.npos || key.find("/.") != key.npos)
      return wrong(field, "is no name of a sysctl");
    const bool ipc =
        name.starts_with("fs.mqueue.") || std::find(ipc_names.begin(), ipc_names.end(), name) != ipc_names.end();
    const bool net = name.starts_with("net.");
    const bool uts = name == "kernel.domainname" || name == "kernel.hostname";
    if (!ipc && !net && !uts) return wrong(field, "does not belong to a namespace, so it can't be set for a container");
    const NamespaceType type = ipc ? NamespaceType::ipc : net ? NamespaceType::network : NamespaceType::uts;
    const std::string_view type_name = ipc ? "an ipc" : net ? "a network" : "a uts";
    if (linux.find(type) == nullptr)
      return wrong(field, "needs " + std::string(type_name) + " namespace in linux.namespaces");
  }
  return {};
}

Result<void> check_paths(const Strings& paths, const std::string& field) {
  for (size_t i = 0; i < paths.size(); ++i)
    if (!paths[i].starts_with('/')) return wrong(at(field, i), "must be an absolute path");
  return {};
}

Result<void> check_interface_name(const std::string& name, const std::string& field) {
  if (name.empty() || name.size() > 15 || name == "." || name == ".." ||
      name.find_first_of("/: \t\n\v\f\r") != name.npos)
    return wrong(field, "'" + name + "' is no name for a network interface (1 to 15 bytes without '/', ':' or blanks)");
  return {};
}

Result<void> check_seccomp(const Seccomp& seccomp) {
  if (seccomp.default_action == "SCMP_ACT_NOTIFY")
    return wrong("linux.seccomp.defaultAction", "SCMP_ACT_NOTIFY can't be the default action");
  if (seccomp.default_errno_ret && seccomp.default_action != "SCMP_ACT_ERRNO" &&
      seccomp.default_action != "SCMP_ACT_TRACE")
    return wrong("linux.seccomp.defaultErrnoRet", "goes only with SCMP_ACT_ERRNO and SCMP_ACT_TRACE");
  bool notify = false;
  for (size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const SeccompSyscall& rule = seccomp.syscalls[i];
    if (rule.action != "SCMP_ACT_NOTIFY") continue;
    notify = true;
    // The listener travels to the agent by sendmsg; a filter that asks the agent about it first would wait for ever.
    if (std::find(rule.names.begin(), rule.names.end(), "sendmsg") != rule.names.end())
      return wrong(at("linux.seccomp.syscalls", i) + ".action", "SCMP_ACT_NOTIFY can't be used for sendmsg");
  }
  if (notify && seccomp.listener_path.empty())
    return wrong("linux.seccomp.listenerPath", "is required with SCMP_ACT_NOTIFY");
  if (!seccomp.listener_metadata.empty() && seccomp.listener_path.empty())
    return wrong("linux.seccomp.listenerMetadata", "needs linux.seccomp.listenerPath");
  if (!seccomp.listener_path.empty() && !seccomp.listener_path.starts_with('/'))
    return wrong("linux.seccomp.listenerPath", "must be an absolute path");
  return {};
}

}  // namespace

Result<void> check(const Process& process, const std::string& prefix) {
  if (process.args.empty()) return wrong(prefix + "args", "must not be empty");
  if (!process.cwd.starts_with('/'))
    return wrong(prefix + "cwd", "must be an absolute path, not '" + process.cwd + "'");
  for (size_t i = 0; i < process.env.size(); ++i) {
    const size_t equals = process.env[i].find('=');
    if (equals == std::string::npos || equals == 0)
      return wrong(at(prefix + "env", i), "must have the form NAME=value, not '" + process.env[i] + "'");
  }
  std::set<int> seen;
  for (size_t i = 0; i < process.rlimits.size(); ++i)
    if (!seen.insert(process.rlimits[i].resource).second)
      return wrong(at(prefix + "rlimits", i) + ".type", "is there twice");
  if (process.user.umask && *process.user.umask > 0777)
    return wrong(prefix + "user.umask", "must be at most 511 (0777)");
  if (process.oom_score_adj && (*process.oom_score_adj < -1000 || *process.oom_score_adj > 1000))
    return wrong(prefix + "oomScoreAdj", "must be from -1000 to 1000");
  // -1 means "unchanged" to the kernel's set*id calls.
  if (process.user.uid == UINT32_MAX) return wrong(prefix + "user.uid", "4294967295 is no user");
  if (process.user.gid == UINT32_MAX) return wrong(prefix + "user.gid", "4294967295 is no group");
  for (size_t i = 0; i < process.user.additional_gids.size(); ++i)
    if (process.user.additional_gids[i] == UINT32_MAX)
      return wrong(at(prefix + "user.additionalGids", i), "4294967295 is no group");
  return {};
}

Result<void> check(const Spec& spec) {
  if (!spec.oci_version.starts_with("1."))
    return wrong("ociVersion", "'" + spec.oci_version + "' is not supported; this runtime knows 1.0 to 1.3");
  if (spec.process) TRY(check(*spec.process, "process."));
  TRY(check_namespaces(spec));
  TRY(check_sysctl(spec.linux));
  TRY(check_paths(spec.linux.masked_paths, "linux.maskedPaths"));
  TRY(check_paths(spec.linux.readonly_paths, "linux.readonlyPaths"));
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    TRY(check_mappings(spec.mounts[i].uid_mappings, at("mounts", i) + ".uidMappings"));
    TRY(check_mappings(spec.mounts[i].gid_mappings, at("mounts", i) + ".gidMappings"));
  }
  std::set<std::string> inside;
  for (const auto& [name, device] : spec.linux.net_devices) {
    const std::string field = "linux.netDevices." + name;
    TRY(check_interface_name(name, field));
    if (!device.name.empty()) TRY(check_interface_name(device.name, field + ".name"));
    if (!inside.insert(device.name.empty() ? name : device.name).second)
      return wrong(field + ".name", "two interfaces would have this name");
  }
  if (spec.linux.seccomp) TRY(check_seccomp(*spec.linux.seccomp));
  return {};
}

}  // namespace slipway::spec

// How processes get into the container's cgroups.
#include <fcntl.h>
#include <unistd.h>

#include "core/cgroup/cgroup.h"
#include "core/cgroup/paths.h"
#include "core/cgroup/systemd/scope.h"
#include "core/cgroup/text.h"

namespace slipway::cgroup {
namespace {

constexpr const char* path_field = "linux.cgroupsPath";

// v2 keeps processes out of a group that hands controllers to groups below. If the container did that, its first
// process moved down, and a newcomer belongs next to it.
Result<std::string> where_processes_live(const std::string& group, pid_t init) {
  const auto subtree = Directory(group).read("cgroup.subtree_control");
  if (!subtree || trim(*subtree).empty()) return group;
  TRY_ASSIGN(const std::string mountinfo, read_text("/proc/self/mountinfo"));
  TRY_ASSIGN(const std::string cgroup, read_text("/proc/" + std::to_string(init) + "/cgroup"));
  const Hierarchies hierarchies = parse_hierarchies(mountinfo, cgroup);
  const Hierarchy* unified = hierarchies.find_unified();
  const std::string place = unified ? unified->mount + unified->own : group;
  return place.starts_with(group + "/") ? place : group;
}

// systemd makes the scope's group in its own tree; the other v1 hierarchies get the same path.
Result<std::map<std::string, std::string>> scope_directories(pid_t pid) {
  TRY_ASSIGN(const std::string mountinfo, read_text("/proc/self/mountinfo"));
  TRY_ASSIGN(const std::string cgroup, read_text("/proc/" + std::to_string(pid) + "/cgroup"));
  const Hierarchies hierarchies = parse_hierarchies(mountinfo, cgroup);
  const Hierarchy* managed = hierarchies.find_v1("name=systemd");
  if (!managed) managed = hierarchies.find_unified();
  if (!managed)
    return Error::invalid(path_field, "systemd started the scope, but its cgroup is in no mounted hierarchy");
  std::map<std::string, std::string> paths;
  for (const Hierarchy& each : hierarchies.all) paths[each.controllers] = each.mount + managed->own;
  return paths;
}

// 0 or errno. "0" means the caller itself.
int enter_door(int fd) {
  while (::write(fd, "0", 1) < 0)
    if (errno != EINTR) return errno;
  return 0;
}

}  // namespace

int Entrance::enter(bool cloned_into, const char** failed) const noexcept {
  for (const Door& door : doors_) {
    if (const int error = enter_door(door.fd.get()); error != 0) {
      *failed = door.path.c_str();
      return error;
    }
  }
  if (cloned_into || !unified_) return 0;
  const int error = enter_door(unified_->fd.get());
  if (error != 0) *failed = unified_->path.c_str();
  return error;
}

Result<Entrance> Cgroup::entrance(std::optional<pid_t> init) const {
  Entrance entrance;
  for (const auto& [controllers, path] : saved_.paths) {
    const bool v2 = controllers.empty();
    std::string group = path;
    if (v2 && init) {
      TRY_ASSIGN(group, where_processes_live(path, *init));
    }
    Entrance::Door door;
    door.path = group + (v2 ? "/cgroup.procs" : "/tasks");
    door.fd = Fd(::open(door.path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!door.fd && errno == ENOENT && controllers == "cpuset") continue;  // put off: it has no limits yet
    if (!door.fd) return Error::system("open", door.path).with_context("cannot enter the container's cgroup");
    if (!v2) {
      entrance.doors_.push_back(std::move(door));
      continue;
    }
    entrance.unified_ = std::move(door);
    entrance.unified_directory_ = Fd(::open(group.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!entrance.unified_directory_) return Error::system("open", group);
  }
  return entrance;
}

Result<void> Cgroup::attach(pid_t pid) {
  if (needs_attach() && saved_.paths.empty()) {
    TRY_ASSIGN(const UnitName name, unit_name(options_.cgroups_path, options_.id, options_.rootless));
    TRY(systemd::start_scope(name, properties_, pid, saved_.user_manager));
    TRY_ASSIGN(saved_.paths, scope_directories(pid));
    TRY_ASSIGN(hierarchies_, find_hierarchies());
    TRY(make_directories());
  }
  for (const auto& [controllers, path] : saved_.paths) {
    const Directory group(path);
    if (controllers == "cpuset" && !group.has("cgroup.procs")) continue;  // put off: it has no limits yet
    TRY(group.write("cgroup.procs", pid, path_field));
  }
  return {};
}

}  // namespace slipway::cgroup

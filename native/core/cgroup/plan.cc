// Cgroup: working out the places, and making them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/cgroup/cgroup.h"
#include "core/cgroup/paths.h"
#include "core/cgroup/systemd/properties.h"
#include "core/cgroup/text.h"
#include "core/cgroup/v1/controllers.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup {
namespace {

constexpr const char* path_field = "linux.cgroupsPath";

// A cpuset is dear (its two files have to be filled before a process may enter, and each write rebuilds the scheduler's
// domains), and without limits it says nothing.
bool put_off(const std::string& controllers) {
  return controllers == "cpuset";
}

// Two containers must not share a cgroup: stopping or limiting one would hit the other.
Result<void> check_unused(const Directory& directory) {
  TRY_ASSIGN(const std::string processes, directory.read("cgroup.procs"));
  if (trim(processes).empty()) return {};
  return Error::invalid(
      path_field, "the cgroup '" + directory.path() + "' already has processes; choose another path, or end them");
}

// Makes `path` and what is missing above it; remembers what it made, outermost first.
Result<void> make_path(const std::string& path, std::vector<std::string>& made) {
  if (::mkdir(path.c_str(), 0755) == 0) {
    made.push_back(path);
    return {};
  }
  if (errno == EEXIST) return {};
  if (errno != ENOENT || path.rfind('/') == 0) return Error::system("mkdir", path).with_context(path_field);
  TRY(make_path(path.substr(0, path.rfind('/')), made));
  if (::mkdir(path.c_str(), 0755) == 0) {
    made.push_back(path);
  } else if (errno != EEXIST) {
    return Error::system("mkdir", path).with_context(path_field);
  }
  return {};
}

bool refused(int code) {
  return code == EACCES || code == EPERM || code == EROFS;
}

const Wish* find_wish(const std::vector<Wish>& wished, const Hierarchy& hierarchy, const Hierarchies& all) {
  for (const Wish& wish : wished) {
    if (hierarchy.has(wish.v1)) return &wish;
    if (hierarchy.unified && all.find_v1(wish.v1) == nullptr) return &wish;
  }
  return nullptr;
}

Error no_permission(const Wish& wish, const Error& cause) {
  Error error =
      unsupported(wish.field, cause.message +
                                  "; without root, limits need a cgroup v2 tree whose controllers are delegated "
                                  "to this user (as `systemd-run --user --scope -p Delegate=yes` gives)");
  error.code = cause.code;
  return error;
}

}  // namespace

Result<Cgroup> Cgroup::plan(const Options& options) {
  Cgroup cgroup;
  cgroup.options_ = options;
  cgroup.saved_.rootless = options.rootless;
  if (options.systemd) {
    TRY_ASSIGN(const UnitName name, unit_name(options.cgroups_path, options.id, options.rootless));
    cgroup.saved_.scope = name.unit;
    cgroup.saved_.user_manager = options.rootless;
    return cgroup;
  }
  TRY_ASSIGN(cgroup.hierarchies_, find_hierarchies());
  const Hierarchies& hierarchies = cgroup.hierarchies_;
  const Mode mode = hierarchies.mode();
  if (mode == Mode::none && !options.rootless)
    return Error::invalid("cgroups", "no cgroup file system is mounted; mount cgroup2 at /sys/fs/cgroup");
  for (const Hierarchy& each : hierarchies.all) {
    std::string path = group_path(each, mode, options.cgroups_path, options.id);
    if (path == each.mount)
      return Error::invalid(path_field, "'" + options.cgroups_path + "' is the root of the cgroups");
    cgroup.saved_.paths[each.controllers] = std::move(path);
  }
  return cgroup;
}

Cgroup Cgroup::restore(Saved saved) {
  Cgroup cgroup;
  cgroup.options_.rootless = saved.rootless;
  cgroup.saved_ = std::move(saved);
  return cgroup;
}

Result<void> Cgroup::make(const spec::Resources* resources) {
  if (resources) wished_ = wishes(*resources);
  if (needs_attach()) {
    TRY_ASSIGN(properties_, systemd::unit_properties(resources, options_.annotations));
    return {};
  }
  return make_directories();
}

Result<void> Cgroup::make_directories() {
  std::vector<std::string> made;
  for (const Hierarchy& each : hierarchies_.all) {
    const Wish* wish = find_wish(wished_, each, hierarchies_);
    if (!saved_.paths.contains(each.controllers) || (put_off(each.controllers) && !wish)) continue;
    auto result = make_directory(each, wish, made);
    if (result) continue;
    for (auto path = made.rbegin(); path != made.rend(); ++path) ::rmdir(path->c_str());
    return result;
  }
  return {};
}

Result<void> Cgroup::make_directory(const Hierarchy& hierarchy, const Wish* wish, std::vector<std::string>& made) {
  const std::string path = saved_.paths.at(hierarchy.controllers);
  const size_t before = made.size();
  auto result = make_path(path, made);
  // A scope's group has its first process already.
  if (result && made.size() == before && !needs_attach()) result = check_unused(Directory(path));
  if (!result && options_.rootless && refused(result.error().code)) {
    if (wish) return no_permission(*wish, result.error());
    saved_.paths.erase(hierarchy.controllers);
    return {};
  }
  if (!result) return result;
  if (hierarchy.has("cpuset")) return v1::initialise_cpuset(hierarchy.mount, path);

  // The v2 tree of a hybrid machine has few controllers; each costs, so only what is asked for is enabled there.
  const bool hybrid = hierarchies_.mode() == Mode::hybrid;
  if (!hierarchy.unified || (hybrid && !wish)) return {};
  std::vector<std::string> controllers;
  for (const Wish& any : wished_)
    if (hybrid && !hierarchies_.find_v1(any.v1)) controllers.emplace_back(any.v2);
  // What can't be enabled shows when a limit is applied; without limits nothing is amiss.
  (void)v2::enable_controllers(hierarchy.mount, path, controllers);
  return {};
}

Result<void> Cgroup::make_put_off(const std::string& path) {
  TRY_ASSIGN(const Hierarchies hierarchies, find_hierarchies());
  const Hierarchy* hierarchy = hierarchies.find_v1("cpuset");
  if (!hierarchy || !path.starts_with(hierarchy->mount))
    return Error::invalid(path_field, "'" + path + "' is in no mounted cpuset hierarchy");
  TRY_ASSIGN(const std::vector<pid_t> members, pids());
  std::vector<std::string> made;
  TRY(make_path(path, made));
  TRY(v1::initialise_cpuset(hierarchy->mount, path));
  for (const pid_t pid : members) {
    auto moved = Directory(path).write("cgroup.procs", pid, path_field);
    if (!moved && moved.error().code != ESRCH) return moved;  // ESRCH: it ended meanwhile
  }
  return {};
}

}  // namespace slipway::cgroup

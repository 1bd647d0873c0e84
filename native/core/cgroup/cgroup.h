// The cgroups of one container: v1, v2 and hybrid trees, through the cgroup file systems or a systemd scope.
//
// A container's life here:
//   1. Cgroup::plan() works out the places and changes nothing, so that saved() can be in the container's state before
//      anything exists.
//   2. make() makes the directories (a systemd scope comes in step 4).
//   3. apply() writes the limits; before the container's first process where possible, so that nothing ever runs
//      unlimited.
//   4. The process enters. For speed it enters by itself: clone3() takes clone_fd() (CLONE_INTO_CGROUP), and the child
//      calls Entrance::enter() before anything else. Moving *another* process costs an RCU grace period (5–20 ms)
//      because the kernel then takes a global lock; moving oneself through v1's `tasks` does not. A systemd scope has
//      no Entrance: the child waits while its parent calls attach(pid) and then apply(). saved() is complete only then.
//   5. saved() goes into the container's state; Cgroup::restore() gives the same object to a later command.
//   6. destroy() once the processes are gone (kill_all() sees to that).
// A cgroup namespace must be made after step 4 (unshare in the child): its root is the cgroup of the caller at that
// time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/cgroup/directory.h"
#include "core/cgroup/hierarchy.h"
#include "core/cgroup/stats.h"
#include "core/cgroup/systemd/properties.h"
#include "core/cgroup/wishes.h"
#include "core/fd.h"
#include "core/result.h"
#include "core/spec.h"

namespace slipway::cgroup {

struct Options {
  std::string id;            // the container's id
  std::string cgroups_path;  // linux.cgroupsPath: "" (by id), absolute (below the mount), relative (below our own), or
                             // "slice:prefix:name" with systemd
  bool systemd = false;      // --systemd-cgroup
  bool rootless = false;     // not root on the host: with no limits asked for, a refusal to make cgroups is no error
  std::map<std::string, std::string> annotations;  // org.systemd.property.*
};

// What survives in the container's state file. Empty for a container with no cgroup of its own.
struct Saved {
  // v1: controllers as mounted ("cpu,cpuacct", "name=systemd") -> directory; "" is the v2 tree. The directory of a
  // cpuset hierarchy is made only when a limit first needs it.
  std::map<std::string, std::string> paths;
  std::string scope;          // the systemd unit, if any
  bool user_manager = false;  // the unit belongs to the user's systemd
  bool rootless = false;
  bool empty() const { return paths.empty() && scope.empty(); }
};

// Open files through which a child moves itself. Prepared before the clone, used after it.
class Entrance {
 public:
  // Directory for clone_args.cgroup with CLONE_INTO_CGROUP; -1: none, and enter() covers the v2 tree too.
  int clone_fd() const { return unified_directory_.get(); }

  // In the child, single-threaded: moves the caller. `cloned_into`: the clone already used clone_fd().
  // Async-signal-safe. 0, or an errno with `failed` pointing to the path that refused.
  int enter(bool cloned_into, const char** failed) const noexcept;

 private:
  friend class Cgroup;
  struct Door {
    Fd fd;             // v1: `tasks`; v2: `cgroup.procs`
    std::string path;  // for the error
  };
  std::vector<Door> doors_;
  std::optional<Door> unified_;
  Fd unified_directory_;
};

class Cgroup {
 public:
  // Fails for a linux.cgroupsPath that makes no sense.
  static Result<Cgroup> plan(const Options& options);
  static Cgroup restore(Saved saved);

  const Saved& saved() const { return saved_; }
  bool empty() const { return saved_.empty(); }

  // Makes the directories. `resources` (may be null) tells which are needed: with Options::rootless a directory that
  // may not be made is an error only if a limit needs it, and the error names that limit. On failure nothing stays.
  Result<void> make(const spec::Resources* resources);

  // The process has to be attached by its parent (step 4).
  bool needs_attach() const { return !saved_.scope.empty(); }

  // Only for !needs_attach(). `init`: for exec: where the container moved its processes into cgroups below, the
  // newcomer joins the container's first process there.
  Result<Entrance> entrance(std::optional<pid_t> init = std::nullopt) const;

  // Moves a process from outside; starts the systemd scope with it in it.
  Result<void> attach(pid_t pid);

  // Writes the limits; only what is present changes (for `update`). `initial`: the first time, when the device rules
  // apply even with none listed (everything but the default devices is denied).
  Result<void> apply(const spec::Resources& resources, bool initial);

  Result<void> freeze() const;
  Result<void> thaw() const;
  // false where there is no freezer.
  Result<bool> frozen() const;

  // Host pids of all processes, cgroups below included.
  Result<std::vector<pid_t>> pids() const;

  // Sends `signal` to every process; SIGKILL through cgroup.kill where the kernel has it, else until none is left.
  Result<void> kill_all(int signal) const;

  // Removes the directories and everything below. Waits (bounded) for dying processes to leave.
  Result<void> destroy() const;

  Result<Stats> stats() const;

  // How often the kernel's OOM killer struck here; 0 without a memory cgroup.
  Result<uint64_t> oom_kills() const;

  // A descriptor that polls readable (POLLIN, or POLLPRI on v2) at an OOM event. Drained by read() on v1 (an eventfd);
  // on v2 by pread() of the whole file.
  Result<Fd> oom_events() const;

  // The directory of a v1 controller, or of the v2 tree for ""; empty if the container has none.
  std::string path(std::string_view controller) const;

 private:
  Cgroup() = default;

  // One directory of the container, and whether the v2 files are in it.
  struct Place {
    Directory directory;
    bool v2;
  };
  // Where a controller's files are, by its v1 and v2 names; the directory is made if that was put off.
  Result<Place> place(const Wish& wish);
  Result<void> make_directories();
  Result<void> make_directory(const Hierarchy& hierarchy, const Wish* wish, std::vector<std::string>& made);
  Result<void> make_put_off(const std::string& path);
  Result<void> apply_devices(const std::vector<spec::DeviceRule>& rules);
  std::optional<Directory> v1_directory(std::string_view controller) const;
  std::optional<Directory> v2_directory() const;
  // The directory whose cgroup.procs lists the container's processes.
  std::optional<Directory> members() const;

  Options options_;
  Saved saved_;
  Hierarchies hierarchies_;  // as plan() found them
  std::vector<Wish> wished_;
  std::vector<systemd::Property> properties_;  // of the scope that attach() starts
};

}  // namespace slipway::cgroup

// The cgroups of one container: v1, v2 and hybrid trees, through the cgroup file systems or a systemd scope.
//
// A container's life here:
//   1. Cgroup::create() works out the places and makes the directories (a systemd scope comes in step 3).
//   2. apply() writes the limits; before the container's first process where possible, so that nothing ever runs
//   unlimited.
//   3. The process enters. For speed it enters by itself: clone3() takes clone_fd() (CLONE_INTO_CGROUP), and the child
//      calls Entrance::enter() before anything else; moving *another* process costs an RCU grace period (5–20 ms)
//      because the kernel then takes a global lock, moving oneself through v1's `tasks` does not. A systemd scope has
//      no Entrance: the child waits while its parent calls attach(pid) and then apply().
//   4. saved() goes into the container's state; Cgroup::restore() gives the same object to a later command.
//   5. destroy() once the processes are gone (kill_all() sees to that).
// A cgroup namespace must be made after step 3 (unshare in the child): its root is the cgroup of the caller at that
// time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/cgroup/hierarchy.h"
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

// What survives in the container's state file. Everything is empty for a container with no cgroup of its own.
struct Saved {
  std::map<std::string, std::string>
      paths;                  // v1: controllers as in the mount ("cpu,cpuacct", "name=systemd") -> directory;
                              // "" is the v2 tree
  std::string scope;          // the systemd unit, if any
  bool user_manager = false;  // the unit belongs to the user's systemd
  bool empty() const { return paths.empty(); }
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

// The numbers behind `events --stats`; absent groups belong to controllers that the container has no cgroup of.
struct Stats;

class Cgroup {
 public:
  // Makes the container's directories. On failure nothing is left behind. An error names the field of `resources` that
  // can't be had, if it is because of a limit.
  static Result<Cgroup> create(const Options& options, const spec::Resources* resources);
  static Cgroup restore(Saved saved);

  const Saved& saved() const { return saved_; }
  bool empty() const { return saved_.empty(); }

  // The process has to be attached by its parent (step 3).
  bool needs_attach() const { return needs_attach_; }

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
  Result<void> make_directories(const spec::Resources* resources);
  Result<void> join_hierarchy(const std::string& controllers);

  Options options_;
  Saved saved_;
  bool needs_attach_ = false;
};

}  // namespace slipway::cgroup

// Namespaces: new ones and those joined by path, and processes born into them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/cgroup/cgroup.h"
#include "core/fd.h"
#include "core/result.h"
#include "core/spec.h"

namespace slipway {

struct Join {
  Fd fd;          // of a namespace, or a pidfd
  int types = 0;  // CLONE_NEW*
  std::string name;
};

struct Namespaces {
  uint64_t made_by_clone = 0;  // CLONE_NEW* for clone3
  bool new_cgroup = false;     // these two the child has to make itself, once it is in its cgroup
  bool new_time = false;       // and before anything has the time of
  std::vector<Join> joined;    // user first

  bool joins(int type) const;
  bool makes(uint64_t type) const { return (made_by_clone & type) != 0; }
};

int clone_flag(spec::NamespaceType type);
std::string_view name_of(spec::NamespaceType type);

// Opens what is joined by path; a namespace that the caller is in anyway is left out.
Result<Namespaces> prepare_namespaces(const std::vector<spec::Namespace>& wanted);

// A process that begins in the given namespaces (joined: only user and pid so far, see join_rest) and cgroup, as a
// child of the caller. `body` runs in it and its result is the exit code; it is told if the cgroup refused the process.
// The caller must be single-threaded.
using Body = std::function<int(Result<void> in_cgroup)>;
struct Spawned {
  pid_t pid = -1;
  Fd pidfd;
};
Result<Spawned> spawn(const Namespaces& namespaces, const cgroup::Entrance* entrance, const Body& body);

// In the child: joins what spawn() could not.
Result<void> join_rest(const Namespaces& namespaces);

// In the child: a new time namespace with these offsets, entered. `proc`: a procfs.
Result<void> enter_new_time(const spec::TimeOffsets& offsets, int proc);

// From outside: writes the mappings of a process in a new user namespace; by newuidmap and newgidmap if the caller may
// not.
Result<void> map_ids(pid_t pid, const std::vector<spec::IdMapping>& uids, const std::vector<spec::IdMapping>& gids);

// True where root is only the root of a user namespace.
bool in_user_namespace();

// A user namespace that exists only as a descriptor, for idmapped mounts.
Result<Fd> make_user_namespace(const std::vector<spec::IdMapping>& uids, const std::vector<spec::IdMapping>& gids);

}  // namespace slipway

// Everything that a container's process needs to know, worked out before it is cloned. child.cc applies it from top to
// bottom.
#pragma once

#include <string>
#include <vector>

#include "core/capabilities.h"
#include "core/cgroup/cgroup.h"
#include "core/container/container.h"
#include "core/container/wire.h"
#include "core/fd.h"
#include "core/mount/mount.h"
#include "core/namespaces.h"
#include "core/seccomp.h"
#include "core/spec.h"

namespace slipway::container {

// What the set-up needs of the machine, opened and verified before anything of the container's is in reach.
struct Trusted {
  Fd proc;  // a real procfs: everything that is written to /proc goes through this one, never through the container's

  static Result<Trusted> open();
};

// For both a container's first process and those that exec adds.
struct ProcessSetup {
  const spec::Process* process = nullptr;
  capabilities::Sets capabilities;
  int last_capability = 0;
  std::optional<seccomp::Program> seccomp;
  Stdio stdio;
  bool enters_user_namespace = false;  // its ids have to be taken on
  bool deny_setgroups = false;
};

struct MountSetup {
  const spec::Mount* mount = nullptr;
  std::string field;  // "mounts[3]"
  mount::Options options;
  mount::Tree source;  // of a bind mount that the creator could open already
  Fd user_namespace;   // for idmap
};

struct Setup {
  const spec::Spec* spec = nullptr;
  std::string id;
  std::string bundle;
  std::string rootfs;
  mount::Tree
      rootfs_tree;  // a copy of the rootfs that the creator could make, where the container's user may not get there
  Trusted trusted;
  Namespaces namespaces;
  bool new_user_namespace = false;
  bool wait_for_creator = false;  // until it has mapped the ids or attached the process to its cgroup
  bool runs_hooks = false;  // createRuntime, prestart or netDevices: the creator acts once the namespaces are there
  bool no_pivot = false;
  bool no_new_keyring = false;
  std::vector<MountSetup> mounts;
  cgroup::Saved cgroup;
  ProcessSetup process;
  Fd start_socket;   // waits here for start; none: runs at once
  State state;       // for hooks in the container; the pid is not known yet
  int lock_fd = -1;  // of the creator's directory, to be closed in the child
  Fd agent_socket;   // connected to linux.seccomp.listenerPath

  bool other_user_namespace() const { return namespaces.makes(CLONE_NEWUSER) || namespaces.joins(CLONE_NEWUSER); }
  bool own_mounts() const { return namespaces.makes(CLONE_NEWNS) || namespaces.joins(CLONE_NEWNS); }
};

// The body of the container's first process. Doesn't return unless something failed; then it has told the creator.
int child_main(const Setup& setup, const Wire& wire, Result<void> in_cgroup);

}  // namespace slipway::container

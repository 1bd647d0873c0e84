// Processes, pidfds and descriptors sent over sockets; typed in runtime/native/process.ts.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "core/fd.h"
#include "core/result.h"

namespace slipway::addon {

struct SpawnRequest {
  std::string path;
  std::vector<std::string> arguments;    // with argv[0]
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // "" keeps the caller's
};

struct Spawned {
  pid_t pid = -1;
  Fd pidfd;
  Fd sync_fd;  // the near end of the socket pair whose far end is the child's descriptor 3
};

// Starts a program without forking this process: the child borrows its memory until it executes the program
// (CLONE_VM | CLONE_VFORK), so that it costs the same however large the process is. The child leads a session of its
// own, has /dev/null as stdio, the socket as descriptor 3, nothing else open, no signal blocked, ignored or handled.
Result<Spawned> spawn_detached(const SpawnRequest& request);

// waitPidfd(pidfd) -> promise of {exitCode, signal} or null
Napi::Value wait_pidfd(const Napi::CallbackInfo& info);

void register_process(Napi::Env env, Napi::Object exports);

}  // namespace slipway::addon

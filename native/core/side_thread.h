// Work in other namespaces: only a thread of its own may change its namespaces, root and working directory, and it ends
// with the work. (A thread of libuv's pool would carry the change on to whatever runs there next.)
#pragma once

#include <sched.h>

#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "core/result.h"

namespace slipway {

// Runs `work` on a new thread and waits for it.
template <typename Work>
auto on_side_thread(Work work) -> decltype(work()) {
  std::optional<decltype(work())> result;
  std::thread thread([&] {
    try {
      result.emplace(work());
    } catch (const std::exception& exception) {
      result.emplace(Error::from_errno(ENOMEM, exception.what()));
    }
  });
  thread.join();
  return std::move(*result);
}

// For the calling side thread: its own working directory and root instead of the process's.
inline Result<void> unshare_file_system_state() {
  if (unshare(CLONE_FS) < 0) return Error::system("unshare(CLONE_FS)");
  return {};
}

// Runs `work` in the namespace of the given type (CLONE_NEWNET, CLONE_NEWNS), or right here if there is none (-1).
template <typename Work>
auto in_namespace(int namespace_fd, int type, Work work) -> decltype(work()) {
  if (namespace_fd < 0) return work();
  return on_side_thread([&]() -> decltype(work()) {
    // A thread that shares its root and working directory with others may not change its mount namespace.
    if (type == CLONE_NEWNS) TRY(unshare_file_system_state());
    if (setns(namespace_fd, type) < 0) return Error::system("setns");
    return work();
  });
}

}  // namespace slipway

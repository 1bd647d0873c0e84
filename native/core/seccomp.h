// System call filters: linux.seccomp compiled by libseccomp, kept in a cache, installed in the container's process.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "core/fd.h"
#include "core/result.h"
#include "core/spec.h"

namespace slipway::seccomp {

// A filter that is ready to be installed.
struct Program {
  std::vector<sock_filter> filter;
  unsigned flags = 0;   // SECCOMP_FILTER_FLAG_*
  bool notify = false;  // install() yields a listener
};

// Compiles the profile, or takes it from `cache_directory` ("" = no cache; made with mode 0700 if missing). A cache
// that can't be used, or that others could have written, is passed over in silence. Errors name the field:
// "linux.seccomp.syscalls[3].args[0].op".
Result<Program> compile(const spec::Seccomp& profile, const std::string& cache_directory);

// Installs the filter on the calling thread. Needs no_new_privs or CAP_SYS_ADMIN. Async-signal-safe.
// The listener's descriptor (CLOEXEC) if program.notify, else 0; -errno on failure.
int install(const Program& program) noexcept;

// Hands the listener to the agent at profile.listenerPath with the container process state (JSON) as SCM_RIGHTS
// payload.
Result<void> send_listener(const std::string& socket_path, int listener, const std::string& state_json);

// Names for `features`.
std::vector<std::string> known_actions();
std::vector<std::string> known_operators();
std::vector<std::string> known_architectures();
std::vector<std::string> known_flags();      // all of the specification's
std::vector<std::string> supported_flags();  // those this kernel takes
std::string library_version();               // libseccomp's: "2.5.4"

}  // namespace slipway::seccomp

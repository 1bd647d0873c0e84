// Compiled filters on disk: compiling Docker's profile takes longer than everything else about starting a container.
// A file holds the whole key next to the program, so a file's name may be a short digest: two profiles of one digest
// only displace each other, they are never taken for one another.
#pragma once

#include <linux/filter.h>

#include <optional>
#include <string>
#include <vector>

#include "core/spec.h"

namespace slipway::seccomp {

// Everything that the compiled program depends on: the profile, libseccomp's version, the machine, the kernel. Pure but
// for uname.
std::string cache_key(const spec::Seccomp& profile);

// Empty if there is none, or none that can be trusted: the file and its directory must be ours alone to write.
std::optional<std::vector<sock_filter>> load_cached(const std::string& directory, const std::string& key);

// Written aside and renamed, so that a reader never sees half a file. Failure is no loss.
void store_cached(const std::string& directory, const std::string& key, const std::vector<sock_filter>& program);

}  // namespace slipway::seccomp

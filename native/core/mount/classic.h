// mount(2) in the place of the new mount API, for kernels before 5.12. A mount made this way is attached at once, and
// found again by its id: the place's path alone might mean something else by then.
#pragma once

#include <string>

#include "core/kernel.h"
#include "core/mount/mount.h"
#include "core/mount/options.h"
#include "core/result.h"

namespace slipway::mount::classic {

Result<Tree> file_system(const std::string& type, const std::string& source, const Options& options, int target);

Result<Tree> copy(const std::string& from, bool recursive, int target);

Result<void> set_attributes(int fd, const mount_attr& attributes, bool recursive, const std::string& name);

}  // namespace slipway::mount::classic

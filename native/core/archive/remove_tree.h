// rm -rf that follows no link and stays on one file system.
#pragma once

#include <functional>
#include <string>

#include "core/result.h"

namespace slipway::archive {

// Removes `name` of the directory and all below it; no error if it is missing. A mounted file system below is EBUSY.
// `keep`, where given, is asked with the path below `name` ("" for itself) and spares a file or a directory's own
// entry.
Result<void> remove_tree_at(int directory, const std::string& name,
                            const std::function<bool(const std::string& below)>& keep = nullptr);

}  // namespace slipway::archive

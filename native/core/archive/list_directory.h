// The names in a directory.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"

namespace slipway::archive {

// Without "." and "..", sorted bytewise. `fd` is read from its beginning and stays open.
Result<std::vector<std::string>> list_directory(int fd);

}  // namespace slipway::archive

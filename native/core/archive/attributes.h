// Owner, mode, extended attributes and times of files.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <string>
#include <utility>
#include <vector>

#include "core/result.h"

namespace slipway::archive {

using XattrList = std::vector<std::pair<std::string, std::string>>;

// "/proc/self/fd/N": lets calls that take a path work on what a descriptor (O_PATH too) stands for.
std::string fd_path(int fd);

// Whether `name` is an overlay whiteout: a character device 0:0.
bool is_whiteout_at(int directory, const std::string& name);

// The extended attributes of an open file (not O_PATH), sorted by name. A file system without any gives none.
Result<XattrList> read_xattrs(int fd, const std::string& name);
// Of a path whose last part is not followed.
Result<XattrList> read_xattrs_at(const std::string& path, const std::string& name);

// Of what the path leads to: for fd_path().
Result<XattrList> read_xattrs_through(const std::string& path, const std::string& name);

// Gives one directory's owner, mode, extended attributes (not overlay's own) and times to another.
Result<void> copy_attributes(int from, int to, const std::string& name);

}  // namespace slipway::archive

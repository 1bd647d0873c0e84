// Intel RDT (and AMD QoS): classes of service for caches and memory bandwidth, linux.intelRdt. Works through the
// resctrl file system; where that is not mounted the configuration's wish is an error.
#pragma once

#include <sys/types.h>

#include <string>

#include "core/result.h"
#include "core/spec.h"

namespace slipway::rdt {

constexpr const char* standard_mount = "/sys/fs/resctrl";

// resctrl is mounted.
bool available(const std::string& mount = standard_mount);

struct Group {
  std::string path;   // the class's directory
  bool ours = false;  // made for this container alone, so remove() it with the container
};

// Makes or finds the class (closID; without one, a class of the container's own, named `id`) and writes its schemata.
// A class that exists already must have the schemata that the configuration asks for.
Result<Group> make(const spec::IntelRdt& wanted, const std::string& id, const std::string& mount = standard_mount);

Result<void> add(const Group& group, pid_t pid);
Result<void> remove(const std::string& path);

}  // namespace slipway::rdt

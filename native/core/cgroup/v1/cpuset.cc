#include <string>

#include "core/cgroup/text.h"
#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {
namespace {

Result<void> copy_from_parent(const Directory& parent, const Directory& child, const char* file) {
  TRY_ASSIGN(const std::string own, child.read(file));
  if (!trim(own).empty()) return {};
  TRY_ASSIGN(const std::string inherited, parent.read(file));
  return child.write(file, trim(inherited), "linux.cgroupsPath");
}

}  // namespace

Result<void> initialise_cpuset(const std::string& mount, const std::string& path) {
  Directory parent(mount);
  for (std::string_view name : split(std::string_view(path).substr(mount.size()), '/')) {
    Directory child(parent.file(name));
    TRY(copy_from_parent(parent, child, "cpuset.cpus"));
    TRY(copy_from_parent(parent, child, "cpuset.mems"));
    parent = child;
  }
  return {};
}

Result<void> set_cpuset(const Directory& directory, const spec::Cpu& cpu) {
  if (!cpu.cpus.empty()) TRY(directory.write("cpuset.cpus", cpu.cpus, "linux.resources.cpu.cpus"));
  if (!cpu.mems.empty()) TRY(directory.write("cpuset.mems", cpu.mems, "linux.resources.cpu.mems"));
  return {};
}

}  // namespace slipway::cgroup::v1

#include "core/cgroup/paths.h"

#include <vector>

#include "core/cgroup/text.h"

namespace slipway::cgroup {
namespace {

// "/a/./b//../c" -> "/a/c"; "/" -> "".
std::string clean(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::string_view name : split(path, '/')) {
    if (name == ".") continue;
    if (name != "..")
      kept.push_back(name);
    else if (!kept.empty())
      kept.pop_back();
  }
  std::string cleaned;
  for (std::string_view name : kept) cleaned += "/" + std::string(name);
  return cleaned;
}

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

}  // namespace

std::string group_path(const Hierarchy& hierarchy, Mode mode, std::string_view cgroups_path, std::string_view id) {
  const std::string mount = hierarchy.mount == "/" ? "" : hierarchy.mount;
  if (cgroups_path.starts_with('/')) return mount + clean(cgroups_path);
  std::string base = clean(hierarchy.own);
  if (mode == Mode::unified && !base.empty()) base = parent_of(base);
  return mount + base + clean(cgroups_path.empty() ? id : cgroups_path);
}

Result<UnitName> unit_name(std::string_view cgroups_path, std::string_view id, bool rootless) {
  constexpr const char* field = "linux.cgroupsPath";
  const std::string default_slice = rootless ? "user.slice" : "system.slice";
  if (cgroups_path.empty()) return UnitName{default_slice, "slipway-" + std::string(id) + ".scope"};

  const size_t first = cgroups_path.find(':');
  const size_t second = first == std::string_view::npos ? first : cgroups_path.find(':', first + 1);
  if (second == std::string_view::npos || cgroups_path.find(':', second + 1) != std::string_view::npos)
    return Error::invalid(field, "'" + std::string(cgroups_path) +
                                     "' is not of the form slice:prefix:name, which "
                                     "--systemd-cgroup needs");
  UnitName result{std::string(cgroups_path.substr(0, first)), {}};
  const std::string prefix(cgroups_path.substr(first + 1, second - first - 1));
  const std::string name(cgroups_path.substr(second + 1));
  if (result.slice.empty()) result.slice = default_slice;
  if (result.slice != "-.slice" && !result.slice.ends_with(".slice"))
    return Error::invalid(field, "'" + result.slice + "' is not the name of a slice; it must end in .slice");
  if (name.empty()) return Error::invalid(field, "'" + std::string(cgroups_path) + "' names no unit");
  if ((prefix + name).find('/') != std::string::npos)
    return Error::invalid(field, "'" + std::string(cgroups_path) + "' has a '/', which unit names can't have");
  result.unit = (prefix.empty() ? "" : prefix + "-") + name + ".scope";
  return result;
}

}  // namespace slipway::cgroup

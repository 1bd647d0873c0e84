#include <algorithm>
#include <string>

#include "core/cgroup/text.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {
namespace {

bool listed(const std::vector<std::string_view>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// Enables for the children of `parent` what is there and not yet enabled.
Result<void> enable_in(const Directory& parent, const std::vector<std::string>& wanted) {
  TRY_ASSIGN(const std::string available_text, parent.read("cgroup.controllers"));
  TRY_ASSIGN(const std::string enabled_text, parent.read("cgroup.subtree_control"));
  const auto available = split(trim(available_text), ' ');
  const auto enabled = split(trim(enabled_text), ' ');
  std::vector<std::string> missing;
  for (std::string_view each : available) {
    const bool asked = wanted.empty() || std::find(wanted.begin(), wanted.end(), each) != wanted.end();
    if (asked && !listed(enabled, each)) missing.push_back("+" + std::string(each));
  }
  if (missing.empty()) return {};
  std::string all;
  for (const std::string& each : missing) all += (all.empty() ? "" : " ") + each;
  auto written = parent.write("cgroup.subtree_control", all, "linux.cgroupsPath");
  if (written || missing.size() == 1) return {};
  // One that can't be enabled (a threaded parent, say) must not cost the others.
  for (const std::string& each : missing) (void)parent.write("cgroup.subtree_control", each, "linux.cgroupsPath");
  return {};
}

}  // namespace

Result<void> enable_controllers(const std::string& mount, const std::string& path,
                                const std::vector<std::string>& wanted) {
  Directory parent(mount);
  const auto names = split(std::string_view(path).substr(mount.size()), '/');
  for (std::string_view name : names) {
    TRY(enable_in(parent, wanted));
    parent = Directory(parent.file(name));
  }
  return {};
}

}  // namespace slipway::cgroup::v2

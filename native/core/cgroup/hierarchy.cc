#include "core/cgroup/hierarchy.h"

#include <algorithm>

#include "core/cgroup/text.h"

namespace slipway::cgroup {
namespace {

struct MountLine {
  std::string root;
  std::string point;
  std::string_view type;
  std::string_view super_options;
};

// Undoes the kernel's octal escapes for space, tab, newline and backslash ("\040").
std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "36 35 98:0 /root /point rw,noatime master:1 - type source super,options"
MountLine parse_mount_line(std::string_view line) {
  const size_t separator = line.find(" - ");
  if (separator == std::string_view::npos) return {};
  const auto before = split(line.substr(0, separator), ' ');
  const auto after = split(line.substr(separator + 3), ' ');
  if (before.size() < 6 || after.size() < 3) return {};
  return {unescape(before[3]), unescape(before[4]), after[0], after[2]};
}

bool contains_all(std::string_view list, std::string_view wanted) {
  const auto have = split(list, ',');
  for (std::string_view item : split(wanted, ','))
    if (std::find(have.begin(), have.end(), item) == have.end()) return false;
  return true;
}

// Our cgroup below a mount whose root is `root`; empty: the mount doesn't show it. A root or path with ".." (a cgroup
// namespace that doesn't cover the mount) hides the real names, so only the mount's own root can be told.
std::string below_root(const std::string& path, const std::string& root) {
  if (path.starts_with("/..") || root.starts_with("/..")) return "/";
  if (root == "/") return path;
  if (path == root) return "/";
  if (path.starts_with(root + "/")) return path.substr(root.size());
  return {};
}

}  // namespace

bool Hierarchy::has(std::string_view controller) const {
  return !unified && contains_all(controllers, controller);
}

Mode Hierarchies::mode() const {
  const bool v2 = find_unified() != nullptr;
  const bool v1 = std::any_of(all.begin(), all.end(), [](const Hierarchy& each) { return !each.unified; });
  if (v2) return v1 ? Mode::hybrid : Mode::unified;
  return v1 ? Mode::legacy : Mode::none;
}

const Hierarchy* Hierarchies::find_v1(std::string_view controller) const {
  for (const Hierarchy& each : all)
    if (each.has(controller)) return &each;
  return nullptr;
}

const Hierarchy* Hierarchies::find_unified() const {
  for (const Hierarchy& each : all)
    if (each.unified) return &each;
  return nullptr;
}

Hierarchies parse_hierarchies(std::string_view mountinfo, std::string_view cgroup) {
  std::vector<MountLine> mounts;
  for (std::string_view line : split(mountinfo, '\n')) {
    MountLine mount = parse_mount_line(line);
    if (mount.type == "cgroup" || mount.type == "cgroup2") mounts.push_back(std::move(mount));
  }

  Hierarchies found;
  for (std::string_view line : split(cgroup, '\n')) {
    // "4:memory:/path", "1:name=systemd:/", "0::/path" (v2)
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const bool unified = line.starts_with("0::");
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string path(line.substr(second + 1));

    const MountLine* fallback = nullptr;
    const MountLine* chosen = nullptr;
    for (const MountLine& mount : mounts) {
      const bool fits =
          unified ? mount.type == "cgroup2" : mount.type == "cgroup" && contains_all(mount.super_options, controllers);
      if (!fits) continue;
      if (!fallback) fallback = &mount;
      if (!below_root(path, mount.root).empty()) {
        chosen = &mount;
        break;
      }
    }
    if (!chosen && !fallback) continue;
    Hierarchy hierarchy{unified, std::string(controllers), (chosen ? chosen : fallback)->point, "/"};
    if (chosen) hierarchy.own = below_root(path, chosen->root);
    found.all.push_back(std::move(hierarchy));
  }
  return found;
}

Result<Hierarchies> find_hierarchies() {
  TRY_ASSIGN(const std::string mountinfo, read_text("/proc/self/mountinfo"));
  TRY_ASSIGN(const std::string cgroup, read_text("/proc/self/cgroup"));
  return parse_hierarchies(mountinfo, cgroup);
}

}  // namespace slipway::cgroup

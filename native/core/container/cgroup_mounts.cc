// Mounts of type "cgroup": the v2 tree, or a tmpfs with one directory per v1 hierarchy (and "unified" where there are
// both).
#include <sys/mount.h>

#include <algorithm>
#include <string_view>

#include "core/cgroup/hierarchy.h"
#include "core/container/rootfs.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

// One hierarchy as the container sees it: with a cgroup namespace a mount of its own, whose root is the container's
// cgroup; without, the container's directory of the host's.
Result<void> mount_hierarchy(const Setup& setup, const std::string& controllers, const std::string& host_directory,
                             const mount::Options& options, int target) {
  const std::string name = controllers.empty() ? "cgroup2" : controllers;
  if (setup.namespaces.new_cgroup || setup.namespaces.joins(CLONE_NEWCGROUP)) {
    mount::Options own;
    own.set = options.set;
    if (!controllers.empty()) {
      for (size_t begin = 0; begin <= controllers.size();) {
        const size_t end = std::min(controllers.find(',', begin), controllers.size());
        const std::string part = controllers.substr(begin, end - begin);
        begin = end + 1;
        if (part.starts_with("name=")) own.parameters.push_back({"none", "", true});
        const size_t equals = part.find('=');
        own.parameters.push_back(equals == std::string::npos
                                     ? mount::Options::Parameter{part, "", true}
                                     : mount::Options::Parameter{"name", part.substr(equals + 1), false});
      }
    }
    Result<mount::Tree> tree =
        mount::make_file_system(controllers.empty() ? "cgroup2" : "cgroup", "cgroup", own, target);
    if (tree) return mount::attach(*tree, target, name);
    if (tree.error().code != EPERM && tree.error().code != EBUSY) return std::move(tree.error());
  }
  Result<mount::Tree> copy = mount::copy_tree(AT_FDCWD, host_directory, true, target);
  mount::Options attributes;
  attributes.set = options.set;
  if (!copy && copy.error().code == ENOENT) {
    // No directory of its own (yet), so it is in its caller's, to look at: a JVM that misses one believes in no
    // container.
    TRY_ASSIGN(const cgroup::Hierarchies all, cgroup::find_hierarchies());
    const cgroup::Hierarchy* hierarchy = all.find_v1(controllers);
    if (hierarchy == nullptr) return {};
    copy = mount::copy_tree(AT_FDCWD, hierarchy->mount + hierarchy->own, true, target);
    attributes.set |= MOUNT_ATTR_RDONLY;
  }
  if (!copy) return std::move(copy.error());
  TRY(mount::apply_attributes(*copy, attributes, name));
  return mount::attach(*copy, target, name);
}

// "cpu,cpuacct" also goes by "cpu" and by "cpuacct".
Result<void> link_parts(const std::string& controllers, int directory) {
  if (controllers.find(',') == std::string::npos) return {};
  for (size_t begin = 0; begin <= controllers.size();) {
    const size_t end = std::min(controllers.find(',', begin), controllers.size());
    const std::string part = controllers.substr(begin, end - begin);
    begin = end + 1;
    if (::symlinkat(controllers.c_str(), directory, part.c_str()) != 0 && errno != EEXIST)
      return Error::system("symlink", part);
  }
  return {};
}

}  // namespace

Result<void> mount_cgroups(const Setup& setup, const MountSetup& mount, int target) {
  const auto& paths = setup.cgroup.paths;
  const std::string& destination = mount.mount->destination;
  if (paths.size() == 1 && paths.begin()->first.empty())
    return mount_hierarchy(setup, "", paths.begin()->second, mount.options, target);
  if (paths.empty()) {
    // No cgroup of its own (rootless without delegation): what a v2 machine has can be shown, with its own root as the
    // namespace says.
    mount::Options own;
    own.set = mount.options.set;
    Result<mount::Tree> tree = mount::make_file_system("cgroup2", "cgroup", own, target);
    if (tree) return mount::attach(*tree, target, destination);
    TRY_ASSIGN(const mount::Tree copy, mount::copy_tree(AT_FDCWD, "/sys/fs/cgroup", true, target));
    TRY(mount::apply_attributes(copy, own, destination));
    return mount::attach(copy, target, destination);
  }

  mount::Options tmpfs;
  tmpfs.set = mount.options.set & ~uint64_t{MOUNT_ATTR_RDONLY};
  tmpfs.parameters = {{"mode", "755", false}, {"size", "65536", false}};
  TRY_ASSIGN(const mount::Tree top, mount::make_file_system("tmpfs", "tmpfs", tmpfs, target));
  TRY(mount::attach(top, target, destination));
  const Inside inside(top.fd.get());
  for (const auto& [controllers, host_directory] : paths) {
    std::string name = controllers.empty() ? "unified" : controllers;
    if (name.starts_with("name=")) name.erase(0, 5);
    TRY_ASSIGN(const Fd place, inside.make_directory(name));
    auto done = mount_hierarchy(setup, controllers, host_directory, mount.options, place.get());
    if (!done) return std::move(done.error()).with_context("cgroup '" + name + "'");
    TRY(link_parts(controllers, top.fd.get()));
  }
  if ((mount.options.set & MOUNT_ATTR_RDONLY) == 0) return {};
  return mount::set_attributes(top.fd.get(), {.attr_set = MOUNT_ATTR_RDONLY}, false, destination);
}

}  // namespace slipway::container

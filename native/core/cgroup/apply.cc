// Cgroup: writing the limits.
#include <algorithm>

#include "core/cgroup/cgroup.h"
#include "core/cgroup/systemd/scope.h"
#include "core/cgroup/text.h"
#include "core/cgroup/v1/controllers.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup {
namespace {

constexpr const char* unified_field = "linux.resources.unified";

bool lists(std::string_view names, std::string_view name) {
  const auto all = split(trim(names), ' ');
  return std::find(all.begin(), all.end(), name) != all.end();
}

bool has_controller(std::string_view controllers, std::string_view name) {
  const auto all = split(controllers, ',');
  return std::find(all.begin(), all.end(), name) != all.end();
}

// One group of limits, written to the files of the version that has its controller.
template <typename Value, typename V1, typename V2>
Result<void> write_limits(const Directory& directory, bool v2, const Value& value, V1 write_v1, V2 write_v2) {
  return v2 ? write_v2(directory, value) : write_v1(directory, value);
}

Result<void> write_wish(const Wish& wish, const Directory& directory, bool v2, const spec::Resources& resources) {
  const std::string_view controller = wish.v1;
  if (controller == "memory") return write_limits(directory, v2, *resources.memory, v1::set_memory, v2::set_memory);
  if (controller == "cpu") return write_limits(directory, v2, *resources.cpu, v1::set_cpu, v2::set_cpu);
  if (controller == "cpuset") return write_limits(directory, v2, *resources.cpu, v1::set_cpuset, v2::set_cpuset);
  if (controller == "pids") return write_limits(directory, v2, *resources.pids, v1::set_pids, v2::set_pids);
  if (controller == "blkio")
    return write_limits(directory, v2, *resources.block_io, v1::set_block_io, v2::set_block_io);
  if (controller == "hugetlb")
    return write_limits(directory, v2, resources.hugepage_limits, v1::set_hugepages, v2::set_hugepages);
  if (controller == "rdma") return write_limits(directory, v2, resources.rdma, v1::set_rdma, v2::set_rdma);
  if (controller == "net_cls") return v1::set_class_id(directory, *resources.network->class_id);
  return v1::set_priorities(directory, resources.network->priorities);
}

}  // namespace

std::optional<Directory> Cgroup::v1_directory(std::string_view controller) const {
  for (const auto& [controllers, path] : saved_.paths)
    if (has_controller(controllers, controller)) return Directory(path);
  return std::nullopt;
}

std::optional<Directory> Cgroup::v2_directory() const {
  const auto entry = saved_.paths.find("");
  if (entry == saved_.paths.end()) return std::nullopt;
  return Directory(entry->second);
}

std::string Cgroup::path(std::string_view controller) const {
  const auto directory = controller.empty() ? v2_directory() : v1_directory(controller);
  return directory ? directory->path() : std::string();
}

Result<Cgroup::Place> Cgroup::place(const Wish& wish) {
  if (auto directory = v1_directory(wish.v1)) {
    if (!directory->has("cgroup.procs")) TRY(make_put_off(directory->path()));
    return Place{*std::move(directory), false};
  }
  const std::string name = wish.v2;
  if (name.empty())
    return unsupported(wish.field, "only cgroup v1 has the controller '" + std::string(wish.v1) +
                                       "', and the kernel has it not or does not mount it");
  const auto directory = v2_directory();
  if (!directory)
    return unsupported(wish.field, "the container has no cgroup of the controller '" + name +
                                       "'; the kernel has it not, or its hierarchy is not mounted or not writable");
  TRY_ASSIGN(const std::string available, directory->read("cgroup.controllers"));
  if (!lists(available, name))
    return unsupported(wish.field,
                       "the controller '" + name + "' is not available in '" + directory->path() +
                           "'; the kernel has it not, or a cgroup.subtree_control above does not pass it on");
  return Place{*directory, true};
}

Result<void> Cgroup::apply(const spec::Resources& resources, bool initial) {
  const std::vector<Wish> wished = wishes(resources);
  if (needs_attach() && !initial) {
    TRY_ASSIGN(const auto properties, systemd::unit_properties(&resources, {}));
    TRY(systemd::set_properties(saved_.scope, properties, saved_.user_manager));
  }
  if (initial || !resources.devices.empty()) TRY(apply_devices(resources.devices));
  for (const Wish& wish : wished) {
    TRY_ASSIGN(const Place where, place(wish));
    TRY(write_wish(wish, where.directory, where.v2, resources));
  }
  // Lifting the limit wishes for no controller, but takes effect where there is one.
  if (!initial && resources.pids && resources.pids->limit <= 0) {
    const auto where = place({"pids", "pids", "linux.resources.pids.limit"});
    if (where)
      TRY(where->v2 ? v2::set_pids(where->directory, *resources.pids)
                    : v1::set_pids(where->directory, *resources.pids));
  }
  if (resources.unified.empty()) return {};
  const auto directory = v2_directory();
  if (!directory) return unsupported(unified_field, "the container has no cgroup v2 directory");
  return v2::set_unified(*directory, resources.unified);
}

// Without root on the host neither list nor program may be set, and no device node can be made either: nothing is lost.
Result<void> Cgroup::apply_devices(const std::vector<spec::DeviceRule>& rules) {
  if (saved_.rootless || saved_.paths.empty()) return {};
  if (const auto directory = v1_directory("devices")) return v1::set_devices(*directory, rules);
  const auto directory = v2_directory();
  if (!directory) return unsupported("linux.resources.devices", "the container has no cgroup that controls devices");
  return v2::set_devices(*directory, rules);
}

}  // namespace slipway::cgroup

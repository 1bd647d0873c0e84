#include <string>

#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {

Result<void> set_class_id(const Directory& directory, uint32_t class_id) {
  return directory.write("net_cls.classid", std::to_string(class_id), "linux.resources.network.classID");
}

Result<void> set_priorities(const Directory& directory, const std::vector<spec::InterfacePriority>& priorities) {
  for (size_t i = 0; i < priorities.size(); ++i)
    TRY(directory.write("net_prio.ifpriomap", priorities[i].name + " " + std::to_string(priorities[i].priority),
                        "linux.resources.network.priorities[" + std::to_string(i) + "]"));
  return {};
}

}  // namespace slipway::cgroup::v1

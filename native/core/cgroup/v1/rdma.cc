#include <string>

#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {

// v2 has the same file.
Result<void> set_rdma(const Directory& directory, const std::map<std::string, spec::Rdma>& rdma) {
  for (const auto& [device, limits] : rdma) {
    std::string value = device;
    if (limits.hca_handles) value += " hca_handle=" + std::to_string(*limits.hca_handles);
    if (limits.hca_objects) value += " hca_object=" + std::to_string(*limits.hca_objects);
    if (value != device) TRY(directory.write("rdma.max", value, "linux.resources.rdma." + device));
  }
  return {};
}

}  // namespace slipway::cgroup::v1

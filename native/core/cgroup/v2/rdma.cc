#include "core/cgroup/v1/controllers.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {

// v1's rdma.max came unchanged to v2.
Result<void> set_rdma(const Directory& directory, const std::map<std::string, spec::Rdma>& rdma) {
  return v1::set_rdma(directory, rdma);
}

}  // namespace slipway::cgroup::v2

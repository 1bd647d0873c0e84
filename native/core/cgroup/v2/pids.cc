#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {

Result<void> set_pids(const Directory& directory, const spec::Pids& pids) {
  return directory.write("pids.max", or_max(pids.limit > 0 ? pids.limit : -1), "linux.resources.pids.limit");
}

}  // namespace slipway::cgroup::v2

#include <string>

#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {

Result<void> set_hugepages(const Directory& directory, const std::vector<spec::HugepageLimit>& limits) {
  for (size_t i = 0; i < limits.size(); ++i) {
    const std::string field = "linux.resources.hugepageLimits[" + std::to_string(i) + "].limit";
    const std::string base = "hugetlb." + limits[i].page_size;
    const std::string value = std::to_string(limits[i].limit);
    TRY(directory.write(base + ".max", value, field));
    // Reservations (kernel 5.7) count when memory is mapped, so the program fails at mmap instead of dying by SIGBUS.
    if (const std::string reserved = base + ".rsvd.max"; directory.has(reserved))
      TRY(directory.write(reserved, value, field));
  }
  return {};
}

}  // namespace slipway::cgroup::v2

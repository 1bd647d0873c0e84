#include <string>

#include "core/cgroup/convert.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {
namespace {

constexpr const char* base = "linux.resources.blockIO.";

std::string device(int64_t major, int64_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor) + " ";
}

// BFQ takes blkio's own scale; the cost model (io.weight) has another one, and converts.
Result<void> set_weight(const Directory& directory, const std::string& device_prefix, uint16_t weight,
                        const std::string& field) {
  if (directory.has("io.bfq.weight"))
    return directory.write("io.bfq.weight", device_prefix + std::to_string(weight), field);
  if (directory.has("io.weight"))
    return directory.write("io.weight", device_prefix + std::to_string(io_weight_from_blkio(weight)), field);
  return unsupported(field,
                     "the kernel has neither io.bfq.weight nor io.weight; they need the BFQ scheduler or "
                     "CONFIG_BLK_CGROUP_IOCOST");
}

Result<void> throttle(const Directory& directory, const char* key, const std::vector<spec::ThrottleDevice>& devices,
                      const std::string& field) {
  for (size_t i = 0; i < devices.size(); ++i) {
    // 0 lifts the limit, as in v1.
    const std::string rate = devices[i].rate == 0 ? "max" : std::to_string(devices[i].rate);
    TRY(directory.write("io.max", device(devices[i].major, devices[i].minor) + key + "=" + rate,
                        base + field + "[" + std::to_string(i) + "]"));
  }
  return {};
}

}  // namespace

Result<void> set_block_io(const Directory& directory, const spec::BlockIo& block_io) {
  if (block_io.leaf_weight.value_or(0) != 0)
    return unsupported(std::string(base) + "leafWeight", "cgroup v2 has no leaf weights; leave the field out");
  if (block_io.weight.value_or(0) != 0) TRY(set_weight(directory, "", *block_io.weight, std::string(base) + "weight"));
  for (size_t i = 0; i < block_io.weight_device.size(); ++i) {
    const spec::WeightDevice& each = block_io.weight_device[i];
    const std::string field = std::string(base) + "weightDevice[" + std::to_string(i) + "]";
    if (each.leaf_weight.value_or(0) != 0)
      return unsupported(field + ".leafWeight", "cgroup v2 has no leaf weights; leave the field out");
    if (each.weight.value_or(0) != 0)
      TRY(set_weight(directory, device(each.major, each.minor), *each.weight, field + ".weight"));
  }
  TRY(throttle(directory, "rbps", block_io.throttle_read_bps_device, "throttleReadBpsDevice"));
  TRY(throttle(directory, "wbps", block_io.throttle_write_bps_device, "throttleWriteBpsDevice"));
  TRY(throttle(directory, "riops", block_io.throttle_read_iops_device, "throttleReadIOPSDevice"));
  return throttle(directory, "wiops", block_io.throttle_write_iops_device, "throttleWriteIOPSDevice");
}

}  // namespace slipway::cgroup::v2

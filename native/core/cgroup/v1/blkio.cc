#include <string>

#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {
namespace {

constexpr const char* no_weights =
    "the kernel has no block I/O weights here; they need the BFQ scheduler (module bfq) or an old kernel with CFQ";

// CFQ's file (kernels before 5.0) or BFQ's; empty if there is neither.
std::string weight_file(const Directory& directory, const char* suffix) {
  for (const char* prefix : {"blkio.", "blkio.bfq."})
    if (std::string name = std::string(prefix) + suffix; directory.has(name)) return name;
  return {};
}

Result<void> set_weight(const Directory& directory, const char* suffix, const std::string& value,
                        const std::string& field) {
  const std::string file = weight_file(directory, suffix);
  if (file.empty()) return unsupported(field, no_weights);
  return directory.write(file, value, field);
}

std::string device(int64_t major, int64_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor) + " ";
}

Result<void> throttle(const Directory& directory, const char* file, const std::vector<spec::ThrottleDevice>& devices,
                      const std::string& field) {
  for (size_t i = 0; i < devices.size(); ++i)
    TRY(directory.write(file, device(devices[i].major, devices[i].minor) + std::to_string(devices[i].rate),
                        "linux.resources.blockIO." + field + "[" + std::to_string(i) + "]"));
  return {};
}

}  // namespace

Result<void> set_block_io(const Directory& directory, const spec::BlockIo& block_io) {
  const std::string base = "linux.resources.blockIO.";
  if (block_io.weight.value_or(0) != 0)
    TRY(set_weight(directory, "weight", std::to_string(*block_io.weight), base + "weight"));
  if (block_io.leaf_weight.value_or(0) != 0)
    TRY(set_weight(directory, "leaf_weight", std::to_string(*block_io.leaf_weight), base + "leafWeight"));
  for (size_t i = 0; i < block_io.weight_device.size(); ++i) {
    const spec::WeightDevice& each = block_io.weight_device[i];
    const std::string field = base + "weightDevice[" + std::to_string(i) + "]";
    const std::string number = device(each.major, each.minor);
    if (each.weight.value_or(0) != 0)
      TRY(set_weight(directory, "weight_device", number + std::to_string(*each.weight), field + ".weight"));
    if (each.leaf_weight.value_or(0) != 0)
      TRY(set_weight(directory, "leaf_weight_device", number + std::to_string(*each.leaf_weight),
                     field + ".leafWeight"));
  }
  TRY(throttle(directory, "blkio.throttle.read_bps_device", block_io.throttle_read_bps_device,
               "throttleReadBpsDevice"));
  TRY(throttle(directory, "blkio.throttle.write_bps_device", block_io.throttle_write_bps_device,
               "throttleWriteBpsDevice"));
  TRY(throttle(directory, "blkio.throttle.read_iops_device", block_io.throttle_read_iops_device,
               "throttleReadIOPSDevice"));
  return throttle(directory, "blkio.throttle.write_iops_device", block_io.throttle_write_iops_device,
                  "throttleWriteIOPSDevice");
}

}  // namespace slipway::cgroup::v1

// The device rules of linux.resources.devices in a form that both the v1 list and the v2 program are made from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/spec.h"

namespace slipway::cgroup {

constexpr uint32_t device_read = 1;
constexpr uint32_t device_write = 2;
constexpr uint32_t device_mknod = 4;
constexpr uint32_t device_all = 7;

// A rule for one kind of device node.
struct DeviceMatch {
  bool allow = false;
  char type = 'c';        // 'b' or 'c'
  int64_t major = -1;     // -1: any
  int64_t minor = -1;     // -1: any
  uint32_t access = 0;    // device_*
  std::string field;      // where it comes from: "linux.resources.devices[3]"
  bool standard = false;  // not from the configuration: a default device

  bool any() const { return major < 0 && minor < 0 && access == device_all; }
  bool covers(const DeviceMatch& other) const {
    return type == other.type && (major < 0 || major == other.major) && (minor < 0 || minor == other.minor);
  }
  bool overlaps(const DeviceMatch& other) const {
    return type == other.type && (major < 0 || other.major < 0 || major == other.major) &&
           (minor < 0 || other.minor < 0 || minor == other.minor) && (access & other.access) != 0;
  }
};

// The configuration's rules, 'a' taken apart into 'b' and 'c', followed by what every container may use: making nodes
// (mknod gives no access), null, zero, full, random, urandom, tty, ptmx and pseudo terminals.
Result<std::vector<DeviceMatch>> device_matches(const std::vector<spec::DeviceRule>& rules);

}  // namespace slipway::cgroup

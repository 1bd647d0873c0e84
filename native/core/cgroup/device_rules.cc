#include "core/cgroup/device_rules.h"

namespace slipway::cgroup {
namespace {

Result<uint32_t> parse_access(const std::string& access, const std::string& field) {
  if (access.empty()) return device_all;
  uint32_t bits = 0;
  for (const char letter : access) {
    if (letter == 'r')
      bits |= device_read;
    else if (letter == 'w')
      bits |= device_write;
    else if (letter == 'm')
      bits |= device_mknod;
    else
      return Error::invalid(field + ".access", "'" + access + "' has letters other than r, w and m");
  }
  return bits;
}

void add_defaults(std::vector<DeviceMatch>& matches) {
  constexpr struct {
    char type;
    int64_t major;
    int64_t minor;
    uint32_t access;
  } defaults[] = {
      {'c', -1, -1, device_mknod}, {'b', -1, -1, device_mknod}, {'c', 1, 3, device_all},  // null
      {'c', 1, 5, device_all},                                                            // zero
      {'c', 1, 7, device_all},                                                            // full
      {'c', 1, 8, device_all},                                                            // random
      {'c', 1, 9, device_all},                                                            // urandom
      {'c', 5, 0, device_all},                                                            // tty
      {'c', 5, 2, device_all},                                                            // ptmx
      {'c', 136, -1, device_all},                                                         // pts/*
  };
  for (const auto& each : defaults)
    matches.push_back(
        {true, each.type, each.major, each.minor, each.access, "linux.resources.devices (default device)", true});
}

}  // namespace

Result<std::vector<DeviceMatch>> device_matches(const std::vector<spec::DeviceRule>& rules) {
  std::vector<DeviceMatch> matches;
  for (size_t i = 0; i < rules.size(); ++i) {
    const spec::DeviceRule& rule = rules[i];
    const std::string field = "linux.resources.devices[" + std::to_string(i) + "]";
    TRY_ASSIGN(const uint32_t access, parse_access(rule.access, field));
    DeviceMatch match{rule.allow, rule.type, rule.major.value_or(-1), rule.minor.value_or(-1), access, field};
    if (rule.type == 'a') {
      match.type = 'b';
      matches.push_back(match);
      match.type = 'c';
    }
    matches.push_back(match);
  }
  add_defaults(matches);
  return matches;
}

}  // namespace slipway::cgroup

#include <string>
#include <vector>

#include "core/cgroup/device_rules.h"
#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {
namespace {

std::string number(int64_t value) {
  return value < 0 ? "*" : std::to_string(value);
}

std::string rule_text(const DeviceMatch& match, uint32_t access) {
  std::string text = std::string(1, match.type) + " " + number(match.major) + ":" + number(match.minor) + " ";
  if (access & device_read) text += 'r';
  if (access & device_write) text += 'w';
  if (access & device_mknod) text += 'm';
  return text;
}

// What the kernel's list will hold: a default for everything, and exceptions from it. A write for the exact numbers of
// an exception changes that exception; the kernel never splits one.
class List {
 public:
  explicit List(std::vector<DeviceWrite>& writes) : writes_(writes) {}

  void reset(bool allow, const std::string& field) {
    default_allow_ = allow;
    exceptions_.clear();
    writes_.push_back({allow ? "devices.allow" : "devices.deny", "a", field});
  }

  Result<void> apply(const DeviceMatch& match) {
    if (match.allow != default_allow_) {
      add(match);
      return {};
    }
    return take_back(match);
  }

 private:
  void add(const DeviceMatch& match) {
    uint32_t new_access = match.access;
    for (DeviceMatch& exception : exceptions_)
      if (exception.covers(match)) new_access &= ~exception.access;
    if (new_access == 0) return;  // said already
    exceptions_.push_back(match);
    exceptions_.back().access = new_access;
    write(match, new_access);
  }

  // A rule of the default's own kind: takes back earlier exceptions.
  Result<void> take_back(const DeviceMatch& match) {
    for (const DeviceMatch& exception : exceptions_)
      if (exception.overlaps(match) && !match.covers(exception))
        return unsupported(match.field, "cgroup v1 can't " + std::string(match.allow ? "allow" : "deny") + " '" +
                                            rule_text(match, match.access) + "', a part of what the rule '" +
                                            rule_text(exception, exception.access) + "' before it " +
                                            (match.allow ? "denies" : "allows"));
    for (DeviceMatch& exception : exceptions_) {
      if (!match.covers(exception) || (exception.access & match.access) == 0) continue;
      DeviceMatch part = exception;
      part.allow = match.allow;
      part.field = match.field;
      write(part, exception.access & match.access);
      exception.access &= ~match.access;
    }
    std::erase_if(exceptions_, [](const DeviceMatch& exception) { return exception.access == 0; });
    return {};
  }

  void write(const DeviceMatch& match, uint32_t access) {
    writes_.push_back({match.allow ? "devices.allow" : "devices.deny", rule_text(match, access), match.field});
  }

  std::vector<DeviceWrite>& writes_;
  bool default_allow_ = false;
  std::vector<DeviceMatch> exceptions_;
};

}  // namespace

Result<std::vector<DeviceWrite>> plan_devices(const std::vector<spec::DeviceRule>& rules) {
  TRY_ASSIGN(const std::vector<DeviceMatch> matches, device_matches(rules));

  // Everything before the last rule for all devices has no effect. device_matches() makes 'b' and 'c' of such a rule.
  size_t start = 0;
  bool allow = false;
  for (size_t i = 0; i + 1 < matches.size(); ++i) {
    const bool pair = matches[i].any() && matches[i + 1].any() && matches[i].field == matches[i + 1].field;
    if (!pair) continue;
    start = i + 2;
    allow = matches[i].allow;
  }
  std::vector<DeviceWrite> writes;
  List list(writes);
  list.reset(allow, start == 0 ? "linux.resources.devices" : matches[start - 1].field);
  for (size_t i = start; i < matches.size(); ++i) {
    auto applied = list.apply(matches[i]);
    // A default device that the configuration denies in a way v1 can't split stays denied.
    if (!applied && !matches[i].standard) return applied.error();
  }
  return writes;
}

Result<void> set_devices(const Directory& directory, const std::vector<spec::DeviceRule>& rules) {
  TRY_ASSIGN(const std::vector<DeviceWrite> writes, plan_devices(rules));
  for (const DeviceWrite& each : writes) TRY(directory.write(each.file, each.rule, each.field));
  return {};
}

}  // namespace slipway::cgroup::v1

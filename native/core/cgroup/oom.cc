// Cgroup: the kernel's out-of-memory killer.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/cgroup/cgroup.h"
#include "core/cgroup/text.h"

namespace slipway::cgroup {

Result<uint64_t> Cgroup::oom_kills() const {
  if (const auto group = v1_directory("memory")) {
    TRY_ASSIGN(const std::string text, group->read("memory.oom_control"));
    return keyed_number(text, "oom_kill").value_or(0);  // kernel 4.13
  }
  if (const auto group = v2_directory(); group && group->has("memory.events")) {
    TRY_ASSIGN(const std::string text, group->read("memory.events"));
    return keyed_number(text, "oom_kill").value_or(0);
  }
  return uint64_t{0};
}

Result<Fd> Cgroup::oom_events() const {
  if (const auto group = v1_directory("memory")) {
    Fd control(::open(group->file("memory.oom_control").c_str(), O_RDONLY | O_CLOEXEC));
    if (!control) return Error::system("open", group->file("memory.oom_control"));
    Fd events(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!events) return Error::system("eventfd");
    TRY(group->write("cgroup.event_control", std::to_string(events.get()) + " " + std::to_string(control.get()),
                     "OOM events"));
    return events;
  }
  const auto group = v2_directory();
  if (!group || !group->has("memory.events")) return Error::invalid("OOM events", "the container has no memory cgroup");
  Fd events(::open(group->file("memory.events").c_str(), O_RDONLY | O_CLOEXEC));
  if (!events) return Error::system("open", group->file("memory.events"));
  return events;
}

}  // namespace slipway::cgroup

// Cgroup: its processes, and its end.
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "core/cgroup/cgroup.h"
#include "core/cgroup/systemd/scope.h"
#include "core/cgroup/text.h"
#include "core/cgroup/v1/controllers.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(10);

// Names of the groups directly below.
std::vector<std::string> children(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(path.c_str()), ::closedir);
  if (!listing) return names;
  while (const dirent* entry = ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != "..") names.push_back(name);
  }
  return names;
}

Result<void> collect(const Directory& group, std::vector<pid_t>& pids) {
  const auto text = group.read("cgroup.procs");
  // A threaded group refuses: its processes are listed by the group above. A vanished one has none.
  if (!text && text.error().code != EOPNOTSUPP && text.error().code != ENOENT && text.error().code != ENODEV)
    return text.error();
  if (text)
    for (std::string_view line : split(*text, '\n'))
      if (const auto pid = parse_number(line); pid && *pid != 0) pids.push_back(static_cast<pid_t>(*pid));
  for (const std::string& child : children(group.path())) TRY(collect(Directory(group.file(child)), pids));
  return {};
}

// 0, or the errno of the removal that failed last. Groups below go first.
int remove_tree(const std::string& path) {
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return 0;
  if (errno != EBUSY && errno != ENOTEMPTY) return errno;
  for (const std::string& child : children(path))
    if (const int error = remove_tree(path + "/" + child); error != 0) return error;
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT ? 0 : errno;
}

// v1 tells nobody when the last process has gone: look again, with growing pauses.
class Pauses {
 public:
  // false when the time is up.
  bool next() {
    if (Clock::now() >= end_) return false;
    ::usleep(pause_);
    pause_ = std::min<useconds_t>(pause_ * 2, 50000);
    return true;
  }

 private:
  Clock::time_point end_ = Clock::now() + patience;
  useconds_t pause_ = 200;
};

}  // namespace

std::optional<Directory> Cgroup::members() const {
  if (auto unified = v2_directory()) return unified;
  for (const char* controller : {"freezer", "pids", "devices", "name=systemd", "memory"})
    if (auto directory = v1_directory(controller)) return directory;
  return std::nullopt;
}

Result<std::vector<pid_t>> Cgroup::pids() const {
  std::vector<pid_t> all;
  if (const auto group = members()) TRY(collect(*group, all));
  return all;
}

Result<void> Cgroup::freeze() const {
  if (const auto group = v1_directory("freezer")) return v1::freeze(*group);
  if (const auto group = v2_directory(); group && group->has("cgroup.freeze")) return v2::freeze(*group);
  return Error::invalid("freezer", "cannot freeze: the container has no cgroup with a freezer");
}

Result<void> Cgroup::thaw() const {
  if (const auto group = v1_directory("freezer")) return v1::thaw(*group);
  if (const auto group = v2_directory(); group && group->has("cgroup.freeze")) return v2::thaw(*group);
  return Error::invalid("freezer", "cannot thaw: the container has no cgroup with a freezer");
}

Result<bool> Cgroup::frozen() const {
  if (const auto group = v1_directory("freezer")) return v1::frozen(*group);
  if (const auto group = v2_directory(); group && group->has("cgroup.freeze")) return v2::frozen(*group);
  return false;
}

Result<void> Cgroup::kill_all(int signal) const {
  const auto unified = v2_directory();
  if (signal == SIGKILL && unified && unified->has("cgroup.kill")) {
    auto killed = unified->write("cgroup.kill", "1", "kill");
    if (!killed && unified->has("cgroup.procs")) return killed;  // else systemd has removed the empty group meanwhile
    // A frozen v1 group's processes die once they are let go.
    if (const auto group = v1_directory("freezer")) return v1::thaw(*group);
    return {};
  }
  // An exact count, so nobody needs to be held still to be listed.
  if (const auto group = v1_directory("pids"); group && group->number("pids.current") == 0) return {};
  for (Pauses pauses;;) {
    // Frozen, nobody forks away while the list is read.
    const auto was_frozen = frozen();
    const bool stopped = was_frozen && !*was_frozen && freeze();
    auto list = pids();
    if (list)
      for (const pid_t pid : *list) ::kill(pid, signal);
    if (stopped || (signal == SIGKILL && was_frozen && *was_frozen)) TRY(thaw());
    if (!list) return list.error();
    if (signal != SIGKILL || list->empty()) return {};
    if (!pauses.next())
      return Error::invalid("kill", std::to_string(list->size()) + " processes did not end after SIGKILL, " +
                                        std::to_string(list->front()) + " among them");
  }
}

Result<void> Cgroup::destroy() const {
  if (!saved_.scope.empty()) TRY(systemd::stop_scope(saved_.scope, saved_.user_manager));
  for (Pauses pauses;;) {
    int error = 0;
    std::string failed;
    for (const auto& [controllers, path] : saved_.paths)
      if (const int code = remove_tree(path); code != 0) {
        error = code;
        failed = path;
      }
    if (error == 0) return {};
    if (error != EBUSY && error != ENOTEMPTY)
      return Error::from_errno(error, "rmdir", failed).with_context("cannot remove the container's cgroup");
    // v2 tells when the last process has gone; it has gone from the other hierarchies then too.
    if (const auto unified = v2_directory(); unified && unified->has("cgroup.events"))
      (void)v2::await_event(*unified, "populated", 0, 5000);
    if (pauses.next()) continue;
    std::vector<pid_t> left;
    (void)collect(Directory(failed), left);
    return Error::from_errno(error, "rmdir", failed)
        .with_context("cannot remove the container's cgroup, it still has " + std::to_string(left.size()) +
                      " processes");
  }
}

}  // namespace slipway::cgroup

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "core/cgroup/text.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {
namespace {

constexpr const char* field = "freezer";
constexpr int freeze_timeout_ms = 10000;

}  // namespace

Result<bool> await_event(const Directory& directory, std::string_view key, uint64_t value, int timeout_ms) {
  const std::string path = directory.file("cgroup.events");
  const Fd events(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!events) return Error::system("open", path);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    char buffer[256];
    const ssize_t count = ::pread(events.get(), buffer, sizeof buffer, 0);
    if (count < 0) return Error::system("read", path);
    if (keyed_number({buffer, static_cast<size_t>(count)}, key) == value) return true;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    // The kernel raises POLLPRI at every change since the last read.
    pollfd waiting{events.get(), POLLPRI, 0};
    if (::poll(&waiting, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) return Error::system("poll", path);
  }
}

Result<void> freeze(const Directory& directory) {
  TRY(directory.write("cgroup.freeze", "1", field));
  TRY_ASSIGN(const bool done, await_event(directory, "frozen", 1, freeze_timeout_ms));
  if (done) return {};
  (void)thaw(directory);
  return Error::invalid(field,
                        "cannot freeze '" + directory.path() +
                            "': some process does not stop (in an uninterruptible system call); the container runs on");
}

Result<void> thaw(const Directory& directory) {
  return directory.write("cgroup.freeze", "0", field);
}

Result<bool> frozen(const Directory& directory) {
  return directory.number("cgroup.freeze").value_or(0) == 1;
}

}  // namespace slipway::cgroup::v2

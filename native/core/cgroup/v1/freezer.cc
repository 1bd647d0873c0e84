#include <unistd.h>

#include <string>

#include "core/cgroup/text.h"
#include "core/cgroup/v1/controllers.h"

namespace slipway::cgroup::v1 {
namespace {

constexpr const char* state_file = "freezer.state";
constexpr const char* field = "freezer";

}  // namespace

// v1 gives no event when the last process stops, so the state is read again, with growing pauses. A group that keeps
// forking can stay FREEZING forever; writing FROZEN again catches the newcomers, and thawing for a moment lets a
// process go on that another, already frozen one held up.
Result<void> freeze(const Directory& directory) {
  constexpr int tries = 1000;
  useconds_t pause = 10;
  for (int i = 0; i < tries; ++i) {
    if (i % 50 == 49) {
      TRY(thaw(directory));
      ::usleep(pause);
    }
    TRY(directory.write(state_file, "FROZEN", field));
    TRY_ASSIGN(const bool done, frozen(directory));
    if (done) return {};
    ::usleep(pause);
    if (pause < 10000) pause *= 2;
  }
  (void)thaw(directory);
  return Error::invalid(field,
                        "cannot freeze '" + directory.path() +
                            "': some process does not stop (in an uninterruptible system call, or forking without "
                            "end); the container runs on");
}

Result<void> thaw(const Directory& directory) {
  return directory.write(state_file, "THAWED", field);
}

Result<bool> frozen(const Directory& directory) {
  TRY_ASSIGN(const std::string state, directory.read(state_file));
  return trim(state) == "FROZEN";
}

}  // namespace slipway::cgroup::v1

#include "oci/monitor/oom_watch.h"

#include <fcntl.h>

namespace slipway::monitor {

uint64_t OomWatch::count(const Workload& workload) const {
  const auto kills = workload.oom_kills();
  return kills ? *kills : before_;
}

// Without a memory cgroup there is nothing to hear: not an error.
void OomWatch::start(const Workload& workload) {
  workload_ = &workload;
  auto events = workload.oom_events();
  if (!events) return;
  fd_ = std::move(*events);
  loop_.watch(fd_.get(), EPOLLIN | EPOLLPRI, *this);
}

void OomWatch::on_ready(uint32_t) {
  char text[256];
  if (pread(fd_.get(), text, sizeof(text), 0) < 0 && read(fd_.get(), text, sizeof(text)) < 0 && errno != EAGAIN) {
    return close();
  }
  tell();
}

void OomWatch::tell() {
  const uint64_t now = count(*workload_) - before_;
  if (now > told_) on_oom(now);
  told_ = now;
}

bool OomWatch::stop() {
  if (workload_ != nullptr) tell();  // the end may be heard before its cause
  close();
  return told_ > 0;
}

void OomWatch::close() {
  if (!fd_) return;
  loop_.forget(fd_.get());
  fd_.reset();
}

void protect_from_oom() {
  const Fd fd(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (fd && write(fd.get(), "-999", 4) < 0) return;
}

}  // namespace slipway::monitor

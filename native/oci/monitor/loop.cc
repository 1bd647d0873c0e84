#include "oci/monitor/loop.h"

#include <time.h>

#include <algorithm>

namespace slipway::monitor {

int64_t monotonic_milliseconds() {
  struct timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

Timer::Timer(Loop& loop, std::function<void()> action) : loop_(loop), action_(std::move(action)) {
  loop_.timers_.push_back(this);
}

Timer::~Timer() {
  std::erase(loop_.timers_, this);
}

void Timer::set(int64_t milliseconds) {
  due_ = monotonic_milliseconds() + milliseconds;
}

Result<void> Loop::open() {
  epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return Error::system("epoll_create1");
  return {};
}

void Loop::watch(int fd, uint32_t events, Source& source) {
  struct epoll_event event = {};
  event.events = events;
  event.data.ptr = &source;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Loop::forget(int fd) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

int64_t Loop::next_due() const {
  int64_t due = 0;
  for (const Timer* timer : timers_) {
    if (timer->due_ != 0 && (due == 0 || timer->due_ < due)) due = timer->due_;
  }
  return due;
}

// One at a time, because an action may destroy other timers. False: none was due.
bool Loop::run_due_timers() {
  const int64_t now = monotonic_milliseconds();
  for (Timer* timer : timers_) {
    if (timer->due_ == 0 || timer->due_ > now) continue;
    timer->due_ = 0;
    timer->action_();
    return true;
  }
  return false;
}

void Loop::run() {
  while (!stopped_) {
    int timeout = -1;
    if (const int64_t due = next_due(); due != 0) {
      if (run_due_timers()) continue;
      timeout = static_cast<int>(std::clamp<int64_t>(due - monotonic_milliseconds(), 0, 1000 * 3600));
    }
    // One event per call: a source may delete itself or another one, whose event must not be waiting in an array then.
    struct epoll_event event = {};
    if (epoll_wait(epoll_.get(), &event, 1, timeout) > 0) static_cast<Source*>(event.data.ptr)->on_ready(event.events);
  }
}

}  // namespace slipway::monitor

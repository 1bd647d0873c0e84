#include "oci/monitor/loop.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace slipway::monitor {
namespace {

constexpr int settle_milliseconds = 100;  // without an event, before memory is given back
constexpr size_t stack_depth = size_t{256} * 1024;

}  // namespace

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

void Loop::dispatch(const struct epoll_event& event) {
  settled_ = false;
  static_cast<Source*>(event.data.ptr)->on_ready(event.events);
}

// One event per call: a source may delete itself or another one, whose event must not be waiting in an array then.
void Loop::run() {
  while (!stopped_) {
    int timeout = settle_milliseconds;
    if (const int64_t due = next_due(); due != 0) {
      if (run_due_timers()) {
        settled_ = false;
        continue;
      }
      timeout = static_cast<int>(std::clamp<int64_t>(due - monotonic_milliseconds(), 0, 1000 * 3600));
    } else if (settled_) {
      wait_idle();
      continue;
    }
    struct epoll_event event = {};
    const int count = epoll_wait(epoll_.get(), &event, 1, timeout);
    if (count > 0) dispatch(event);
    if (count == 0 && next_due() == 0) settled_ = true;
  }
}

// The long wait, with as little memory as possible. syscall() for both calls, so that only this function and that one
// are needed between giving the program's pages back and waiting.
void Loop::wait_idle() {
  memory_.trim();
  struct epoll_event event = {};
  // What deep calls have used of the stack: all but two pages below here.
  const uintptr_t here = reinterpret_cast<uintptr_t>(&event) & ~uintptr_t{4095};
  syscall(SYS_madvise, here - stack_depth, stack_depth - 2 * size_t{4096}, MADV_DONTNEED);
  for (const IdleMemory::Range& range : memory_) syscall(SYS_madvise, range.start, range.size, MADV_DONTNEED);
  const long count = syscall(SYS_epoll_pwait, epoll_.get(), &event, 1, -1, nullptr, 0);
  if (count > 0) dispatch(event);
}

}  // namespace slipway::monitor

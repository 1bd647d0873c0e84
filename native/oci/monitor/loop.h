// The monitor's event loop: one thread, epoll, timers.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "core/fd.h"
#include "core/result.h"
#include "oci/monitor/memory.h"

namespace slipway::monitor {

// Something with a descriptor that the loop watches.
class Source {
 public:
  virtual ~Source() = default;
  // EPOLLIN, EPOLLOUT, EPOLLHUP, … The source may delete itself in it.
  virtual void on_ready(uint32_t events) = 0;
};

class Loop;

// Runs its action once after a time; setting it again moves the time. Must not outlive its loop.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> action);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(int64_t milliseconds);
  void cancel() { due_ = 0; }
  bool is_set() const { return due_ != 0; }

 private:
  friend class Loop;
  Loop& loop_;
  std::function<void()> action_;
  int64_t due_ = 0;  // CLOCK_MONOTONIC in milliseconds; 0: not set
};

class Loop {
 public:
  Result<void> open();

  // Level-triggered. Watching with other events changes them. Events 0 still tell of EPOLLHUP and EPOLLERR, so what is
  // not wanted at all must be forgotten.
  void watch(int fd, uint32_t events, Source& source);
  void forget(int fd);

  // Until stop().
  void run();
  void stop() { stopped_ = true; }

 private:
  friend class Timer;
  int64_t next_due() const;
  bool run_due_timers();
  void wait_idle();
  void dispatch(const struct epoll_event& event);

  Fd epoll_;
  std::vector<Timer*> timers_;
  bool stopped_ = false;
  bool settled_ = false;  // nothing has happened since memory was given back
  IdleMemory memory_;
};

int64_t monotonic_milliseconds();

}  // namespace slipway::monitor

// The monitor's signals: it lives on through what ends other programs, and hears of its children.
#pragma once

#include <signal.h>

#include <functional>

#include "core/fd.h"
#include "core/result.h"
#include "oci/monitor/loop.h"

namespace slipway::monitor {

// While it lives, signals that would end the monitor are blocked, and SIGCHLD comes through the loop.
class Signals : public Source {
 public:
  Signals(Loop& loop, std::function<void()> on_child) : loop_(loop), on_child_(std::move(on_child)) {}
  ~Signals() override;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  Result<void> open();
  void on_ready(uint32_t events) override;

 private:
  Loop& loop_;
  std::function<void()> on_child_;
  Fd fd_;
};

// Blocked signals are inherited through fork and exec: while this lives nothing is blocked, so that the container's
// processes, hooks and runtimes begin as they should.
class SignalsUnblocked {
 public:
  SignalsUnblocked();
  ~SignalsUnblocked();
  SignalsUnblocked(const SignalsUnblocked&) = delete;
  SignalsUnblocked& operator=(const SignalsUnblocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace slipway::monitor

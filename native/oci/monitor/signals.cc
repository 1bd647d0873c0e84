#include "oci/monitor/signals.h"

#include <sys/signalfd.h>

namespace slipway::monitor {

// Blocked rather than ignored: an ignored SIGPIPE or SIGHUP would stay ignored in every program that is executed from
// here. What does pile up is read from the signalfd and dropped.
Result<void> Signals::open() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int number : {SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGTTOU}) {
    sigaddset(&handled, number);
  }
  if (sigprocmask(SIG_SETMASK, &handled, nullptr) < 0) return Error::system("sigprocmask");
  fd_ = Fd(signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_) return Error::system("signalfd");
  loop_.watch(fd_.get(), EPOLLIN, *this);
  return {};
}

Signals::~Signals() {
  if (fd_) loop_.forget(fd_.get());
}

void Signals::on_ready(uint32_t) {
  struct signalfd_siginfo info = {};
  while (read(fd_.get(), &info, sizeof(info)) > 0) continue;
  on_child_();
}

SignalsUnblocked::SignalsUnblocked() {
  sigset_t none;
  sigemptyset(&none);
  // A SIGTERM, SIGHUP or SIGPIPE that waits would end us now: take those away first.
  sigset_t deadly;
  sigemptyset(&deadly);
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) {
    sigaddset(&deadly, number);
  }
  const struct timespec now = {};
  sigprocmask(SIG_SETMASK, nullptr, &before_);
  while (sigtimedwait(&deadly, nullptr, &now) > 0) continue;
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

SignalsUnblocked::~SignalsUnblocked() {
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace slipway::monitor

#include "oci/foreground.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include <array>
#include <csignal>

#include "core/fd_passing.h"
#include "core/files.h"

namespace slipway::oci {
namespace {

sigset_t passed_on() {
  sigset_t set;
  ::sigfillset(&set);
  // Faults are our own, and these two can't be held; SIGPIPE and the terminal's stops make no sense to pass on.
  for (const int signal :
       {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGKILL, SIGSTOP, SIGTTIN, SIGTTOU})
    ::sigdelset(&set, signal);
  return set;
}

// Our own terminal, raw as long as this lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (::tcgetattr(0, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(0, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (changed_) ::tcsetattr(0, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

void copy_size(int master) {
  winsize size{};
  if (::ioctl(0, TIOCGWINSZ, &size) == 0) ::ioctl(master, TIOCSWINSZ, &size);
}

// One step of copying; false at the end.
bool copy_once(int from, int to) {
  std::array<char, 32768> buffer{};
  const ssize_t length = retry([&] { return ::read(from, buffer.data(), buffer.size()); });
  if (length <= 0) return false;
  return static_cast<bool>(write_all(to, std::string_view(buffer.data(), static_cast<size_t>(length)), "terminal"));
}

int exit_code(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// Reaps whoever has ended; the process's status, once it is among them.
std::optional<int> reap(pid_t wanted) {
  std::optional<int> found;
  int status = 0;
  while (true) {
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return found;
    if (pid == wanted) found = status;
  }
}

}  // namespace

Result<Streams> prepare_streams(const std::string& console_socket, int preserve_fds, bool terminal, bool detach) {
  Streams streams;
  streams.stdio.preserve_fds = preserve_fds;
  if (!console_socket.empty()) {
    if (!terminal) return Error::invalid("--console-socket", "is of no use without a terminal (process.terminal)");
    auto connected = connect_unix(console_socket, SOCK_STREAM);
    if (!connected) return std::move(connected.error()).with_context("--console-socket");
    streams.pair_end = *std::move(connected);
  } else if (terminal) {
    if (detach) return Error::invalid("--console-socket", "is required for a detached process with a terminal");
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return Error::system("socketpair");
    streams.console = Fd(ends[0]);
    streams.pair_end = Fd(ends[1]);
    streams.relay = true;
  }
  streams.stdio.console_socket = streams.pair_end.get();
  return streams;
}

void hold_signals() {
  const sigset_t set = passed_on();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  // Orphans of a container without a pid namespace come to us.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Result<int> wait_in_foreground(const container::Child& child, const Streams& streams) {
  const sigset_t set = passed_on();
  const Fd signals(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!signals) return Error::system("signalfd");
  Fd master;
  std::optional<RawTerminal> raw;
  if (streams.relay) {
    TRY_ASSIGN(ReceivedFd received, receive_fd(streams.console.get()));
    master = std::move(received.fd);
    if (!master) return Error::invalid("terminal", "the process sent none");
    raw.emplace();
    copy_size(master.get());
  }
  // It may have ended before its signal could be held for us.
  std::optional<int> status = reap(child.pid);
  std::array<pollfd, 3> wait{pollfd{signals.get(), POLLIN, 0}, pollfd{master.get(), POLLIN, 0},
                             pollfd{streams.relay ? 0 : -1, POLLIN, 0}};
  while (!status || wait[1].fd >= 0) {
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return Error::system("poll");
    if ((wait[0].revents & POLLIN) != 0) {
      signalfd_siginfo info{};
      if (::read(signals.get(), &info, sizeof(info)) != sizeof(info)) continue;
      const int signal = static_cast<int>(info.ssi_signo);
      if (signal == SIGCHLD) {
        if (const auto ended = reap(child.pid)) status = ended;
      } else if (signal == SIGWINCH && master) {
        copy_size(master.get());
      } else if (!status) {
        // Not reaped yet, so the number is still its own.
        ::kill(child.pid, signal);
      }
    }
    // The end of a terminal is an error (EIO) once nobody has it open any more.
    if (wait[1].fd >= 0 && wait[1].revents != 0 && !copy_once(master.get(), 1)) wait[1].fd = -1;
    if (wait[2].fd >= 0 && wait[2].revents != 0 && !copy_once(0, master.get())) wait[2].fd = -1;
    // Others may keep the terminal open for ever; what the process itself wrote is there by now.
    if (status && wait[1].fd >= 0 && ::poll(&wait[1], 1, 0) == 0) break;
  }
  return exit_code(*status);
}

}  // namespace slipway::oci

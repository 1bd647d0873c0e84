// slipway-init: the first process of a container made with --init. It runs one program as its child, passes signals on
// to it, reaps whatever is left behind by others, and ends as the program ended. Usage: slipway-init [--] PROGRAM
// [ARG…]
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace {

constexpr int failed = 125;
constexpr int not_found = 127;
constexpr int not_executable = 126;
constexpr int signal_base = 128;

// Signals that speak of this process itself stay with it.
sigset_t forwarded_signals() {
  sigset_t set;
  sigfillset(&set);
  for (int number : {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU})
    sigdelset(&set, number);
  return set;
}

[[noreturn]] void run_program(char** arguments, const sigset_t& previous) {
  // A group of its own in the foreground: Ctrl-C on a terminal then reaches the program, not the init. SIGTTOU is still
  // ignored here, or handing the terminal over would stop this process.
  setpgid(0, 0);
  if (isatty(STDIN_FILENO) != 0) tcsetpgrp(STDIN_FILENO, getpid());
  std::signal(SIGTTOU, SIG_DFL);
  std::signal(SIGTTIN, SIG_DFL);
  sigprocmask(SIG_SETMASK, &previous, nullptr);
  execvp(arguments[0], arguments);
  const int reason = errno;
  std::fprintf(stderr, "slipway-init: cannot execute %s: %s\n", arguments[0], std::strerror(reason));
  _exit(reason == ENOENT ? not_found : not_executable);
}

// Reaps all that have ended; the exit code once the program itself has, or -1.
int reap(pid_t program) {
  int code = -1;
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return code;
    if (pid != program) continue;
    code = WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

int watch(pid_t program, const sigset_t& signals) {
  for (;;) {
    siginfo_t info{};
    const int number = sigwaitinfo(&signals, &info);
    if (number == SIGCHLD) {
      const int code = reap(program);
      if (code >= 0) return code;
    } else if (number > 0) {
      kill(program, number);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  int first = 1;
  if (count > first && std::strcmp(arguments[first], "--") == 0) ++first;
  if (count <= first) {
    std::fputs("usage: slipway-init [--] PROGRAM [ARG…]\n", stderr);
    return failed;
  }
  const sigset_t signals = forwarded_signals();
  sigset_t previous;
  sigprocmask(SIG_BLOCK, &signals, &previous);
  std::signal(SIGTTOU, SIG_IGN);
  std::signal(SIGTTIN, SIG_IGN);
  const pid_t program = fork();
  if (program < 0) {
    std::perror("slipway-init: cannot fork");
    return failed;
  }
  if (program == 0) run_program(arguments + first, previous);
  return watch(program, signals);
}

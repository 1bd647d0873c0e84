#include "core/container/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <chrono>

#include "core/fd.h"
#include "core/files.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t most_of_stderr = 4096;

[[noreturn]] void hook_main(const spec::Hook& hook, const char* directory, int input, int complaints) {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  for (const std::string& argument : hook.args) arguments.push_back(const_cast<char*>(argument.c_str()));
  if (arguments.empty()) arguments.push_back(const_cast<char*>(hook.path.c_str()));
  for (const std::string& variable : hook.env) environment.push_back(const_cast<char*>(variable.c_str()));
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  ::setsid();    // so that a timeout can end its children, too
  ::umask(022);  // the container's first process has none while it is made
  const int entered = ::chdir(directory);
  (void)entered;  // the bundle may be gone by the time of poststop
  ::dup2(input, 0);
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(null >= 0 ? null : complaints, 1);
  ::dup2(complaints, 2);
  kernel::close_on_exec_from(3);
  ::execve(hook.path.c_str(), arguments.data(), environment.data());
  const std::string message = std::string("exec: ") + strerror(errno);
  const ssize_t written = ::write(2, message.data(), message.size());
  ::_exit(written > 0 ? 127 : 126);
}

// What the hook says on stderr, until it ends or its time is over.
struct Watched {
  std::string said;
  bool timed_out = false;
};
Watched watch(const spec::Hook& hook, int pidfd, int complaints) {
  Watched watched;
  const auto deadline = Clock::now() + std::chrono::seconds(hook.timeout.value_or(0));
  std::array<pollfd, 2> wait{pollfd{pidfd, POLLIN, 0}, pollfd{complaints, POLLIN, 0}};
  while (true) {
    int left = -1;
    if (hook.timeout) {
      left = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count());
      if (left <= 0) {
        watched.timed_out = true;
        return watched;
      }
    }
    if (::poll(wait.data(), wait.size(), left) < 0 && errno != EINTR) return watched;
    if (wait[1].revents != 0) {
      std::array<char, 1024> part{};
      const ssize_t length = ::read(complaints, part.data(), part.size());
      if (length > 0 && watched.said.size() < most_of_stderr)
        watched.said.append(part.data(), static_cast<size_t>(length));
      if (length == 0 && pidfd < 0) return watched;  // before 5.3 this is the one sign of its end
      if (length == 0) wait[1].fd = -1;
      if (length > 0) continue;
    }
    if (wait[0].revents != 0) return watched;
  }
}

Result<void> run_hook(const spec::Hook& hook, const std::string& state_json, const std::string& directory) {
  const Fd input(::memfd_create("state", MFD_CLOEXEC));
  if (!input) return Error::system("memfd_create");
  TRY(write_all(input.get(), state_json, "state"));
  if (::lseek(input.get(), 0, SEEK_SET) != 0) return Error::system("lseek");
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return Error::system("pipe2");
  const Fd reader(fds[0]);
  Fd writer(fds[1]);
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);

  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  const pid_t pid = kernel::clone3(arguments);
  if (pid < 0) return Error::system("clone");
  if (pid == 0) hook_main(hook, directory.c_str(), input.get(), writer.get());
  writer.reset();
  const Fd pidfd(kernel::pidfd_open(pid));
  const Watched watched = watch(hook, pidfd.get(), reader.get());
  if (watched.timed_out) ::kill(-pid, SIGKILL);
  int status = 0;
  retry([&] { return ::waitpid(pid, &status, 0); });
  if (watched.timed_out)
    return Error::invalid("'" + hook.path + "'",
                          "took longer than its timeout of " + std::to_string(*hook.timeout) + " s and was killed");
  if (status == 0) return {};
  std::string said = watched.said;
  while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
  for (char& c : said)
    if (c == '\n') c = ' ';
  const std::string how = WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                                              : "failed with exit status " + std::to_string(WEXITSTATUS(status));
  return Error::invalid("'" + hook.path + "'", how + (said.empty() ? "" : ": " + said));
}

}  // namespace

Result<void> run_hooks(const std::vector<spec::Hook>& hooks, const std::string& field, const std::string& state_json,
                       const std::string& directory) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    auto done = run_hook(hooks[i], state_json, directory);
    if (!done) return std::move(done.error()).with_context(field + "[" + std::to_string(i) + "]");
  }
  return {};
}

}  // namespace slipway::container

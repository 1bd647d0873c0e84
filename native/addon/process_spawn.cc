#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "addon/process.h"

namespace slipway::addon {
namespace {

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

constexpr int sync_descriptor = 3;
constexpr size_t stack_size = 64 * 1024;

// What the child needs, all made before the clone. The child shares our memory, so it reports its failure here.
struct Plan {
  const char* path;
  char* const* arguments;
  char* const* environment;
  const char* directory;
  int null_fd;
  int sync_fd;
  unsigned highest_fd;
  int error;
  const char* failed_step;
};

int fail(Plan& plan, const char* step) {
  plan.error = errno;
  plan.failed_step = step;
  return 127;
}

// Runs in the child: only system calls, and only on what the plan holds.
int run_child(void* argument) {
  auto& plan = *static_cast<Plan*>(argument);
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &standard, nullptr);  // some can't be set: no harm

  if (setsid() < 0) return fail(plan, "setsid");
  for (int fd = 0; fd < sync_descriptor; ++fd) {
    if (dup2(plan.null_fd, fd) < 0) return fail(plan, "dup2");
  }
  if (dup2(plan.sync_fd, sync_descriptor) < 0) return fail(plan, "dup2");
  // Before Linux 5.9 there is no close_range().
  if (syscall(SYS_close_range, sync_descriptor + 1, ~0U, 0) < 0) {
    for (unsigned fd = sync_descriptor + 1; fd < plan.highest_fd; ++fd) close(static_cast<int>(fd));
  }
  if (plan.directory[0] != '\0' && chdir(plan.directory) < 0) return fail(plan, "chdir");

  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(plan.path, plan.arguments, plan.environment);
  return fail(plan, "execve");
}

// With all signals blocked no handler of ours runs in the child while it shares our memory.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

class Stack {
 public:
  Stack() : base_(mmap(nullptr, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {}
  ~Stack() {
    if (base_ != MAP_FAILED) munmap(base_, stack_size);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  explicit operator bool() const { return base_ != MAP_FAILED; }
  void* top() const { return static_cast<char*>(base_) + stack_size; }

 private:
  void* base_;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));  // execve() does not write
  out.push_back(nullptr);
  return out;
}

// A copy of `fd` above all numbers that the child gives a meaning.
Result<Fd> moved_up(Fd fd) {
  Fd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, sync_descriptor + 1));
  if (!copy) return Error::system("fcntl(F_DUPFD_CLOEXEC)");
  return copy;
}

}  // namespace

Result<Spawned> spawn_detached(const SpawnRequest& request) {
  Fd null_fd(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_fd) return Error::system("open", "/dev/null");
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return Error::system("socketpair");
  Fd near(ends[0]);
  Fd far(ends[1]);
  TRY_ASSIGN(null_fd, moved_up(std::move(null_fd)));
  TRY_ASSIGN(far, moved_up(std::move(far)));

  const std::vector<char*> arguments = pointers(request.arguments);
  const std::vector<char*> environment = pointers(request.environment);
  struct rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  Plan plan{request.path.c_str(),
            arguments.data(),
            environment.data(),
            request.directory.c_str(),
            null_fd.get(),
            far.get(),
            static_cast<unsigned>(std::min<rlim_t>(files.rlim_cur, 1U << 20)),
            0,
            nullptr};
  const Stack stack;
  if (!stack) return Error::system("mmap");

  int pidfd = -1;
  pid_t pid = -1;
  {
    const SignalsBlocked blocked;
    pid = clone(run_child, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &plan, &pidfd);
  }
  if (pid < 0) return Error::system("clone");
  Spawned spawned{pid, Fd(pidfd), std::move(near)};
  if (plan.error != 0) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    const bool about_directory = std::string_view(plan.failed_step) == "chdir";
    return Error::from_errno(plan.error, plan.failed_step, about_directory ? request.directory : request.path)
        .with_context("cannot start the program");
  }
  return spawned;
}

}  // namespace slipway::addon

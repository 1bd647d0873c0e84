#include "core/container/process.h"

#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

#include "core/container/console.h"
#include "core/container/labels.h"
#include "core/files.h"
#include "core/kernel.h"
#include "core/users.h"

namespace slipway::container {
namespace {

constexpr std::string_view default_path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int cap_sys_admin = 21;

Result<void> take_stdio(const ProcessSetup& setup) {
  // First out of the way of each other: stdio may be {1, 0, 2}.
  std::array<int, 3> moved{};
  for (size_t i = 0; i < 3; ++i) {
    const int fd = setup.stdio.fds[i];
    moved[i] = fd < 3 && fd != static_cast<int>(i) ? ::fcntl(fd, F_DUPFD_CLOEXEC, 3) : fd;
    if (moved[i] < 0) return Error::system("dup");
  }
  for (int i = 0; i < 3; ++i) {
    const int fd = moved[static_cast<size_t>(i)];
    if (fd != i && ::dup2(fd, i) < 0) return Error::system("dup2");
    if (fd == i) ::fcntl(i, F_SETFD, 0);
    // So that the user may open /dev/stdout anew. Not /dev/null, which is everybody's, nor what can't change hands.
    struct stat status {};
    if (::fstat(i, &status) != 0 || (S_ISCHR(status.st_mode) && status.st_rdev == ::makedev(1, 3))) continue;
    if (status.st_uid == setup.process->user.uid) continue;
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) || S_ISSOCK(status.st_mode)) {
      const int failed = ::fchown(i, setup.process->user.uid, status.st_gid);
      (void)failed;  // best effort
    }
  }
  return {};
}

struct SchedulerAttributes {
  uint32_t size = sizeof(SchedulerAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;
  uint64_t deadline = 0;
  uint64_t period = 0;
};

Result<void> set_scheduling(const spec::Process& process) {
  if (process.scheduler) {
    const spec::Scheduler& wanted = *process.scheduler;
    const SchedulerAttributes attributes{sizeof(SchedulerAttributes),
                                         wanted.policy,
                                         wanted.flags,
                                         wanted.nice,
                                         wanted.priority,
                                         wanted.runtime,
                                         wanted.deadline,
                                         wanted.period};
    if (::syscall(SYS_sched_setattr, 0, &attributes, 0) != 0)
      return Error::system("sched_setattr").with_context("process.scheduler");
  }
  if (process.io_priority) {
    constexpr int who_process = 1;
    const int value = process.io_priority->klass << 13 | process.io_priority->priority;
    if (::syscall(SYS_ioprio_set, who_process, 0, value) != 0)
      return Error::system("ioprio_set").with_context("process.ioPriority");
  }
  return {};
}

// We ourselves have more files open than a program may be allowed: until it runs, their limit is raised only.
bool can_wait(const spec::Rlimit& limit) {
  rlimit64 now{};
  return limit.resource == RLIMIT_NOFILE && limit.soft <= limit.hard && ::getrlimit64(RLIMIT_NOFILE, &now) == 0 &&
         limit.hard <= now.rlim_max;
}

enum class Limits { at_once, waiting };

Result<void> set_limits(const spec::Process& process, Limits which) {
  for (size_t i = 0; i < process.rlimits.size(); ++i) {
    const spec::Rlimit& limit = process.rlimits[i];
    if (can_wait(limit) != (which == Limits::waiting)) continue;
    const rlimit64 values{limit.soft, limit.hard};
    if (::setrlimit64(static_cast<__rlimit_resource>(limit.resource), &values) != 0)
      return Error::system("setrlimit").with_context("process.rlimits[" + std::to_string(i) + "]");
  }
  return {};
}

// Ids and capabilities, in the one order that works: bounding set while CAP_SETPCAP is there, groups before the user.
Result<void> take_ids(const ProcessSetup& setup) {
  const spec::User& user = setup.process->user;
  capabilities::Sets sets = setup.capabilities;
  if (const int code = capabilities::drop_bounding(sets, setup.last_capability); code != 0)
    return Error::from_errno(code, "drop capabilities from the bounding set");
  if (const int code = capabilities::keep_over_setuid(); code != 0) return Error::from_errno(code, "keep capabilities");
  if (!setup.deny_setgroups) {
    const std::vector<gid_t> groups(user.additional_gids.begin(), user.additional_gids.end());
    // A joined user namespace may have given setgroups(2) up; without groups to set that is no failure.
    if (::setgroups(groups.size(), groups.data()) != 0 && !(errno == EPERM && groups.empty()))
      return Error::system("setgroups").with_context("process.user.additionalGids");
  } else if (!user.additional_gids.empty()) {
    return Error::invalid("process.user.additionalGids",
                          "an ordinary user's namespace with one mapped group can't have them");
  }
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return Error::system("setgid").with_context("process.user.gid");
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return Error::system("setuid").with_context("process.user.uid");
  // Without no_new_privs a filter needs CAP_SYS_ADMIN until the very end. Executing the program works out the sets
  // afresh, so this one never reaches it.
  if (setup.seccomp && !setup.process->no_new_privileges) {
    sets.effective |= uint64_t{1} << cap_sys_admin;
    sets.permitted |= uint64_t{1} << cap_sys_admin;
  }
  if (const int code = capabilities::apply(sets, setup.last_capability); code != 0)
    return Error::from_errno(code, "capset").with_context("process.capabilities");
  return {};
}

Result<void> enter_directory(const std::string& cwd) {
  if (::chdir(cwd.c_str()) != 0) return Error::system("chdir", cwd).with_context("process.cwd");
  // A directory outside of the root, reached through a leaked descriptor in /proc/self/fd (CVE-2024-21626), has no path
  // here.
  std::array<char, 4096> path{};
  const long length = ::syscall(SYS_getcwd, path.data(), path.size());
  if (length < 0 && errno == ERANGE) return {};
  if (length <= 0 || path[0] != '/')
    return Error::invalid("process.cwd", "'" + cwd + "' lies outside of the container's root file system");
  return {};
}

bool executable(const std::string& path, int& code) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    code = errno;
    return false;
  }
  constexpr int effective_ids = 0x200;  // AT_EACCESS
  if (S_ISDIR(status.st_mode)) {
    code = EISDIR;
  } else if (::syscall(SYS_faccessat2, AT_FDCWD, path.c_str(), X_OK, effective_ids) == 0) {
    return true;
  } else if (errno == ENOSYS && ::access(path.c_str(), X_OK) == 0) {
    return true;
  } else {
    code = errno;
  }
  return false;
}

// The words are those that Docker and Podman look for to tell 126 from 127.
Result<std::string> find_program(const std::string& name, const std::vector<std::string>& environment) {
  int code = ENOENT;
  const std::string quoted = "exec: \"" + name + "\"";
  if (name.find('/') != std::string::npos) {
    if (executable(name, code)) return name;
    Error error = Error::from_errno(code, "exec", name);
    error.message = quoted + ": " +
                    (code == ENOENT || code == ENOTDIR ? "stat " + name + ": no such file or directory"
                     : code == EISDIR                  ? "is a directory"
                     : code == EACCES                  ? "permission denied"
                                                       : strerror(code));
    return error;
  }
  std::string_view path;
  for (const std::string& variable : environment)
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  bool denied = false;
  while (!name.empty()) {
    const std::string_view directory = path.substr(0, path.find(':'));
    std::string candidate = directory.empty() ? "." : std::string(directory);
    candidate += "/" + name;
    if (executable(candidate, code)) return candidate;
    denied = denied || code == EACCES;
    if (directory.size() == path.size()) break;
    path.remove_prefix(directory.size() + 1);
  }
  Error error = Error::from_errno(denied ? EACCES : ENOENT, "exec", name);
  error.message = quoted + (denied ? ": permission denied" : ": executable file not found in $PATH");
  return error;
}

std::vector<std::string> environment_of(const spec::Process& process) {
  std::vector<std::string> environment;
  for (const std::string& variable : process.env) {
    // Of a name that is there twice the last one counts; most programs would take the first.
    const std::string_view name = std::string_view(variable).substr(0, variable.find('=') + 1);
    std::erase_if(environment, [&](const std::string& other) { return other.starts_with(name); });
    environment.push_back(variable);
  }
  const auto has = [&](std::string_view name) {
    return std::any_of(environment.begin(), environment.end(),
                       [&](const std::string& other) { return other.starts_with(name); });
  };
  if (!has("PATH=")) environment.emplace_back(default_path);
  if (!has("HOME=")) {
    const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    environment.push_back("HOME=" + home_of(process.user.uid, Inside(root.get())));
  }
  return environment;
}

// As a program expects them, whatever the creator blocks or ignores.
void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

Result<void> begin_process(const ProcessSetup& setup, const Trusted& trusted, const std::string& keyring) {
  // Nobody who gets into reach later may look into this process (CVE-2016-9962). The program is dumpable again.
  if (setup.process->oom_score_adj && !setup.enters_user_namespace)
    TRY(write_file(trusted.proc.get(), "self/oom_score_adj", std::to_string(*setup.process->oom_score_adj)));
  ::prctl(PR_SET_DUMPABLE, 0);
  if (::setsid() < 0 && errno != EPERM) return Error::system("setsid");
  if (!keyring.empty()) {
    // A key ring of its own. Kernels without key rings, and users with too many, do without.
    const long failed = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, keyring.c_str());
    (void)failed;
  }
  return {};
}

Result<Program> become_process(const ProcessSetup& setup, const Trusted& trusted, int slave) {
  const spec::Process& process = *setup.process;
  TRY(slave >= 0 ? take_console(slave) : take_stdio(setup));
  TRY(set_scheduling(process));
  TRY(set_limits(process, Limits::at_once));
  TRY(set_labels(process, trusted.proc.get()));
  Program program;
  program.environment = environment_of(process);
  TRY(take_ids(setup));
  if (process.no_new_privileges && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return Error::system("set no_new_privs").with_context("process.noNewPrivileges");
  ::umask(process.user.umask.value_or(0022));
  TRY(enter_directory(process.cwd));
  TRY_ASSIGN(program.path, find_program(process.args[0], program.environment));
  return program;
}

Error execute(const ProcessSetup& setup, const Program& program,
              const std::function<Result<void>(int listener)>& send_listener) {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  for (const std::string& argument : setup.process->args) arguments.push_back(const_cast<char*>(argument.c_str()));
  for (const std::string& variable : program.environment) environment.push_back(const_cast<char*>(variable.c_str()));
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  // Nothing of the creator's goes on into the program.
  kernel::close_on_exec_from(3 + static_cast<unsigned>(setup.stdio.preserve_fds));
  reset_signals();
  if (auto limited = set_limits(*setup.process, Limits::waiting); !limited) return std::move(limited.error());
  if (setup.seccomp) {
    const int listener = seccomp::install(*setup.seccomp);
    if (listener < 0) return Error::from_errno(-listener, "install the filter").with_context("linux.seccomp");
    if (setup.seccomp->notify)
      if (auto sent = send_listener(listener); !sent) return std::move(sent.error());
  }
  ::execve(program.path.c_str(), arguments.data(), environment.data());
  const int code = errno;
  Error error = Error::from_errno(code, "exec", program.path);
  error.message = "exec " + program.path + ": " +
                  (code == ENOENT    ? "no such file or directory"
                   : code == EACCES  ? "permission denied"
                   : code == ENOEXEC ? "exec format error"
                                     : strerror(code));
  return error;
}

}  // namespace slipway::container

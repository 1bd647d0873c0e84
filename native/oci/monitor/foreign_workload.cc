// Containers and exec sessions of another OCI runtime (runc, crun, kata, …), through its command line. Its processes
// become our children because we are their subreaper.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <charconv>

#include "core/cgroup/cgroup.h"
#include "core/json.h"
#include "oci/monitor/workload.h"

namespace slipway::monitor {
namespace {

constexpr char log_name[] = "runtime.log";
constexpr char pid_name[] = "runtime.pid";
constexpr char console_name[] = "console.sock";
constexpr int console_wait_milliseconds = 10000;

struct LogLine {
  std::string level;
  std::string message;
};

}  // namespace
}  // namespace slipway::monitor

namespace slipway::json {
static void read(const Field& field, monitor::LogLine& out) {
  field.member("level", out.level);
  field.member("msg", out.message);
}
}  // namespace slipway::json

namespace slipway::monitor {
namespace {

// The last error of a runtime's --log-format=json log.
std::string last_error(const std::string& log) {
  std::string found;
  size_t start = 0;
  while (start < log.size()) {
    const size_t end = std::min(log.find('\n', start), log.size());
    const auto line = json::parse<LogLine>(log.substr(start, end - start), "log");
    if (line && line->level == "error") found = line->message;
    start = end + 1;
  }
  return found;
}

class ForeignWorkload : public Workload {
 public:
  ForeignWorkload(const Options& options, int directory) : options_(options), directory_(directory) {}

  ~ForeignWorkload() override {
    for (const char* const name : {log_name, pid_name, console_name}) unlinkat(directory_, name, 0);
  }

  Result<Launched> create(const std::array<int, 3>& stdio) override {
    stdio_ = stdio;
    TRY_ASSIGN(terminal_, wants_terminal(options_));
    if (options_.is_exec()) return Launched{};
    std::vector<std::string> command = {"create", "--bundle", options_.bundle, "--pid-file", own_path(pid_name)};
    if (options_.no_pivot) command.emplace_back("--no-pivot");
    if (options_.no_new_keyring) command.emplace_back("--no-new-keyring");
    created_ = true;
    return launch(std::move(command));
  }

  // The size of an exec session's terminal follows by ioctl: there is no option for it.
  Result<Launched> start(const TerminalSize&) override {
    if (options_.is_exec()) {
      return launch({"exec", "--detach", "--process", options_.exec_process, "--pid-file", own_path(pid_name)});
    }
    TRY(run({"start", options_.id}, {-1, -1, -1}));
    return Launched{};
  }

  Result<void> remove() override {
    if (options_.is_exec() || !created_) return {};
    return run({"delete", "--force", options_.id}, {-1, -1, -1});
  }

  bool owns_process() const override { return false; }

  // runc and crun word it so; there is nothing better to go by.
  int exit_code_of(const Error& error) const override {
    const auto says = [&error](const char* words) { return error.message.find(words) != std::string::npos; };
    if (says("executable file not found") || says("no such file or directory") || says("No such file or directory")) {
      return 127;
    }
    return says("ermission denied") || says("exec format error") || says("Exec format error") ? 126 : 125;
  }

  Result<uint64_t> oom_kills() const override {
    if (cgroup_.empty()) return uint64_t{0};
    return cgroup::Cgroup::restore(cgroup_).oom_kills();
  }

  Result<Fd> oom_events() const override {
    if (cgroup_.empty()) return Error::invalid("cgroup", "the container has none that is known");
    return cgroup::Cgroup::restore(cgroup_).oom_events();
  }

 private:
  // Short enough for a socket address however long the directory's own path is; the runtime runs as the same user.
  std::string own_path(const char* name) const {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(directory_) + "/" + name;
  }

  Result<Fd> listen_for_console() const {
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return Error::system("socket");
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory_, console_name);
    unlinkat(directory_, console_name, 0);
    if (bind(fd.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof(address)) < 0) {
      return Error::system("bind", console_name);
    }
    if (listen(fd.get(), 1) < 0) return Error::system("listen", console_name);
    return fd;
  }

  // Runs a command that leaves a process behind.
  Result<Launched> launch(std::vector<std::string> command) {
    Fd console;
    std::array<int, 3> stdio = stdio_;
    if (terminal_) {
      TRY_ASSIGN(console, listen_for_console());
      command.insert(command.end(), {"--console-socket", own_path(console_name)});
      stdio = {-1, -1, -1};
    }
    command.push_back(options_.id);
    TRY(run(command, stdio));
    Launched launched;
    if (terminal_) {
      // The runtime has sent it before it ended.
      struct pollfd waiting = {console.get(), POLLIN, 0};
      if (poll(&waiting, 1, console_wait_milliseconds) <= 0) {
        return Error::invalid("console socket", "the runtime sent no terminal");
      }
      const Fd connection(accept4(console.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return Error::system("accept", console_name);
      TRY_ASSIGN(launched.terminal, receive_terminal(connection.get()));
    }
    TRY_ASSIGN(const std::string text, read_file(directory_, pid_name));
    if (std::from_chars(text.data(), text.data() + text.size(), launched.pid).ec != std::errc()) {
      return Error::invalid(options_.runtime, "wrote no pid into its pid file");
    }
    find_cgroup(launched.pid);
    return launched;
  }

  // Where the kernel says that the process is: lines "4:memory:/path" (v1) and "0::/path" (v2).
  void find_cgroup(pid_t pid) {
    const auto text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup");
    if (!text) return;
    size_t start = 0;
    while (start < text->size()) {
      const size_t end = std::min(text->find('\n', start), text->size());
      const std::string line = text->substr(start, end - start);
      start = end + 1;
      const size_t first = line.find(':');
      const size_t second = line.find(':', first + 1);
      if (second == std::string::npos) continue;
      const std::string controllers = line.substr(first + 1, second - first - 1);
      const std::string path = line.substr(second + 1);
      if (path == "/" || (!controllers.empty() && controllers != "memory")) continue;
      const std::string tree = controllers.empty() ? unified_tree() : "/sys/fs/cgroup/memory";
      cgroup_.paths[controllers] = tree + path;
    }
  }

  static std::string unified_tree() {
    struct stat info = {};
    return stat("/sys/fs/cgroup/unified", &info) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
  }

  // -1 in `stdio` stands for /dev/null.
  Result<void> run(const std::vector<std::string>& command, const std::array<int, 3>& stdio) const {
    std::vector<std::string> words = {options_.runtime};
    words.insert(words.end(), options_.runtime_arguments.begin(), options_.runtime_arguments.end());
    if (!options_.root.empty()) words.insert(words.end(), {"--root", options_.root});
    if (options_.systemd_cgroup) words.emplace_back("--systemd-cgroup");
    words.insert(words.end(), {"--log", own_path(log_name), "--log-format", "json"});
    words.insert(words.end(), command.begin(), command.end());
    unlinkat(directory_, log_name, 0);
    TRY_ASSIGN(const int status, run_program(words, stdio));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    const auto log = read_file(directory_, log_name);
    std::string why = log ? last_error(*log) : std::string();
    if (why.empty()) why = "ended with status " + std::to_string(WEXITSTATUS(status)) + " and no error in its log";
    return Error::invalid(options_.runtime + " " + command.front(), why);
  }

  static Result<int> run_program(const std::vector<std::string>& words, const std::array<int, 3>& stdio) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));  // not written to
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    for (int fd = 0; fd < 3; ++fd) {
      const int from = stdio[static_cast<size_t>(fd)];
      if (from >= 0) {
        posix_spawn_file_actions_adddup2(&files, from, fd);
      } else {
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
      }
    }
    pid_t pid = -1;
    const int refused = posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (refused != 0) return Error::from_errno(refused, "posix_spawn", words.front());
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
      if (errno != EINTR) return Error::system("waitpid", words.front());
    }
    return status;
  }

  const Options& options_;
  int directory_;
  std::array<int, 3> stdio_{};
  bool terminal_ = false;
  bool created_ = false;
  cgroup::Saved cgroup_;
};

}  // namespace

std::unique_ptr<Workload> make_foreign_workload(const Options& options, int directory) {
  return std::make_unique<ForeignWorkload>(options, directory);
}

}  // namespace slipway::monitor

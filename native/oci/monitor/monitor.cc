#include "oci/monitor/monitor.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <charconv>
#include <optional>

#include "oci/monitor/attach.h"
#include "oci/monitor/control.h"
#include "oci/monitor/json_text.h"
#include "oci/monitor/oom_watch.h"
#include "oci/monitor/records.h"
#include "oci/monitor/signals.h"
#include "oci/monitor/stdio.h"
#include "oci/monitor/workload.h"

namespace slipway::monitor {
namespace {

constexpr int64_t linger_milliseconds = 10000;
constexpr int64_t retry_milliseconds = 1000;

enum class Status { creating, created, running, stopped };

const char* to_string(Status status) {
  switch (status) {
    case Status::creating:
      return "creating";
    case Status::created:
      return "created";
    case Status::running:
      return "running";
    case Status::stopped:
      return "stopped";
  }
  return "";
}

class Monitor {
 public:
  Monitor(const Options& options, Records records);

  // The whole life. Returns the program's exit code.
  int run(Fd sync);

 private:
  Result<void> set_up();
  Result<void> create();

  void on_command(ControlConnection& from, const std::vector<std::string>& words);
  void command_start(ControlConnection& from);
  void command_resize(ControlConnection& from, const std::vector<std::string>& words);
  void command_kill(ControlConnection& from, const std::vector<std::string>& words);
  void command_reopen_log(ControlConnection& from);
  void command_quit(ControlConnection& from);
  void undo();
  bool resize(int rows, int columns);

  void reap();
  void ended(int status);
  void failed_to_start(const Error& error);
  void record_end();
  void announce_end();
  void leave_when_done();
  void leave();
  std::string describe(const char* event) const;
  std::string describe_attach() const;
  void take_terminal(Launched& launched);

  const Options& options_;
  Records records_;
  Loop loop_;
  std::unique_ptr<Workload> workload_;
  std::unique_ptr<JsonLog> log_;
  Input input_{loop_};
  AttachServer attach_{loop_, input_};
  ControlServer control_{loop_};
  std::optional<Output> output_;
  Stdio stdio_;
  bool terminal_ = false;
  TerminalSize wished_size_;  // it may come before the terminal
  Signals signals_{loop_, [this] { reap(); }};
  OomWatch oom_{loop_};

  Status status_ = Status::creating;
  pid_t pid_ = 0;
  ExitRecord end_;
  bool recorded_ = false;
  bool leaving_ = false;
  Timer record_timer_{loop_, [this] { record_end(); }};
  Timer linger_timer_{loop_, [this] {
                        leaving_ = true;
                        leave_when_done();
                      }};
};

Monitor::Monitor(const Options& options, Records records) : options_(options), records_(std::move(records)) {
  control_.on_connected = [this](ControlConnection& connection) {
    if (connection.is_spawner()) return;
    connection.send(describe("hello"));
    if (recorded_) connection.send("{\"event\":\"exit\"," + to_json_members(end_, options_) + "}");
  };
  control_.on_command = [this](ControlConnection& from, const std::vector<std::string>& words) {
    on_command(from, words);
  };
  control_.on_spawner_gone = [this] {
    if (status_ == Status::created) undo();
  };
  control_.on_gone = [this] { leave_when_done(); };
  attach_.hello = [this] { return describe_attach(); };
  attach_.on_resize_wish = [this](int rows, int columns) { resize(rows, columns); };
  attach_.on_client_gone = [this] { leave_when_done(); };
  attach_.on_taken = [this] { output_->taken(); };
  oom_.on_oom = [this](uint64_t count) { control_.tell(JsonText().add("event", "oom").add("count", count).str()); };
}

std::string Monitor::describe(const char* event) const {
  JsonText text;
  text.add("event", event).add("protocol", protocol_version).add("pid", pid_).add("monitorPid", getpid());
  text.add("id", options_.id);
  if (options_.is_exec()) text.add("execId", options_.exec_id);
  text.add("status", to_string(status_)).add("startedAt", end_.started_at).add("tty", terminal_);
  text.add("stdin", options_.open_stdin).add("logStalled", output_.has_value() && output_->log_stalled());
  return text.str();
}

std::string Monitor::describe_attach() const {
  return JsonText()
      .add("protocol", protocol_version)
      .add("tty", terminal_)
      .add("stdin", options_.open_stdin)
      .add("status", to_string(status_))
      .str();
}

Result<void> Monitor::set_up() {
  TRY(loop_.open());
  workload_ =
      options_.runtime.empty() ? make_own_workload(options_) : make_foreign_workload(options_, records_.directory());
  if (options_.log) {
    log_ = std::make_unique<JsonLog>(*options_.log, options_.log_attributes);
    TRY(log_->file().open());
    log_->file().on_rotated = [this] { control_.tell(JsonText().add("event", "log-rotated").str()); };
  }
  output_.emplace(loop_, log_.get(), attach_);
  output_->on_log_stalled = [this](const std::string& why) {
    control_.tell(JsonText()
                      .add("event", "log-stalled")
                      .add("message", why + "; the container's output waits until it can be written")
                      .str());
  };
  output_->on_log_resumed = [this] { control_.tell(JsonText().add("event", "log-resumed").str()); };
  output_->on_log_complete = [this] { leave_when_done(); };
  TRY_ASSIGN(terminal_, wants_terminal(options_));
  TRY_ASSIGN(stdio_, Stdio::make(options_.open_stdin, terminal_));
  TRY(control_.open(records_.directory()));
  return attach_.open(records_.directory());
}

Result<void> Monitor::create() {
  TRY_ASSIGN(Launched launched, workload_->create(stdio_.container_side()));
  pid_ = launched.pid;
  take_terminal(launched);
  if (!terminal_) {
    output_->add(Stream::standard_output, std::move(stdio_.standard_output), false);
    output_->add(Stream::standard_error, std::move(stdio_.standard_error), false);
    if (stdio_.standard_input) input_.open(std::move(stdio_.standard_input), false);
  }
  if (pid_ != 0) stdio_.close_container_side();
  status_ = Status::created;
  return signals_.open();
}

// One descriptor reads output and writes input. With the other side held open by us it never reports a hang-up while
// the container merely has closed and will reopen it.
void Monitor::take_terminal(Launched& launched) {
  if (!launched.terminal) return;
  fcntl(launched.terminal.get(), F_SETFL, O_NONBLOCK);
  stdio_.peer = Fd(ioctl(launched.terminal.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  stdio_.terminal = launched.terminal.get();
  if (wished_size_.is_set()) resize(wished_size_.rows, wished_size_.columns);
  if (options_.open_stdin) input_.open(Fd(fcntl(stdio_.terminal, F_DUPFD_CLOEXEC, 3)), true);
  output_->add(Stream::standard_output, std::move(launched.terminal), true);
}

int Monitor::run(Fd sync) {
  // Whoever hears of the failure finds nothing left.
  const auto tell_failure = [&sync, this](const Error& error) {
    JsonText line;
    line.add("event", "error").add("code", workload_ ? workload_->exit_code_of(error) : 125);
    line.add("message", error.message);
    if (workload_) (void)workload_->remove();
    leave();
    records_.undo();
    const std::string text = line.str() + "\n";
    send(sync.get(), text.data(), text.size(), MSG_NOSIGNAL);
    return 1;
  };
  if (const auto done = set_up(); !done) return tell_failure(done.error());
  if (const auto done = create(); !done) return tell_failure(done.error());
  control_.adopt_spawner(std::move(sync));
  control_.tell(JsonText()
                    .add("event", "created")
                    .add("protocol", protocol_version)
                    .add("pid", pid_)
                    .add("monitorPid", getpid())
                    .add("tty", terminal_)
                    .str());
  reap();  // it may have ended before we listened for that
  loop_.run();
  return 0;
}

void Monitor::on_command(ControlConnection& from, const std::vector<std::string>& words) {
  const std::string& command = words.front();
  if (command == "start") return command_start(from);
  if (command == "resize") return command_resize(from, words);
  if (command == "kill") return command_kill(from, words);
  if (command == "reopen-log") return command_reopen_log(from);
  if (command == "quit") return command_quit(from);
  if (command == "state") return from.send(describe("state"));
  if (command == "close-stdin") {
    input_.close();
    return from.succeed(command);
  }
  if (command == "abort" && from.is_spawner() && status_ == Status::created) return undo();
  from.fail(command, command == "abort" ? "the container has started" : "unknown command");
}

void Monitor::command_start(ControlConnection& from) {
  if (!from.is_spawner()) return from.fail("start", "only the spawner may start the container");
  if (status_ != Status::created) return from.fail("start", "the container is not in the state created");
  if (options_.is_exec()) oom_.note_past(*workload_);
  auto started = [this] {
    const SignalsUnblocked unblocked;
    return workload_->start(wished_size_);
  }();
  if (!started) return failed_to_start(started.error());
  if (started->pid != 0) pid_ = started->pid;
  take_terminal(*started);
  stdio_.close_container_side();
  status_ = Status::running;
  end_.started_at = format_time(wall_clock());
  control_.tell(JsonText().add("event", "started").add("pid", pid_).add("startedAt", end_.started_at).str());
  oom_.start(*workload_);
  protect_from_oom();
  reap();
}

bool Monitor::resize(int rows, int columns) {
  wished_size_ = {rows, columns};
  if (stdio_.terminal < 0) return terminal_;
  struct winsize size = {};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  return ioctl(stdio_.terminal, TIOCSWINSZ, &size) == 0;
}

std::optional<int> number_of(const std::vector<std::string>& words, size_t index, int most) {
  if (index >= words.size()) return std::nullopt;
  const std::string& text = words[index];
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > most) return std::nullopt;
  return value;
}

void Monitor::command_resize(ControlConnection& from, const std::vector<std::string>& words) {
  const auto rows = number_of(words, 1, 65535);
  const auto columns = number_of(words, 2, 65535);
  if (!rows || !columns) return from.fail("resize", "needs rows and columns, each from 0 to 65535");
  if (status_ == Status::stopped) return from.fail("resize", "the container has ended");
  if (!resize(*rows, *columns)) return from.fail("resize", "the container has no terminal");
  from.succeed("resize");
}

// The process is our child and only we reap it, so its pid can't have become another's.
void Monitor::command_kill(ControlConnection& from, const std::vector<std::string>& words) {
  const auto number = number_of(words, 1, SIGRTMAX);
  if (!number) return from.fail("kill", "needs the number of a signal");
  if (!workload_->owns_process()) return from.fail("kill", "use the other runtime's own kill command");
  if (status_ == Status::stopped || pid_ == 0) return from.fail("kill", "no process is running");
  if (::kill(pid_, *number) < 0) return from.fail("kill", strerror(errno));
  from.succeed("kill");
}

void Monitor::command_reopen_log(ControlConnection& from) {
  if (!log_) return from.fail("reopen-log", "there is no log");
  if (!log_->file().reopen()) return from.fail("reopen-log", log_->stalled());
  from.succeed("reopen-log");
}

void Monitor::command_quit(ControlConnection& from) {
  if (!recorded_) return from.fail("quit", "the container has not ended");
  if (!output_->log_complete()) {
    end_.log_bytes_lost = output_->log_bytes_missing();
    (void)records_.write_exit("{" + to_json_members(end_, options_) + "}");
  }
  from.succeed("quit");
  leave();
}

void Monitor::undo() {
  {
    const SignalsUnblocked unblocked;
    (void)workload_->remove();
  }
  records_.undo();
  leave();
}

// All children: the container's first process, and what was handed to us as subreaper.
void Monitor::reap() {
  while (true) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (pid == pid_ && status_ != Status::stopped) ended(status);
  }
}

void Monitor::ended(int status) {
  status_ = Status::stopped;
  end_.finished_at = format_time(wall_clock());
  end_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  end_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  end_.oom_killed = oom_.stop();
  record_end();
}

void Monitor::failed_to_start(const Error& error) {
  status_ = Status::stopped;
  end_.finished_at = format_time(wall_clock());
  end_.exit_code = workload_->exit_code_of(error);
  end_.error = error.message;
  record_end();
}

// Nobody hears of the end before it is in the file, however long that takes.
void Monitor::record_end() {
  if (!output_->is_finished()) {
    stdio_.peer.reset();
    stdio_.terminal = -1;
    output_->finish();
    input_.close_now();
  }
  end_.pid = pid_;
  if (!records_.write_exit("{" + to_json_members(end_, options_) + "}")) {
    record_timer_.set(retry_milliseconds);
    return;
  }
  recorded_ = true;
  announce_end();
}

void Monitor::announce_end() {
  if (!end_.error.empty()) {
    control_.tell(JsonText().add("event", "error").add("code", end_.exit_code).add("message", end_.error).str());
  }
  const std::string members = to_json_members(end_, options_);
  control_.tell("{\"event\":\"exit\"," + members + "}");
  attach_.end("{" + members + "}");
  Result<void> removed;
  {
    const SignalsUnblocked unblocked;
    removed = workload_->remove();
  }
  if (removed) {
    control_.tell(JsonText().add("event", "deleted").str());
  } else {
    control_.tell(JsonText().add("event", "delete-failed").add("message", removed.error().message).str());
  }
  linger_timer_.set(linger_milliseconds);
  leave_when_done();
}

// Ends once the log is complete and every client has what it was sent, or has had time enough.
void Monitor::leave_when_done() {
  if (!recorded_ || !output_->log_complete()) return;
  if (leaving_ || (!attach_.wants_output() && control_.all_told())) leave();
}

// No connection is closed before the sockets are gone: a client that loses its own can't connect again.
void Monitor::leave() {
  control_.close_listener();
  attach_.close_listener();
  loop_.stop();
}

int fail_early(int sync, const Error& error) {
  const std::string line = JsonText().add("event", "error").add("code", 125).add("message", error.message).str() + "\n";
  if (sync < 0 || send(sync, line.data(), line.size(), MSG_NOSIGNAL) < 0) {
    fprintf(stderr, "slipway-oci monitor: %s\n", error.message.c_str());
  }
  return 125;
}

}  // namespace

int run_monitor(const std::string& root, bool systemd_cgroup, const std::vector<std::string>& arguments) {
  auto options = parse_options(arguments);
  if (!options) return fail_early(-1, options.error());
  options->root = root;
  options->systemd_cgroup = systemd_cgroup;
  Fd sync(options->sync_fd);
  if (fcntl(sync.get(), F_SETFD, FD_CLOEXEC) < 0) {
    (void)sync.release();
    return fail_early(-1, Error::system("fcntl", "--sync-fd"));
  }
  setsid();  // refused for one that leads a session already, as the engine's spawn makes it
  umask(0022);
  if (chdir("/") < 0) return fail_early(sync.get(), Error::system("chdir", "/"));
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) return fail_early(sync.get(), Error::system("prctl"));
  prctl(PR_SET_NAME, "slipway-monitor", 0, 0, 0);
  auto records = Records::create(*options);
  if (!records) return fail_early(sync.get(), records.error());
  Monitor monitor(*options, std::move(*records));
  return monitor.run(std::move(sync));
}

}  // namespace slipway::monitor

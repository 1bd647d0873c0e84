// Containers and exec sessions of our own library, as children of this very process.
#include <fcntl.h>
#include <sys/socket.h>

#include "core/container/container.h"
#include "core/json.h"
#include "oci/monitor/workload.h"

namespace slipway::monitor {
namespace {

// The near end receives the master of a terminal; the far end goes to the library.
struct ConsolePair {
  Fd near;
  Fd far;
};

Result<ConsolePair> make_console_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return Error::system("socketpair");
  return ConsolePair{Fd(ends[0]), Fd(ends[1])};
}

// What container and exec session share.
class OwnWorkload : public Workload {
 public:
  explicit OwnWorkload(const Options& options)
      : options_(options), runtime_{options.root, options.systemd_cgroup, [](const std::string&) {}} {}

  int exit_code_of(const Error& error) const override { return container::exit_code_of(error); }
  bool owns_process() const override { return true; }

  Result<uint64_t> oom_kills() const override {
    TRY(find_cgroup());
    return cgroup_->oom_kills();
  }

  Result<Fd> oom_events() const override {
    TRY(find_cgroup());
    return cgroup_->oom_events();
  }

 private:
  Result<void> find_cgroup() const {
    if (cgroup_) return {};
    TRY_ASSIGN(cgroup_, container::cgroup_of(runtime_, options_.id));
    return {};
  }

  mutable std::optional<cgroup::Cgroup> cgroup_;

 protected:
  const Options& options_;
  container::Runtime runtime_;
};

class OwnContainer : public OwnWorkload {
 public:
  using OwnWorkload::OwnWorkload;

  Result<Launched> create(const std::array<int, 3>& stdio) override {
    container::CreateOptions wish;
    wish.id = options_.id;
    TRY_ASSIGN(wish.bundle, container::load_bundle(options_.bundle));
    wish.stdio.fds = stdio;
    wish.no_pivot = options_.no_pivot;
    wish.no_new_keyring = options_.no_new_keyring;
    const bool terminal = wish.bundle.spec.process && wish.bundle.spec.process->terminal;
    ConsolePair console;
    if (terminal) {
      TRY_ASSIGN(console, make_console_pair());
      wish.stdio.console_socket = console.far.get();
    }
    TRY_ASSIGN(const container::Child child, container::create(runtime_, wish));
    created_ = true;
    Launched launched{child.pid, Fd()};
    if (terminal) {
      TRY_ASSIGN(launched.terminal, receive_terminal(console.near.get()));
    }
    return launched;
  }

  Result<Launched> start(const TerminalSize&) override {
    TRY(container::start(runtime_, options_.id));
    return Launched{};
  }

  Result<void> remove() override {
    if (!created_) return {};
    return container::remove(runtime_, options_.id, true);
  }

 private:
  bool created_ = false;  // else the id may be another container's, which is not ours to remove
};

class OwnExec : public OwnWorkload {
 public:
  using OwnWorkload::OwnWorkload;

  Result<Launched> create(const std::array<int, 3>& stdio) override {
    TRY_ASSIGN(const std::string text, read_file(AT_FDCWD, options_.exec_process));
    TRY_ASSIGN(process_, parse_process(text, options_.exec_process));
    stdio_ = stdio;
    return Launched{};
  }

  Result<Launched> start(const TerminalSize& size) override {
    container::ExecOptions wish;
    wish.id = options_.id;
    wish.process = std::move(process_);
    if (size.is_set()) {
      wish.process.console_size = {static_cast<uint16_t>(size.rows), static_cast<uint16_t>(size.columns)};
    }
    wish.stdio.fds = stdio_;
    const bool terminal = wish.process.terminal;
    ConsolePair console;
    if (terminal) {
      TRY_ASSIGN(console, make_console_pair());
      wish.stdio.console_socket = console.far.get();
    }
    TRY_ASSIGN(const container::Child child, container::exec(runtime_, wish));
    Launched launched{child.pid, Fd()};
    if (terminal) {
      TRY_ASSIGN(launched.terminal, receive_terminal(console.near.get()));
    }
    return launched;
  }

  Result<void> remove() override { return {}; }

 private:
  spec::Process process_;
  std::array<int, 3> stdio_{};
};

}  // namespace

std::unique_ptr<Workload> make_own_workload(const Options& options) {
  if (options.is_exec()) return std::make_unique<OwnExec>(options);
  return std::make_unique<OwnContainer>(options);
}

}  // namespace slipway::monitor

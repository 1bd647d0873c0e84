// What happens to a container after create, and what can be asked about it.
#include <dirent.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <memory>

#include "core/container/container.h"
#include "core/container/hooks.h"
#include "core/container/start.h"
#include "core/files.h"
#include "core/kernel.h"
#include "core/rdt.h"

namespace slipway::container {
namespace {

using Lock = StateDirectory::Lock;

constexpr int end_patience = 10'000;  // milliseconds

// A container, its status worked out.
struct Known {
  StateDirectory directory;
  State state;
};

Result<Known> find(const Runtime& runtime, const std::string& id, Lock lock) {
  TRY_ASSIGN(StateDirectory directory, StateDirectory::open(runtime.root, id, lock));
  auto state = directory.load();
  if (!state && state.error().code == ENOENT) {
    // create is at its very beginning, or was killed there.
    State beginning;
    beginning.id = id;
    beginning.status = Status::creating;
    return Known{std::move(directory), std::move(beginning)};
  }
  if (!state) return std::move(state.error());
  state->status = directory.status_of(*state);
  return Known{std::move(directory), *std::move(state)};
}

Error wrong_status(const State& state, const std::string& what, const std::string& way_out) {
  return Error::invalid("cannot " + what + " container '" + state.id + "'",
                        "it is " + std::string(to_string(state.status)) + (way_out.empty() ? "" : "; " + way_out));
}

bool alive(Status status) {
  return status == Status::created || status == Status::running || status == Status::paused;
}

// The first process, held so that the number can't come to mean another one.
Result<Fd> hold_init(const State& state) {
  Fd pidfd(kernel::pidfd_open(state.pid));
  if (!pidfd && errno != ENOSYS) return Error::system("pidfd_open", std::to_string(state.pid));
  if (start_time_of(state.pid) != state.pid_start_time)
    return Error::from_errno(ESRCH, "signal", std::to_string(state.pid));
  return pidfd;
}

Result<void> signal_init(const State& state, int signal) {
  TRY_ASSIGN(const Fd pidfd, hold_init(state));
  const int failed = pidfd ? kernel::pidfd_send_signal(pidfd.get(), signal) : ::kill(state.pid, signal);
  if (failed != 0) return Error::system("kill", std::to_string(state.pid));
  return {};
}

// Ends every process of the container and waits for the first one's end.
Result<void> end_processes(const State& state) {
  const cgroup::Cgroup cgroup = cgroup::Cgroup::restore(state.cgroup);
  if (state.pid != 0 && alive(state.status)) {
    const Result<Fd> pidfd = hold_init(state);
    auto killed = signal_init(state, SIGKILL);
    if (!killed && killed.error().code != ESRCH) return killed;
    if (state.status == Status::paused) TRY(cgroup.thaw());
    if (state.cgroup_known) TRY(cgroup.kill_all(SIGKILL));
    if (pidfd && *pidfd) {
      pollfd ended{pidfd->get(), POLLIN, 0};
      if (retry([&] { return ::poll(&ended, 1, end_patience); }) == 0)
        return Error::invalid("kill", "process " + std::to_string(state.pid) + " doesn't die");
    } else if (pidfd) {
      // Before 5.3 nothing tells of the end of another's child.
      for (int waited = 0; start_time_of(state.pid) == state.pid_start_time; ++waited) {
        if (waited == end_patience)
          return Error::invalid("kill", "process " + std::to_string(state.pid) + " doesn't die");
        ::usleep(1000);
      }
    }
    return {};
  }
  if (state.cgroup_known) TRY(cgroup.kill_all(SIGKILL));
  return {};
}

Result<void> clean_up(const Runtime& runtime, const Known& known) {
  const State& state = known.state;
  if (state.cgroup_known || !state.cgroup.empty()) {
    cgroup::Cgroup cgroup = cgroup::Cgroup::restore(state.cgroup);
    bool ours = state.cgroup_known;
    if (!ours) {
      // Planned, perhaps made, never entered: if somebody is in there, it is somebody else's.
      const auto members = cgroup.pids();
      ours = members && members->empty();
    }
    if (ours) TRY(cgroup.destroy());
  }
  if (!state.intel_rdt_clos.empty()) TRY(rdt::remove(state.intel_rdt_clos));
  const auto spec = known.directory.load_spec();
  TRY(known.directory.remove());
  if (!spec || state.pid == 0) return {};
  State last = state;
  last.status = Status::stopped;
  // The container is gone; what its hooks think of that is worth a warning.
  for (size_t i = 0; i < spec->hooks.poststop.size(); ++i) {
    auto done = run_hooks({spec->hooks.poststop[i]}, "hooks.poststop", to_oci_json(last), last.bundle);
    if (!done) runtime.warn(done.error().message);
  }
  return {};
}

}  // namespace

int exit_code_of(const Error& error) {
  const bool program = error.step == "exec";
  if (program && (error.code == ENOENT || error.code == ENOTDIR)) return 127;
  if (program && (error.code == EACCES || error.code == ENOEXEC || error.code == EISDIR || error.code == EPERM ||
                  error.code == ELOOP))
    return 126;
  return 125;
}

Result<void> after_start(State state, const spec::Spec& spec) {
  state.status = Status::running;
  auto done = run_hooks(spec.hooks.poststart, "hooks.poststart", to_oci_json(state), state.bundle);
  if (done) return {};
  // runtime-spec, lifecycle: the container is stopped then.
  auto ended = signal_init(state, SIGKILL);
  (void)ended;
  return done;
}

Result<void> start(const Runtime& runtime, const std::string& id) {
  TRY_ASSIGN(const Known known, find(runtime, id, Lock::exclusive));
  if (known.state.status != Status::created) return wrong_status(known.state, "start", "");
  TRY(send_start(known.directory));
  TRY_ASSIGN(const spec::Spec spec, known.directory.load_spec());
  return after_start(known.state, spec);
}

Result<void> kill(const Runtime& runtime, const std::string& id, int signal, bool all) {
  TRY_ASSIGN(const Known known, find(runtime, id, Lock::none));
  const State& state = known.state;
  if (all && state.cgroup_known) return cgroup::Cgroup::restore(state.cgroup).kill_all(signal);
  if (!alive(state.status)) {
    Error error = wrong_status(state, "kill", "");
    // Docker and containerd look for these words.
    error.message = "container not running: " + error.message;
    return error;
  }
  auto sent = signal_init(state, signal);
  if (!sent && sent.error().code == ESRCH) {
    Error error = std::move(sent.error());
    error.message = "container not running: " + error.message;
    return error;
  }
  TRY(std::move(sent));
  // A frozen process of cgroup v1 dies only when it is thawed; Podman and Docker wait for its end.
  if (signal == SIGKILL && state.status == Status::paused) return cgroup::Cgroup::restore(state.cgroup).thaw();
  return {};
}

Result<void> remove(const Runtime& runtime, const std::string& id, bool force) {
  auto known = find(runtime, id, Lock::exclusive);
  if (!known) {
    if (force && known.error().code == ENOENT) return {};
    return std::move(known.error());
  }
  if (known->state.status != Status::stopped) {
    if (!force && known->state.status != Status::creating)
      return wrong_status(known->state, "delete", "stop it first, or delete it with --force");
    TRY(end_processes(known->state));
  } else if (known->state.cgroup_known) {
    // Without a pid namespace of its own, others may still run.
    TRY(cgroup::Cgroup::restore(known->state.cgroup).kill_all(SIGKILL));
  }
  return clean_up(runtime, *known);
}

Result<void> pause(const Runtime& runtime, const std::string& id) {
  TRY_ASSIGN(const Known known, find(runtime, id, Lock::exclusive));
  if (known.state.status != Status::running && known.state.status != Status::created)
    return wrong_status(known.state, "pause", "");
  return cgroup::Cgroup::restore(known.state.cgroup).freeze();
}

Result<void> resume(const Runtime& runtime, const std::string& id) {
  TRY_ASSIGN(const Known known, find(runtime, id, Lock::exclusive));
  if (known.state.status != Status::paused) return wrong_status(known.state, "resume", "");
  return cgroup::Cgroup::restore(known.state.cgroup).thaw();
}

Result<void> update(const Runtime& runtime, const std::string& id, const spec::Resources& resources) {
  TRY_ASSIGN(Known known, find(runtime, id, Lock::exclusive));
  if (!alive(known.state.status)) return wrong_status(known.state, "update", "");
  cgroup::Cgroup cgroup = cgroup::Cgroup::restore(known.state.cgroup);
  TRY(cgroup.apply(resources, false));
  known.state.cgroup = cgroup.saved();
  return known.directory.save(known.state);
}

Result<std::vector<pid_t>> processes(const Runtime& runtime, const std::string& id) {
  TRY_ASSIGN(const Known known, find(runtime, id, Lock::none));
  const cgroup::Cgroup cgroup = cgroup::Cgroup::restore(known.state.cgroup);
  if (!cgroup.empty()) return cgroup.pids();
  if (!alive(known.state.status)) return std::vector<pid_t>();
  return std::vector<pid_t>{known.state.pid};
}

Result<State> state(const Runtime& runtime, const std::string& id) {
  TRY_ASSIGN(Known known, find(runtime, id, Lock::none));
  return std::move(known.state);
}

Result<std::vector<State>> list(const Runtime& runtime) {
  std::vector<State> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(runtime.root.c_str()), ::closedir);
  if (!listing) return errno == ENOENT ? Result(all) : Error::system("open", runtime.root);
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string id = entry->d_name;
    if (!check_id(id)) continue;
    auto known = find(runtime, id, Lock::none);
    // Removed meanwhile, or something else that lies there.
    if (known) all.push_back(std::move(known->state));
  }
  std::sort(all.begin(), all.end(), [](const State& a, const State& b) { return a.id < b.id; });
  return all;
}

Result<cgroup::Cgroup> cgroup_of(const Runtime& runtime, const std::string& id) {
  TRY_ASSIGN(const Known known, find(runtime, id, Lock::none));
  return cgroup::Cgroup::restore(known.state.cgroup);
}

}  // namespace slipway::container

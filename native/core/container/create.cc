// create and run: a container from its bundle. Whatever fails, everything made so far is taken away again.
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <ctime>

#include "core/container/container.h"
#include "core/container/hooks.h"
#include "core/container/net_devices.h"
#include "core/container/prepare.h"
#include "core/container/start.h"
#include "core/fd_passing.h"
#include "core/files.h"
#include "core/kernel.h"
#include "core/rdt.h"

namespace slipway::container {
namespace {

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  std::array<char, 64> text{};
  const size_t length = ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text.data() + length, text.size() - length, ".%09ldZ", time.tv_nsec);
  return text.data();
}

// A container in the making. Unless it is kept, it is undone.
class Creation {
 public:
  Creation(const Runtime& runtime, const CreateOptions& options, bool start_at_once)
      : runtime_(runtime), options_(options), bundle_(options.bundle), start_at_once_(start_at_once) {}
  ~Creation() {
    if (!kept_) undo();
  }
  Creation(const Creation&) = delete;
  Creation& operator=(const Creation&) = delete;

  Result<Child> make() {
    TRY(check_id(options_.id));
    TRY_ASSIGN(Setup setup, prepare(options_));
    TRY_ASSIGN(directory_, StateDirectory::make(runtime_.root, options_.id));
    // The container's own copy: what happens to the bundle from here on doesn't matter.
    TRY(directory_->write("config.json", bundle_.text));
    TRY(prepare_state(setup));
    TRY_ASSIGN(setup.process,
               prepare_process(runtime_, *bundle_.spec.process, bundle_.spec.linux.seccomp, options_.stdio));
    TRY(prepare_rest(setup));
    TRY(make_cgroup(setup));
    TRY(spawn_child(setup));
    TRY(help_child(setup));
    TRY(let_child_go(setup));
    kept_ = true;
    return std::move(child_);
  }

 private:
  Result<void> prepare_state(Setup& setup) {
    state_.id = options_.id;
    state_.oci_version = bundle_.spec.oci_version;
    state_.bundle = bundle_.path;
    state_.rootfs = setup.rootfs;
    state_.annotations = bundle_.spec.annotations;
    state_.created = now();
    state_.owner = ::geteuid();
    state_.user_namespace = setup.new_user_namespace || setup.namespaces.joins(CLONE_NEWUSER);
    state_.status = Status::creating;
    setup.state = state_;
    return {};
  }

  Result<void> prepare_rest(Setup& setup) {
    setup.process.enters_user_namespace = state_.user_namespace;
    if (!start_at_once_) {
      TRY_ASSIGN(setup.start_socket, make_start_socket(*directory_));
    }
    if (setup.process.seccomp && setup.process.seccomp->notify) {
      auto agent = connect_unix(bundle_.spec.linux.seccomp->listener_path, SOCK_STREAM);
      if (!agent) return std::move(agent.error()).with_context("linux.seccomp.listenerPath");
      setup.agent_socket = *std::move(agent);
    }
    // Descriptors of the creator that the child must not keep until its program runs, above all the lock.
    setup.lock_fd = directory_->fd();
    return {};
  }

  Result<void> make_cgroup(Setup& setup) {
    cgroup::Options options;
    options.id = options_.id;
    options.cgroups_path = bundle_.spec.linux.cgroups_path;
    options.systemd = runtime_.systemd_cgroup;
    options.rootless = ::geteuid() != 0 || in_user_namespace();
    options.annotations = bundle_.spec.annotations;
    TRY_ASSIGN(cgroup_, cgroup::Cgroup::plan(options));
    state_.cgroup = cgroup_->saved();
    // Written down before it exists, so that it is found even if this process is killed now.
    TRY(directory_->add(state_));
    const spec::Resources* resources = bundle_.spec.linux.resources ? &*bundle_.spec.linux.resources : nullptr;
    TRY(cgroup_->make(resources));
    // From here on whoever is in there is ours.
    state_.cgroup = cgroup_->saved();
    state_.cgroup_known = true;
    TRY(directory_->add(state_));
    if (resources != nullptr && !cgroup_->needs_attach()) TRY(cgroup_->apply(*resources, true));
    setup.cgroup = cgroup_->saved();
    setup.wait_for_creator = cgroup_->needs_attach() || setup.new_user_namespace;
    return {};
  }

  Result<void> spawn_child(Setup& setup) {
    // An ordinary user without newgidmap can map one group only after giving up setgroups(2); see map_ids().
    setup.process.deny_setgroups = setup.new_user_namespace && ::geteuid() != 0 &&
                                   bundle_.spec.linux.gid_mappings.size() == 1 &&
                                   bundle_.spec.linux.gid_mappings[0].size == 1;
    TRY_ASSIGN(Pair wire, Wire::make());
    std::optional<cgroup::Entrance> entrance;
    if (!cgroup_->needs_attach()) {
      TRY_ASSIGN(entrance, cgroup_->entrance());
    }
    const int creator_end = wire.creator.get();
    const int child_end = wire.child.get();
    TRY_ASSIGN(Spawned spawned, spawn(setup.namespaces, entrance ? &*entrance : nullptr, [&](Result<void> in_cgroup) {
                 ::close(creator_end);
                 ::close(setup.lock_fd);
                 return child_main(setup, Wire(child_end), std::move(in_cgroup));
               }));
    child_.pid = spawned.pid;
    child_.pidfd = std::move(spawned.pidfd);
    wire_ = std::move(wire.creator);
    return {};
  }

  // What the child can't do itself, from its user ids to the hooks of the host.
  Result<void> help_child(Setup& setup) {
    const Wire wire(wire_.get());
    const spec::Linux& linux = bundle_.spec.linux;
    if (setup.new_user_namespace) TRY(map_ids(child_.pid, linux.uid_mappings, linux.gid_mappings));
    if (bundle_.spec.process->oom_score_adj && state_.user_namespace)
      TRY(write_file(AT_FDCWD, "/proc/" + std::to_string(child_.pid) + "/oom_score_adj",
                     std::to_string(*bundle_.spec.process->oom_score_adj)));
    if (cgroup_->needs_attach()) {
      TRY(cgroup_->attach(child_.pid));
      if (linux.resources) TRY(cgroup_->apply(*linux.resources, true));
    }
    if (linux.intel_rdt) {
      TRY_ASSIGN(const rdt::Group group, rdt::make(*linux.intel_rdt, options_.id));
      if (group.ours) state_.intel_rdt_clos = group.path;
      TRY(rdt::add(group, child_.pid));
    }
    state_.cgroup = cgroup_->saved();
    state_.pid = child_.pid;
    state_.pid_start_time = start_time_of(child_.pid);
    if (setup.wait_for_creator) TRY(or_child_error(wire.send(Signal::mapped)));
    if (!setup.runs_hooks) return {};
    TRY(wire.expect(Signal::namespaces_ready));
    TRY(move_net_devices(linux.net_devices, child_.pid));
    const std::string json = to_oci_json(state_);
    TRY(run_hooks(bundle_.spec.hooks.prestart, "hooks.prestart", json, state_.bundle));
    TRY(run_hooks(bundle_.spec.hooks.create_runtime, "hooks.createRuntime", json, state_.bundle));
    return or_child_error(wire.send(Signal::hooks_ran));
  }

  // Everything is written down; the child may outlive us now.
  Result<void> let_child_go(const Setup& setup) {
    const Wire wire(wire_.get());
    if (!start_at_once_) TRY(wire.expect(Signal::prepared));
    state_.status = Status::created;
    TRY(directory_->add(state_));
    if (!options_.pid_file.empty()) TRY(write_pid_file());
    TRY(or_child_error(wire.send(Signal::commit)));
    if (!start_at_once_) return {};
    TRY(wire.expect_end());
    return after_start(state_, bundle_.spec);
  }

  // A child that has gone has said why before.
  Result<void> or_child_error(Result<void> sent) const {
    if (sent) return sent;
    auto said = Wire(wire_.get()).expect_end();
    return said ? std::move(sent) : std::move(said);
  }

  Result<void> write_pid_file() {
    const std::string temporary = options_.pid_file + ".new";
    auto written = write_file(AT_FDCWD, temporary, std::to_string(child_.pid), O_CREAT | O_TRUNC, 0644);
    if (written && ::rename(temporary.c_str(), options_.pid_file.c_str()) != 0)
      written = Error::system("rename", options_.pid_file);
    if (!written) {
      ::unlink(temporary.c_str());
      return std::move(written.error()).with_context("--pid-file");
    }
    return {};
  }

  void undo() {
    if (child_.pid > 0) {
      ::kill(child_.pid, SIGKILL);
      retry([&] { return ::waitpid(child_.pid, nullptr, 0); });
    }
    if (cgroup_ && state_.cgroup_known) {
      warn_if_failed(cgroup_->kill_all(SIGKILL));
      warn_if_failed(cgroup_->destroy());
    }
    if (!state_.intel_rdt_clos.empty()) warn_if_failed(rdt::remove(state_.intel_rdt_clos));
    if (child_.pid > 0) {
      state_.status = Status::stopped;
      warn_if_failed(run_hooks(bundle_.spec.hooks.poststop, "hooks.poststop", to_oci_json(state_), state_.bundle));
    }
    if (directory_) warn_if_failed(directory_->remove());
  }

  void warn_if_failed(const Result<void>& result) const {
    if (!result) runtime_.warn("clean up: " + result.error().message);
  }

  const Runtime& runtime_;
  const CreateOptions& options_;
  const Bundle& bundle_;
  const bool start_at_once_;
  std::optional<StateDirectory> directory_;
  std::optional<cgroup::Cgroup> cgroup_;
  State state_;
  Child child_;
  Fd wire_;
  bool kept_ = false;
};

}  // namespace

Result<Child> create(const Runtime& runtime, const CreateOptions& options) {
  return Creation(runtime, options, false).make();
}

Result<Child> run(const Runtime& runtime, const CreateOptions& options) {
  return Creation(runtime, options, true).make();
}

}  // namespace slipway::container

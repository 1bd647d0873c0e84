// exec: another process in a container.
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/container/console.h"
#include "core/container/container.h"
#include "core/container/memory_policy.h"
#include "core/container/prepare.h"
#include "core/container/process.h"
#include "core/container/seccomp_agent.h"
#include "core/container/start.h"
#include "core/fd_passing.h"
#include "core/files.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

// Everything that the new process needs, worked out before it exists.
struct ExecSetup {
  const spec::Spec* spec = nullptr;
  ProcessSetup process;
  Trusted trusted;
  Namespaces namespaces;
  State state;
  std::string keyring;
  Fd agent_socket;
  bool wait_for_creator = false;
};

// The namespaces of the first process that are not the caller's own.
Result<Namespaces> namespaces_of(const State& state, int pidfd) {
  Namespaces namespaces;
  std::vector<spec::Namespace> paths;
  using enum spec::NamespaceType;
  constexpr std::pair<spec::NamespaceType, const char*> all[] = {{user, "user"}, {pid, "pid"},  {network, "net"},
                                                                 {ipc, "ipc"},   {uts, "uts"},  {cgroup, "cgroup"},
                                                                 {time, "time"}, {mount, "mnt"}};
  for (const auto& [type, name] : all) {
    const std::string path = "/proc/" + std::to_string(state.pid) + "/ns/" + name;
    if (::access(path.c_str(), F_OK) == 0) paths.push_back({type, path});
  }
  TRY_ASSIGN(namespaces, prepare_namespaces(paths));
  // All were opened while the process that they are read from was still the one that is meant.
  const bool same = pidfd >= 0 ? kernel::pidfd_send_signal(pidfd, 0) == 0
                               : start_time_of(state.pid) == state.pid_start_time;  // before 5.3
  if (!same) return Error::from_errno(ESRCH, "find the container's first process");
  return namespaces;
}

Result<void> become_root(const ExecSetup& setup) {
  if (!setup.process.enters_user_namespace) return {};
  if (::setresgid(0, 0, 0) != 0) return Error::system("setgid 0 in the user namespace");
  if (::setresuid(0, 0, 0) != 0) return Error::system("setuid 0 in the user namespace");
  return {};
}

Result<void> set_affinity(const std::string& list, const char* field) {
  if (list.empty()) return {};
  cpu_set_t cpus{};
  std::array<unsigned long, sizeof(cpu_set_t) / sizeof(unsigned long)> mask{};
  if (!set_bits(list, mask)) return Error::invalid(field, "names a CPU above 1023");
  memcpy(&cpus, mask.data(), sizeof(cpus));
  if (::sched_setaffinity(0, sizeof(cpus), &cpus) != 0) return Error::system("sched_setaffinity").with_context(field);
  return {};
}

Result<void> exec_main(const ExecSetup& setup, const Wire& wire, Result<void> in_cgroup) {
  TRY(std::move(in_cgroup));
  if (const auto& affinity = setup.process.process->exec_cpu_affinity)
    TRY(set_affinity(affinity->initial, "process.execCPUAffinity.initial"));
  if (setup.wait_for_creator) TRY(wire.expect(Signal::mapped));
  TRY(begin_process(setup.process, setup.trusted, setup.keyring));
  TRY(become_root(setup));
  TRY(join_rest(setup.namespaces));
  if (setup.namespaces.joins(CLONE_NEWNS) && ::chdir("/") != 0) return Error::system("chdir", "/");
  if (setup.spec->linux.personality) ::syscall(SYS_personality, *setup.spec->linux.personality);
  if (setup.spec->linux.memory_policy) TRY(set_memory_policy(*setup.spec->linux.memory_policy));
  Fd slave;
  if (setup.process.process->terminal) {
    const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    TRY_ASSIGN(slave, open_console(setup.process, Inside(root.get())));
  }
  TRY_ASSIGN(const Program program, become_process(setup.process, setup.trusted, slave.get()));
  if (const auto& affinity = setup.process.process->exec_cpu_affinity)
    TRY(set_affinity(affinity->final, "process.execCPUAffinity.final"));
  TRY(wire.expect(Signal::commit));
  std::string agent_message;
  if (setup.agent_socket) {
    const State own = with_own_pid(setup.state, setup.trusted);
    agent_message = agent_state(setup.state, own.pid, setup.spec->linux.seccomp->listener_metadata);
  }
  return execute(setup.process, program,
                 [&](int listener) { return send_to_agent(setup.agent_socket.get(), agent_message, listener); });
}

Result<cgroup::Cgroup> choose_cgroup(const State& state, const std::string& below) {
  cgroup::Saved saved = state.cgroup;
  if (below.empty() || below == "/") return cgroup::Cgroup::restore(std::move(saved));
  // "path", or "controller:path" for one v1 controller.
  const size_t colon = below.find(':');
  const std::string controller = colon == std::string::npos ? "" : below.substr(0, colon);
  const std::string path = colon == std::string::npos ? below : below.substr(colon + 1);
  if (("/" + path + "/").find("/../") != std::string::npos)
    return Error::invalid("--cgroup", "'" + below + "' leads out of the container's cgroup");
  bool found = false;
  for (auto& [controllers, directory] : saved.paths) {
    if (!controller.empty() && ("," + controllers + ",").find("," + controller + ",") == std::string::npos) continue;
    directory += (path.starts_with('/') ? "" : "/") + path;
    found = true;
  }
  if (!found) return Error::invalid("--cgroup", "the container has no cgroup '" + below + "'");
  return cgroup::Cgroup::restore(std::move(saved));
}

void end_child(pid_t pid) {
  ::kill(pid, SIGKILL);
  retry([&] { return ::waitpid(pid, nullptr, 0); });
}

Result<void> finish(const ExecOptions& options, const ExecSetup& setup, cgroup::Cgroup& cgroup, const Child& child,
                    int wire_fd) {
  const Wire wire(wire_fd);
  if (cgroup.needs_attach()) TRY(cgroup.attach(child.pid));
  if (setup.process.process->oom_score_adj && setup.process.enters_user_namespace)
    TRY(write_file(AT_FDCWD, "/proc/" + std::to_string(child.pid) + "/oom_score_adj",
                   std::to_string(*setup.process.process->oom_score_adj)));
  if (setup.wait_for_creator) TRY(wire.send(Signal::mapped));
  if (!options.pid_file.empty())
    TRY(write_file(AT_FDCWD, options.pid_file, std::to_string(child.pid), O_CREAT | O_TRUNC, 0644));
  // A child that has gone already has said why.
  const auto sent = wire.send(Signal::commit);
  (void)sent;
  return wire.expect_end();
}

}  // namespace

Result<Child> exec(const Runtime& runtime, const ExecOptions& options) {
  TRY_ASSIGN(const StateDirectory directory,
             StateDirectory::open(runtime.root, options.id, StateDirectory::Lock::none));
  ExecSetup setup;
  TRY_ASSIGN(setup.state, directory.load());
  setup.state.status = directory.status_of(setup.state);
  const Status status = setup.state.status;
  if (status == Status::paused && !options.ignore_paused)
    return Error::invalid("cannot exec in container '" + options.id + "'", "it is paused; resume it first");
  if (status != Status::running && status != Status::created && status != Status::paused)
    return Error::invalid("cannot exec in container '" + options.id + "'", "it is " + std::string(to_string(status)));
  TRY_ASSIGN(const spec::Spec spec, directory.load_spec());
  setup.spec = &spec;
  const Fd init(kernel::pidfd_open(setup.state.pid));
  if (start_time_of(setup.state.pid) != setup.state.pid_start_time)
    return Error::from_errno(ESRCH, "find the container's first process");
  TRY_ASSIGN(setup.process, prepare_process(runtime, options.process, spec.linux.seccomp, options.stdio));
  TRY_ASSIGN(setup.trusted, Trusted::open());
  TRY_ASSIGN(setup.namespaces, namespaces_of(setup.state, init.get()));
  setup.process.enters_user_namespace = setup.namespaces.joins(CLONE_NEWUSER);
  if (setup.process.enters_user_namespace) {
    const auto setgroups = read_file(AT_FDCWD, "/proc/" + std::to_string(setup.state.pid) + "/setgroups", 64);
    setup.process.deny_setgroups = setgroups && setgroups->starts_with("deny");
  }
  setup.keyring = "_ses." + options.id;
  if (setup.process.seccomp && setup.process.seccomp->notify) {
    TRY_ASSIGN(setup.agent_socket, connect_unix(spec.linux.seccomp->listener_path, SOCK_STREAM));
  }

  TRY_ASSIGN(cgroup::Cgroup cgroup, choose_cgroup(setup.state, options.cgroup));
  std::optional<cgroup::Entrance> entrance;
  if (!cgroup.needs_attach()) {
    TRY_ASSIGN(entrance, cgroup.entrance(setup.state.pid));
  }
  setup.wait_for_creator =
      cgroup.needs_attach() || (setup.process.enters_user_namespace && options.process.oom_score_adj);
  TRY_ASSIGN(Pair wire, Wire::make());
  const int creator_end = wire.creator.get();
  const int child_end = wire.child.get();
  TRY_ASSIGN(Spawned spawned, spawn(setup.namespaces, entrance ? &*entrance : nullptr, [&](Result<void> in_cgroup) {
               ::close(creator_end);
               const Wire back(child_end);
               const Result<void> failed = exec_main(setup, back, std::move(in_cgroup));
               if (!failed) back.send(failed.error());
               return 1;
             }));
  wire.child.reset();
  Child child{spawned.pid, std::move(spawned.pidfd)};
  auto done = finish(options, setup, cgroup, child, wire.creator.get());
  if (!done) {
    end_child(child.pid);
    return std::move(done.error());
  }
  return child;
}

}  // namespace slipway::container

// The first process of a container, from its birth in new namespaces to its program. Reads from top to bottom.
#include <grp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>

#include "core/container/console.h"
#include "core/container/hooks.h"
#include "core/container/memory_policy.h"
#include "core/container/process.h"
#include "core/container/rootfs.h"
#include "core/container/seccomp_agent.h"
#include "core/container/start.h"
#include "core/files.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

// The host's root, as mapped: what a new user namespace's first process is only once it says so.
Result<void> become_root(const Setup& setup) {
  if (!setup.process.enters_user_namespace) return {};
  if (::setresgid(0, 0, 0) != 0) return Error::system("setgid 0 in the user namespace");
  if (::setresuid(0, 0, 0) != 0) return Error::system("setuid 0 in the user namespace");
  if (!setup.process.deny_setgroups && ::setgroups(0, nullptr) != 0 && errno != EPERM)
    return Error::system("setgroups");
  return {};
}

Result<void> bring_loopback_up() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno == EAFNOSUPPORT ? Result<void>() : Error::system("socket");
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return Error::system("bring up", "lo");
  return {};
}

Result<void> settle_namespaces(const Setup& setup) {
  TRY(join_rest(setup.namespaces));
  if (setup.namespaces.new_cgroup && ::unshare(CLONE_NEWCGROUP) != 0)
    return Error::system("unshare the cgroup namespace");
  if (setup.namespaces.new_time) TRY(enter_new_time(setup.spec->linux.time_offsets, setup.trusted.proc.get()));
  if (setup.namespaces.makes(CLONE_NEWNET)) TRY(bring_loopback_up());
  const std::string& hostname = setup.spec->hostname;
  if (!hostname.empty() && ::sethostname(hostname.data(), hostname.size()) != 0)
    return Error::system("sethostname").with_context("hostname");
  const std::string& domainname = setup.spec->domainname;
  if (!domainname.empty() && ::setdomainname(domainname.data(), domainname.size()) != 0)
    return Error::system("setdomainname").with_context("domainname");
  return {};
}

// process.cwd, as images often name one that they don't have.
void make_working_directory(const Setup& setup, const Inside& rootfs) {
  const Result<Fd> made = rootfs.make_directory(setup.process.process->cwd);
  (void)made;  // chdir will say what is wrong
}

Result<void> take_personality(const spec::Linux& linux) {
  if (linux.personality && ::syscall(SYS_personality, *linux.personality) < 0)
    return Error::system("personality").with_context("linux.personality");
  if (linux.memory_policy) TRY(set_memory_policy(*linux.memory_policy));
  return {};
}

Result<void> set_up(const Setup& setup, const Wire& wire, Result<void> in_cgroup) {
  TRY(std::move(in_cgroup));
  ::umask(0);  // modes of devices and directories are meant as they are written
  if (setup.wait_for_creator) TRY(wire.expect(Signal::mapped));
  TRY(begin_process(setup.process, setup.trusted, setup.no_new_keyring ? "" : "_ses." + setup.id));
  TRY(become_root(setup));
  TRY(settle_namespaces(setup));
  if (setup.runs_hooks) {
    TRY(wire.send(Signal::namespaces_ready));
    TRY(wire.expect(Signal::hooks_ran));
  }

  TRY_ASSIGN(const Fd root, build_rootfs(setup));
  const Inside rootfs(root.get());
  make_working_directory(setup, rootfs);
  Fd slave;
  if (setup.process.process->terminal) {
    TRY_ASSIGN(slave, open_console(setup.process, rootfs));
    TRY(bind_console(slave.get(), rootfs));
  }
  if (!setup.spec->hooks.create_container.empty())
    TRY(run_hooks(setup.spec->hooks.create_container, "hooks.createContainer",
                  to_oci_json(with_own_pid(setup.state, setup.trusted)), setup.bundle));
  TRY(write_sysctls(setup));
  TRY(protect_rootfs(setup, rootfs));
  TRY(enter_rootfs(setup, root.get()));

  TRY(take_personality(setup.spec->linux));
  TRY_ASSIGN(const Program program, become_process(setup.process, setup.trusted, slave.get()));
  if (setup.start_socket) TRY(wire.send(Signal::prepared));
  TRY(wire.expect(Signal::commit));
  return run_program(setup, program);
}

}  // namespace

int child_main(const Setup& setup, const Wire& wire, Result<void> in_cgroup) {
  const Result<void> done = set_up(setup, wire, std::move(in_cgroup));
  if (!done) wire.send(done.error());
  return 1;
}

}  // namespace slipway::container

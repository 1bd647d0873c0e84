#include "core/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>

#include "core/files.h"
#include "core/kernel.h"

namespace slipway {
namespace {

struct Kind {
  spec::NamespaceType type;
  uint64_t flag;
  std::string_view name;       // the specification's
  std::string_view proc_name;  // in /proc/PID/ns
};

// In the order of joining: the user namespace gives the rights for the others.
constexpr Kind kinds[] = {
    {spec::NamespaceType::user, CLONE_NEWUSER, "user", "user"},
    {spec::NamespaceType::pid, CLONE_NEWPID, "pid", "pid"},
    {spec::NamespaceType::network, CLONE_NEWNET, "network", "net"},
    {spec::NamespaceType::ipc, CLONE_NEWIPC, "ipc", "ipc"},
    {spec::NamespaceType::uts, CLONE_NEWUTS, "uts", "uts"},
    {spec::NamespaceType::cgroup, CLONE_NEWCGROUP, "cgroup", "cgroup"},
    {spec::NamespaceType::time, kernel::clone_newtime, "time", "time"},
    {spec::NamespaceType::mount, CLONE_NEWNS, "mount", "mnt"},
};

const Kind& kind_of(spec::NamespaceType type) {
  for (const Kind& kind : kinds)
    if (kind.type == type) return kind;
  __builtin_unreachable();
}

Result<std::optional<Join>> open_namespace(const spec::Namespace& wanted, const Kind& kind) {
  const std::string field = "linux.namespaces (" + std::string(kind.name) + ")";
  Fd fd(::open(wanted.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::system("open", wanted.path).with_context(field);
  const int type = ::ioctl(fd.get(), NS_GET_NSTYPE);
  if (type < 0) return Error::invalid(field, "'" + wanted.path + "' is no namespace");
  if (type != static_cast<int>(kind.flag))
    return Error::invalid(field, "'" + wanted.path + "' is a namespace of another type");
  struct stat its {};
  struct stat ours {};
  const std::string own = "/proc/self/ns/" + std::string(kind.proc_name);
  if (::fstat(fd.get(), &its) == 0 && ::stat(own.c_str(), &ours) == 0 && its.st_ino == ours.st_ino)
    return std::optional<Join>();
  return std::optional(Join{std::move(fd), static_cast<int>(kind.flag), field});
}

// The process that clone3 makes; `flags` beyond namespaces come with it.
pid_t clone_process(uint64_t flags, int exit_signal, int cgroup_fd) {
  clone_args arguments{};
  arguments.flags = flags;
  arguments.exit_signal = static_cast<uint64_t>(exit_signal);
  if (cgroup_fd >= 0) {
    arguments.flags |= kernel::clone_into_cgroup;
    arguments.cgroup = static_cast<uint64_t>(cgroup_fd);
  }
  return kernel::clone3(arguments);
}

struct Cloned {
  pid_t pid = -1;
  bool into_cgroup = false;  // the v2 tree's
};

// A new process is put into its cgroup at once: moving one that runs stops every fork on the machine for an RCU grace
// period (ten milliseconds and more).
Cloned clone_into_cgroup(uint64_t flags, const cgroup::Entrance* entrance) {
  const int cgroup_fd = entrance == nullptr ? -1 : entrance->clone_fd();
  if (cgroup_fd >= 0) {
    const pid_t pid = clone_process(flags, SIGCHLD, cgroup_fd);
    if (pid >= 0 || (errno != ENOSYS && errno != E2BIG && errno != EINVAL)) return {pid, true};
  }
  return {clone_process(flags, SIGCHLD, -1), false};  // before 5.7
}

Result<void> enter(const cgroup::Entrance* entrance, bool cloned_into) {
  if (entrance == nullptr) return {};
  const char* failed = nullptr;
  if (const int code = entrance->enter(cloned_into, &failed); code != 0)
    return Error::from_errno(code, "join the cgroup", failed == nullptr ? "" : failed);
  return {};
}

// What the intermediate process of a staged spawn reports: the pid, or an error.
struct Report {
  pid_t pid = -1;
  int code = 0;
  std::array<char, 240> what{};
};

Report stage(const Namespaces& namespaces, const cgroup::Entrance* entrance, bool cloned_into, const Body& body) {
  Report report;
  const auto fail = [&](int code, const std::string& what) {
    report.code = code;
    what.copy(report.what.data(), report.what.size() - 1);
    return report;
  };
  if (auto entered = enter(entrance, cloned_into); !entered)
    return fail(entered.error().code, "join the cgroup '" + entered.error().path + "'");
  for (const Join& join : namespaces.joined) {
    const int types = join.types & (CLONE_NEWUSER | CLONE_NEWPID);
    if (types != 0 && ::setns(join.fd.get(), types) != 0) return fail(errno, "setns for " + join.name);
  }
  report.pid = clone_process(namespaces.made_by_clone | CLONE_PARENT, 0, -1);
  if (report.pid == 0) ::_exit(body({}));
  if (report.pid < 0) return fail(errno, "clone");
  return report;
}

Result<Spawned> spawn_staged(const Namespaces& namespaces, const cgroup::Entrance* entrance, const Body& body) {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return Error::system("pipe2");
  const Fd reader(fds[0]);
  Fd writer(fds[1]);
  const Cloned helper = clone_into_cgroup(0, entrance);
  if (helper.pid < 0) return Error::system("clone");
  if (helper.pid == 0) {
    const Report report = stage(namespaces, entrance, helper.into_cgroup, body);
    const ssize_t written = ::write(writer.get(), &report, sizeof(report));
    ::_exit(written == sizeof(report) ? 0 : 1);
  }
  writer.reset();
  Report report;
  const ssize_t length = retry([&] { return ::read(reader.get(), &report, sizeof(report)); });
  retry([&] { return ::waitpid(helper.pid, nullptr, 0); });
  if (length != sizeof(report)) return Error::from_errno(EPIPE, "start a process in joined namespaces");
  if (report.pid < 0) return Error::from_errno(report.code, report.what.data());
  return Spawned{report.pid, Fd()};
}

// Children of this thread are in the joined pid namespace from now on; the thread itself stays where it is. The
// descriptor leads back.
Result<Fd> aim_at_pids(const Namespaces& namespaces) {
  Fd own(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  if (!own) return Error::system("open", "/proc/self/ns/pid");
  for (const Join& join : namespaces.joined)
    if ((join.types & CLONE_NEWPID) != 0 && ::setns(join.fd.get(), CLONE_NEWPID) != 0)
      return Error::system("setns", join.name);
  return own;
}

// Whether this thread may aim its children elsewhere and back: not in a user namespace that has no pid namespace of its
// own, where rootless helpers are.
bool may_come_back() {
  const Fd own(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  return own && ::setns(own.get(), CLONE_NEWPID) == 0;
}

// exec of newuidmap or newgidmap.
Result<void> run_map_helper(const char* program, pid_t pid, const std::vector<spec::IdMapping>& mappings) {
  std::vector<std::string> words{program, std::to_string(pid)};
  for (const spec::IdMapping& mapping : mappings)
    for (const uint32_t number : {mapping.container_id, mapping.host_id, mapping.size})
      words.push_back(std::to_string(number));
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return Error::system("pipe2");
  const Fd reader(fds[0]);
  Fd writer(fds[1]);
  const pid_t helper = clone_process(0, SIGCHLD, -1);
  if (helper < 0) return Error::system("clone");
  if (helper == 0) {
    ::dup2(writer.get(), 2);
    ::execvp(program, arguments.data());
    const std::string message = std::string(strerror(errno));
    const ssize_t ignored = ::write(2, message.data(), message.size());
    ::_exit(ignored > 0 ? 127 : 126);
  }
  writer.reset();
  TRY_ASSIGN(std::string said, read_all(reader.get(), 65536, program));
  int status = 0;
  retry([&] { return ::waitpid(helper, &status, 0); });
  if (status == 0) return {};
  std::replace(said.begin(), said.end(), '\n', ' ');
  return Error::invalid(program, said.empty() ? "failed" : said);
}

std::string map_text(const std::vector<spec::IdMapping>& mappings) {
  std::string text;
  for (const spec::IdMapping& mapping : mappings)
    text += std::to_string(mapping.container_id) + " " + std::to_string(mapping.host_id) + " " +
            std::to_string(mapping.size) + "\n";
  return text;
}

}  // namespace

int clone_flag(spec::NamespaceType type) {
  return static_cast<int>(kind_of(type).flag);
}

std::string_view name_of(spec::NamespaceType type) {
  return kind_of(type).name;
}

bool Namespaces::joins(int type) const {
  return std::any_of(joined.begin(), joined.end(), [&](const Join& join) { return (join.types & type) != 0; });
}

Result<Namespaces> prepare_namespaces(const std::vector<spec::Namespace>& wanted) {
  Namespaces namespaces;
  for (const Kind& kind : kinds) {
    for (const spec::Namespace& entry : wanted) {
      if (entry.type != kind.type) continue;
      if (!entry.path.empty()) {
        TRY_ASSIGN(std::optional<Join> join, open_namespace(entry, kind));
        if (join) namespaces.joined.push_back(*std::move(join));
      } else if (entry.type == spec::NamespaceType::cgroup) {
        namespaces.new_cgroup = true;
      } else if (entry.type == spec::NamespaceType::time) {
        namespaces.new_time = true;
      } else {
        namespaces.made_by_clone |= kind.flag;
      }
    }
  }
  return namespaces;
}

Result<Spawned> spawn(const Namespaces& namespaces, const cgroup::Entrance* entrance, const Body& body) {
  Result<Spawned> spawned = Spawned{};
  // Everything new must belong to a joined user namespace, which takes a process in between. CLONE_PARENT makes its
  // child ours.
  if (namespaces.joins(CLONE_NEWUSER) || (namespaces.joins(CLONE_NEWPID) && !may_come_back())) {
    spawned = spawn_staged(namespaces, entrance, body);
    if (!spawned) return spawned;
  } else {
    Fd own_pids;
    if (namespaces.joins(CLONE_NEWPID)) {
      TRY_ASSIGN(own_pids, aim_at_pids(namespaces));
    }
    const Cloned cloned = clone_into_cgroup(namespaces.made_by_clone, entrance);
    const int code = errno;
    if (cloned.pid == 0) {
      ::_exit(body(enter(entrance, cloned.into_cgroup)));
    }
    spawned->pid = cloned.pid;
    if (own_pids && ::setns(own_pids.get(), CLONE_NEWPID) != 0) return Error::system("setns back to the own pids");
    if (cloned.pid < 0) return Error::from_errno(code, "clone");
  }
  spawned->pidfd = Fd(kernel::pidfd_open(spawned->pid));
  return spawned;
}

Result<void> join_rest(const Namespaces& namespaces) {
  for (const Join& join : namespaces.joined) {
    const int types = join.types & ~(CLONE_NEWUSER | CLONE_NEWPID);
    if (types != 0 && ::setns(join.fd.get(), types) != 0) return Error::system("setns", join.name);
  }
  return {};
}

Result<void> enter_new_time(const spec::TimeOffsets& offsets, int proc) {
  if (::unshare(static_cast<int>(kernel::clone_newtime)) != 0) return Error::system("unshare the time namespace");
  std::string text;
  const auto add = [&](const char* clock, const std::optional<spec::TimeOffset>& offset) {
    if (offset)
      text += std::string(clock) + " " + std::to_string(offset->secs) + " " + std::to_string(offset->nanosecs) + "\n";
  };
  add("boottime", offsets.boottime);
  add("monotonic", offsets.monotonic);
  if (!text.empty()) {
    auto written = write_file(proc, "self/timens_offsets", text);
    if (!written) return std::move(written.error()).with_context("linux.timeOffsets");
  }
  const Fd made(::openat(proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
  if (!made) return Error::system("open", "/proc/self/ns/time_for_children");
  if (::setns(made.get(), static_cast<int>(kernel::clone_newtime)) != 0)
    return Error::system("setns", "the new time namespace");
  return {};
}

bool in_user_namespace() {
  const Result<std::string> map = read_file(AT_FDCWD, "/proc/self/uid_map", 65536);
  if (!map) return false;
  unsigned long inside = 1;
  unsigned long outside = 1;
  unsigned long count = 0;
  // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it
  return sscanf(map->c_str(), "%lu %lu %lu", &inside, &outside, &count) == 3 &&
         !(inside == 0 && outside == 0 && count == UINT32_MAX);
}

Result<void> map_ids(pid_t pid, const std::vector<spec::IdMapping>& uids, const std::vector<spec::IdMapping>& gids) {
  const std::string proc = "/proc/" + std::to_string(pid) + "/";
  auto done = write_file(AT_FDCWD, proc + "uid_map", map_text(uids));
  if (!done && done.error().code == EPERM) done = run_map_helper("newuidmap", pid, uids);
  if (!done) return std::move(done.error()).with_context("linux.uidMappings");

  done = write_file(AT_FDCWD, proc + "gid_map", map_text(gids));
  if (!done && done.error().code == EPERM && gids.size() == 1 && gids[0].size == 1 && gids[0].host_id == ::getegid()) {
    // An ordinary user may map its own group, after giving up setgroups(2) (CVE-2014-8989).
    TRY(write_file(AT_FDCWD, proc + "setgroups", "deny"));
    done = write_file(AT_FDCWD, proc + "gid_map", map_text(gids));
  }
  if (!done && done.error().code == EPERM) done = run_map_helper("newgidmap", pid, gids);
  if (!done) return std::move(done.error()).with_context("linux.gidMappings");
  return {};
}

Result<Fd> make_user_namespace(const std::vector<spec::IdMapping>& uids, const std::vector<spec::IdMapping>& gids) {
  const pid_t pid = clone_process(CLONE_NEWUSER, SIGCHLD, -1);
  if (pid < 0) return Error::system("clone a user namespace");
  if (pid == 0) {
    while (true) ::pause();
  }
  Result<void> mapped = map_ids(pid, uids, gids);
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/user";
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const int code = errno;
  ::kill(pid, SIGKILL);
  retry([&] { return ::waitpid(pid, nullptr, 0); });
  if (!mapped) return std::move(mapped.error());
  if (!fd) return Error::from_errno(code, "open", path);
  return fd;
}

}  // namespace slipway

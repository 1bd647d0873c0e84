#include "core/seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/seccomp_cache.h"
#include "core/seccomp_names.h"

namespace slipway::seccomp {
namespace {

using Context = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

constexpr const char* base = "linux.seccomp.";

std::string at(const std::string& list, size_t index) {
  return base + list + "[" + std::to_string(index) + "]";
}

Result<uint32_t> action(const std::string& name, std::optional<uint32_t> errno_ret, const std::string& field) {
  const auto value = find(actions(), name);
  if (!value) return Error::invalid(field, "'" + name + "' is no action");
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(errno_ret.value_or(EPERM));
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(errno_ret.value_or(EPERM));
  return *value;
}

Result<std::vector<scmp_arg_cmp>> comparisons(const spec::SeccompSyscall& rule, const std::string& field) {
  std::vector<scmp_arg_cmp> all;
  for (size_t i = 0; i < rule.args.size(); ++i) {
    const spec::SeccompArg& arg = rule.args[i];
    const std::string here = field + ".args[" + std::to_string(i) + "]";
    const auto op = find(operators(), arg.op);
    if (!op) return Error::invalid(here + ".op", "'" + arg.op + "' is no comparison");
    if (arg.index > 5) return Error::invalid(here + ".index", "a system call has the arguments 0 to 5");
    all.push_back({arg.index, static_cast<scmp_compare>(*op), arg.value, arg.value_two});
  }
  return all;
}

// libseccomp takes one comparison per argument in a rule. Two for the same argument are meant as alternatives, as runc
// and crun have it, so each becomes a rule of its own.
bool same_argument_twice(const std::vector<scmp_arg_cmp>& all) {
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t j = i + 1; j < all.size(); ++j)
      if (all[i].arg == all[j].arg) return true;
  return false;
}

Result<void> add_rule(const Context& context, uint32_t what, int number, const std::vector<scmp_arg_cmp>& all,
                      const std::string& field) {
  const auto add = [&](const scmp_arg_cmp* first, size_t count) -> Result<void> {
    const int error = seccomp_rule_add_array(context.get(), what, number, static_cast<unsigned>(count), first);
    if (error != 0) return Error::from_errno(-error, "seccomp_rule_add").with_context(field);
    return {};
  };
  if (!same_argument_twice(all)) return add(all.data(), all.size());
  for (const scmp_arg_cmp& each : all) TRY(add(&each, 1));
  return {};
}

Result<void> add_rules(const Context& context, const spec::Seccomp& profile, uint32_t default_action) {
  for (size_t i = 0; i < profile.syscalls.size(); ++i) {
    const spec::SeccompSyscall& rule = profile.syscalls[i];
    const std::string field = at("syscalls", i);
    TRY_ASSIGN(const uint32_t what, action(rule.action, rule.errno_ret, field + ".action"));
    TRY_ASSIGN(const std::vector<scmp_arg_cmp> all, comparisons(rule, field));
    if (what == default_action) continue;  // says nothing, and libseccomp refuses it
    for (const std::string& name : rule.names) {
      // Profiles list calls of all kernels and architectures; one that libseccomp doesn't know can't be called by
      // number either without meeting the default action.
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number != __NR_SCMP_ERROR) TRY(add_rule(context, what, number, all, field));
    }
  }
  return {};
}

Result<void> add_architectures(const Context& context, const spec::Seccomp& profile) {
  for (size_t i = 0; i < profile.architectures.size(); ++i) {
    const auto token = architecture(profile.architectures[i]);
    if (!token)
      return Error::invalid(at("architectures", i),
                            "libseccomp " + library_version() + " doesn't know '" + profile.architectures[i] + "'");
    const int error = seccomp_arch_add(context.get(), *token);
    if (error != 0 && error != -EEXIST)
      return Error::from_errno(-error, "seccomp_arch_add").with_context(at("architectures", i));
  }
  return {};
}

// libseccomp 2.5 writes the program only into a file.
Result<std::vector<sock_filter>> export_program(const Context& context) {
  const Fd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file) return Error::system("memfd_create");
  if (const int error = seccomp_export_bpf(context.get(), file.get()); error != 0)
    return Error::from_errno(-error, "seccomp_export_bpf").with_context("linux.seccomp");
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), program.data(), static_cast<size_t>(size), 0) != size) return Error::system("pread", "memfd");
  if (program.size() > BPF_MAXINSNS)
    return Error::invalid("linux.seccomp", "the filter has " + std::to_string(program.size()) +
                                               " instructions, the kernel takes " + std::to_string(BPF_MAXINSNS));
  return program;
}

Result<std::vector<sock_filter>> compile_program(const spec::Seccomp& profile) {
  TRY_ASSIGN(const uint32_t default_action,
             action(profile.default_action, profile.default_errno_ret, std::string(base) + "defaultAction"));
  const Context context(seccomp_init(default_action), seccomp_release);
  if (!context)
    return Error::invalid(std::string(base) + "defaultAction", "the kernel can't do " + profile.default_action);
  // A binary tree instead of a chain: a system call then costs the logarithm of the profile's length.
  (void)seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  TRY(add_architectures(context, profile));
  TRY(add_rules(context, profile, default_action));
  return export_program(context);
}

Result<unsigned> flag_bits(const spec::Seccomp& profile, bool notify) {
  unsigned bits = 0;
  for (size_t i = 0; i < profile.flags.size(); ++i) {
    const auto bit = find(flags(), profile.flags[i]);
    if (!bit) return Error::invalid(at("flags", i), "'" + profile.flags[i] + "' is no flag");
    bits |= *bit;
  }
  if (!notify) return bits & ~static_cast<unsigned>(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  bits |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  // Both a listener and a thread's id as results need this way of telling of a failure (kernel 5.7).
  if (bits & SECCOMP_FILTER_FLAG_TSYNC) bits |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
  return bits;
}

}  // namespace

Result<Program> compile(const spec::Seccomp& profile, const std::string& cache_directory) {
  Program program;
  program.notify = std::any_of(profile.syscalls.begin(), profile.syscalls.end(),
                               [](const auto& rule) { return rule.action == "SCMP_ACT_NOTIFY"; });
  TRY_ASSIGN(program.flags, flag_bits(profile, program.notify));
  const std::string key = cache_key(profile);
  if (auto cached = load_cached(cache_directory, key)) {
    program.filter = *std::move(cached);
    return program;
  }
  TRY_ASSIGN(program.filter, compile_program(profile));
  store_cached(cache_directory, key, program.filter);
  return program;
}

int install(const Program& program) noexcept {
  const sock_fprog filter{static_cast<unsigned short>(program.filter.size()),
                          const_cast<sock_filter*>(program.filter.data())};  // the kernel only reads it
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program.flags, &filter);
  return result < 0 ? -errno : static_cast<int>(result);
}

Result<void> send_listener(const std::string& socket_path, int listener, const std::string& state_json) {
  constexpr const char* field = "linux.seccomp.listenerPath";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path)
    return Error::invalid(field, "'" + socket_path + "' is too long for a socket's path");
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error::system("connect", socket_path).with_context(field);

  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec data{const_cast<char*>(state_json.data()), state_json.size()};  // sendmsg only reads it
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &listener, sizeof listener);
  size_t sent = 0;
  while (sent < state_json.size()) {
    const ssize_t count = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::system("sendmsg", socket_path).with_context(field);
    sent += static_cast<size_t>(count);
    data = {const_cast<char*>(state_json.data()) + sent, state_json.size() - sent};
    message.msg_control = nullptr;  // the descriptor went with the first piece
    message.msg_controllen = 0;
  }
  return {};
}

}  // namespace slipway::seccomp

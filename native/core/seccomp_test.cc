#include "core/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "core/seccomp_cache.h"
#include "core/testing.h"

using namespace slipway;

namespace {

// Runs `body` in a child under the profile; its exit code, or 1000 + the signal that killed it.
int under(const spec::Seccomp& profile, const std::function<int()>& body) {
  const auto program = seccomp::compile(profile, "");
  CHECK_OK(program);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (seccomp::install(*program) < 0) ::_exit(200);
    // Not _exit: a sanitizer would look for leaks there, with system calls that the profile refuses.
    ::syscall(SYS_exit_group, body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

spec::Seccomp allow_except(spec::SeccompSyscall rule) {
  spec::Seccomp profile;
  profile.default_action = "SCMP_ACT_ALLOW";
  profile.syscalls.push_back(std::move(rule));
  return profile;
}

int mkdir_errno() {
  return ::mkdir("/", 0700) == 0 ? 0 : errno;
}

struct Folder {
  Folder() {
    char name[] = "/tmp/slipway-seccomp-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { (void)!::system(("rm -rf " + path).c_str()); }  // NOLINT: the name is our own
  std::string path;
};

}  // namespace

TEST(errno_is_eperm_unless_the_rule_says_otherwise) {
  CHECK_EQ(under(allow_except({{"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO", {}, {}}), mkdir_errno), EPERM);
  CHECK_EQ(under(allow_except({{"mkdir", "mkdirat"}, "SCMP_ACT_ERRNO", 77, {}}), mkdir_errno), 77);
}

TEST(the_default_errno) {
  spec::Seccomp profile;
  profile.default_action = "SCMP_ACT_ERRNO";
  profile.default_errno_ret = 99;
  profile.syscalls.push_back({{"exit_group"}, "SCMP_ACT_ALLOW", {}, {}});
  CHECK_EQ(under(profile, mkdir_errno), 99);
}

TEST(killing_the_process_and_the_thread) {
  for (const char* action : {"SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"})
    CHECK_EQ(under(allow_except({{"mkdir", "mkdirat"}, action, {}, {}}), mkdir_errno), 1000 + SIGSYS);
}

TEST(comparisons_of_arguments) {
  const auto answer = [](const char* op, uint64_t value, uint64_t value_two, unsigned argument) {
    const auto profile = allow_except({{"getpriority"}, "SCMP_ACT_ERRNO", 88, {{0, value, value_two, op}}});
    return under(profile, [argument] { return ::syscall(SYS_getpriority, argument, 0) < 0 && errno == 88 ? 1 : 0; });
  };
  CHECK_EQ(answer("SCMP_CMP_EQ", 5, 0, 5), 1);
  CHECK_EQ(answer("SCMP_CMP_EQ", 5, 0, 6), 0);
  CHECK_EQ(answer("SCMP_CMP_NE", 5, 0, 6), 1);
  CHECK_EQ(answer("SCMP_CMP_LT", 5, 0, 4), 1);
  CHECK_EQ(answer("SCMP_CMP_LT", 5, 0, 5), 0);
  CHECK_EQ(answer("SCMP_CMP_LE", 5, 0, 5), 1);
  CHECK_EQ(answer("SCMP_CMP_GT", 5, 0, 6), 1);
  CHECK_EQ(answer("SCMP_CMP_GE", 5, 0, 5), 1);
  CHECK_EQ(answer("SCMP_CMP_GE", 5, 0, 4), 0);
  // value is the mask, valueTwo what is left after masking
  CHECK_EQ(answer("SCMP_CMP_MASKED_EQ", 0xf0, 0x30, 0x3a), 1);
  CHECK_EQ(answer("SCMP_CMP_MASKED_EQ", 0xf0, 0x30, 0x4a), 0);
}

TEST(two_comparisons_of_one_argument_are_alternatives) {
  const auto profile =
      allow_except({{"getpriority"}, "SCMP_ACT_ERRNO", 88, {{0, 5, 0, "SCMP_CMP_EQ"}, {0, 7, 0, "SCMP_CMP_EQ"}}});
  const auto blocked = [](unsigned argument) { return ::syscall(SYS_getpriority, argument, 0) < 0 && errno == 88; };
  CHECK_EQ(under(profile, [&] { return blocked(5) && blocked(7) && !blocked(6) ? 1 : 0; }), 1);
}

TEST(unknown_system_calls_are_passed_over) {
  CHECK_EQ(under(allow_except({{"no_such_call", "mkdir", "mkdirat"}, "SCMP_ACT_ERRNO", 12, {}}), mkdir_errno), 12);
}

TEST(a_listener_comes_from_notify) {
  const auto program = seccomp::compile(allow_except({{"mkdir", "mkdirat"}, "SCMP_ACT_NOTIFY", {}, {}}), "");
  CHECK_OK(program);
  CHECK(program->notify);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::_exit(seccomp::install(*program) > 2 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK_EQ(status, 0);
}

TEST(errors_name_the_field) {
  spec::Seccomp profile = allow_except({{"mkdir"}, "SCMP_ACT_ERRNO", {}, {{0, 1, 0, "SCMP_CMP_ALMOST"}}});
  auto program = seccomp::compile(profile, "");
  CHECK(!program);
  CHECK(program.error().message.starts_with("linux.seccomp.syscalls[0].args[0].op: "));
  profile = allow_except({{"mkdir"}, "SCMP_ACT_ERRNO", {}, {}});
  profile.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_PDP11"};
  program = seccomp::compile(profile, "");
  CHECK(!program);
  CHECK(program.error().message.starts_with("linux.seccomp.architectures[1]: "));
}

TEST(a_compiled_filter_comes_back_from_the_cache) {
  const Folder folder;
  const std::string cache = folder.path + "/cache";
  const spec::Seccomp profile = allow_except({{"mkdir"}, "SCMP_ACT_ERRNO", 55, {}});
  const auto compiled = seccomp::compile(profile, cache);
  CHECK_OK(compiled);
  const auto cached = seccomp::load_cached(cache, seccomp::cache_key(profile));
  CHECK(cached.has_value());
  CHECK_EQ(cached->size(), compiled->filter.size());
  spec::Seccomp other = profile;
  other.syscalls[0].errno_ret = 56;
  CHECK(!seccomp::load_cached(cache, seccomp::cache_key(other)));
}

TEST(a_cache_that_others_could_write_is_not_trusted) {
  const Folder folder;
  const std::string cache = folder.path + "/cache";
  const spec::Seccomp profile = allow_except({{"mkdir"}, "SCMP_ACT_ERRNO", 55, {}});
  const std::string key = seccomp::cache_key(profile);
  CHECK_OK(seccomp::compile(profile, cache));
  CHECK(seccomp::load_cached(cache, key).has_value());
  ::chmod(cache.c_str(), 0777);
  CHECK(!seccomp::load_cached(cache, key));
  ::chmod(cache.c_str(), 0700);
  CHECK(seccomp::load_cached(cache, key).has_value());
  CHECK_EQ(::system(("chmod 666 " + cache + "/*.bpf").c_str()), 0);  // NOLINT: the name is our own
  CHECK(!seccomp::load_cached(cache, key));
}

TEST(a_damaged_cache_file_is_not_used) {
  const Folder folder;
  const spec::Seccomp profile = allow_except({{"mkdir"}, "SCMP_ACT_ERRNO", 55, {}});
  const std::string key = seccomp::cache_key(profile);
  CHECK_OK(seccomp::compile(profile, folder.path));
  // The program's last instruction, zeroed.
  CHECK_EQ(::system(("f=$(echo " + folder.path + "/*.bpf); truncate -s -8 $f; truncate -s +8 $f").c_str()),
           0);  // NOLINT
  CHECK(!seccomp::load_cached(folder.path, key));
}

#include "core/seccomp_names.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>

#include "core/seccomp.h"

namespace slipway::seccomp {
namespace {

constexpr std::array<Name, 9> action_names = {{{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
                                               {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
                                               {"SCMP_ACT_KILL", SCMP_ACT_KILL},
                                               {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
                                               {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
                                               {"SCMP_ACT_LOG", SCMP_ACT_LOG},
                                               {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
                                               {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
                                               {"SCMP_ACT_TRAP", SCMP_ACT_TRAP}}};

constexpr std::array<Name, 7> operator_names = {{{"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                                 {"SCMP_CMP_GE", SCMP_CMP_GE},
                                                 {"SCMP_CMP_GT", SCMP_CMP_GT},
                                                 {"SCMP_CMP_LE", SCMP_CMP_LE},
                                                 {"SCMP_CMP_LT", SCMP_CMP_LT},
                                                 {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
                                                 {"SCMP_CMP_NE", SCMP_CMP_NE}}};

constexpr std::array<Name, 4> flag_names = {
    {{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
     {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
     {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
     {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV}}};

constexpr std::array<std::string_view, 23> architecture_names = {
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",       "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",     "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",  "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",      "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64",  "SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",    "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390",      "SCMP_ARCH_S390X",       "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",
    "SCMP_ARCH_X32",     "SCMP_ARCH_X86",       "SCMP_ARCH_X86_64"};

std::vector<std::string> texts(std::span<const Name> names) {
  std::vector<std::string> all;
  for (const Name& name : names) all.emplace_back(name.text);
  return all;
}

}  // namespace

std::span<const Name> actions() {
  return action_names;
}
std::span<const Name> operators() {
  return operator_names;
}
std::span<const Name> flags() {
  return flag_names;
}
std::span<const std::string_view> architectures() {
  return architecture_names;
}

std::optional<uint32_t> find(std::span<const Name> names, std::string_view text) {
  for (const Name& name : names)
    if (name.text == text) return name.value;
  return std::nullopt;
}

std::optional<uint32_t> architecture(std::string_view name) {
  constexpr std::string_view prefix = "SCMP_ARCH_";
  if (!name.starts_with(prefix)) return std::nullopt;
  std::string lower;
  for (const char letter : name.substr(prefix.size()))
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  const uint32_t token = seccomp_arch_resolve_name(lower.c_str());
  if (token == 0) return std::nullopt;
  return token;
}

std::vector<std::string> known_actions() {
  return texts(actions());
}
std::vector<std::string> known_operators() {
  return texts(operators());
}
std::vector<std::string> known_flags() {
  return texts(flags());
}

std::vector<std::string> known_architectures() {
  std::vector<std::string> known;
  for (const std::string_view name : architecture_names)
    if (architecture(name)) known.emplace_back(name);
  return known;
}

std::vector<std::string> supported_flags() {
  std::vector<std::string> supported;
  for (const Name& flag : flag_names) {
    unsigned value = flag.value;
    if (value == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) value |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // A known flag gets as far as reading the filter, which is at address 0.
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, value, nullptr) < 0 && errno == EFAULT)
      supported.emplace_back(flag.text);
  }
  return supported;
}

std::string library_version() {
  const scmp_version* version = seccomp_version();
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->micro);
}

}  // namespace slipway::seccomp

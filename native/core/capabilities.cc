#include "core/capabilities.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace slipway::capabilities {
namespace {

// By number, as in capabilities(7).
constexpr std::array<std::string_view, 41> names = {"CAP_CHOWN",
                                                    "CAP_DAC_OVERRIDE",
                                                    "CAP_DAC_READ_SEARCH",
                                                    "CAP_FOWNER",
                                                    "CAP_FSETID",
                                                    "CAP_KILL",
                                                    "CAP_SETGID",
                                                    "CAP_SETUID",
                                                    "CAP_SETPCAP",
                                                    "CAP_LINUX_IMMUTABLE",
                                                    "CAP_NET_BIND_SERVICE",
                                                    "CAP_NET_BROADCAST",
                                                    "CAP_NET_ADMIN",
                                                    "CAP_NET_RAW",
                                                    "CAP_IPC_LOCK",
                                                    "CAP_IPC_OWNER",
                                                    "CAP_SYS_MODULE",
                                                    "CAP_SYS_RAWIO",
                                                    "CAP_SYS_CHROOT",
                                                    "CAP_SYS_PTRACE",
                                                    "CAP_SYS_PACCT",
                                                    "CAP_SYS_ADMIN",
                                                    "CAP_SYS_BOOT",
                                                    "CAP_SYS_NICE",
                                                    "CAP_SYS_RESOURCE",
                                                    "CAP_SYS_TIME",
                                                    "CAP_SYS_TTY_CONFIG",
                                                    "CAP_MKNOD",
                                                    "CAP_LEASE",
                                                    "CAP_AUDIT_WRITE",
                                                    "CAP_AUDIT_CONTROL",
                                                    "CAP_SETFCAP",
                                                    "CAP_MAC_OVERRIDE",
                                                    "CAP_MAC_ADMIN",
                                                    "CAP_SYSLOG",
                                                    "CAP_WAKE_ALARM",
                                                    "CAP_BLOCK_SUSPEND",
                                                    "CAP_AUDIT_READ",
                                                    "CAP_PERFMON",
                                                    "CAP_BPF",
                                                    "CAP_CHECKPOINT_RESTORE"};

constexpr uint64_t bit(int number) {
  return uint64_t{1} << number;
}

// capset's and capget's two halves of 32 bits.
using Halves = std::array<__user_cap_data_struct, 2>;

Halves halves(const Sets& sets) noexcept {
  Halves data{};
  for (size_t half = 0; half < data.size(); ++half) {
    const size_t shift = 32 * half;
    data[half].effective = static_cast<uint32_t>(sets.effective >> shift);
    data[half].permitted = static_cast<uint32_t>(sets.permitted >> shift);
    data[half].inheritable = static_cast<uint32_t>(sets.inheritable >> shift);
  }
  return data;
}

int set(const Halves& data) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return static_cast<int>(::syscall(SYS_capset, &header, data.data()));
}

int set_ambient(uint64_t ambient, int last) noexcept {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return errno;
  for (int number = 0; number <= last; ++number) {
    if (!(ambient & bit(number))) continue;
    // EPERM: not both permitted and inheritable, so it can't be ambient.
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0 && errno != EPERM) return errno;
  }
  return 0;
}

}  // namespace

std::optional<int> number(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  if (!upper.starts_with("CAP_")) upper.insert(0, "CAP_");
  const auto found = std::find(names.begin(), names.end(), upper);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

std::string_view name(int number) {
  return number >= 0 && static_cast<size_t>(number) < names.size() ? names[static_cast<size_t>(number)] : "";
}

std::vector<std::string> all_names() {
  return {names.begin(), names.end()};
}

int last_of_kernel() {
  // The bounding set can be asked about every capability that the kernel knows, and EINVAL is the end; without /proc.
  int number = static_cast<int>(names.size()) - 1;
  while (number > 0 && ::prctl(PR_CAPBSET_READ, number, 0, 0, 0) < 0) --number;
  while (number < 63 && ::prctl(PR_CAPBSET_READ, number + 1, 0, 0, 0) >= 0) ++number;
  return number;
}

Sets from_spec(const spec::Capabilities& wanted, std::vector<std::string>* unknown) {
  const int last = last_of_kernel();
  const auto mask = [&](const spec::Strings& list) {
    uint64_t bits = 0;
    for (const std::string& each : list) {
      // The specification has the full names only; "chown" would mean something else to another runtime.
      const auto found = each.starts_with("CAP_") ? number(each) : std::nullopt;
      if (found && *found <= last) {
        bits |= bit(*found);
      } else if (unknown && std::find(unknown->begin(), unknown->end(), each) == unknown->end()) {
        unknown->push_back(each);
      }
    }
    return bits;
  };
  return {mask(wanted.bounding), mask(wanted.effective), mask(wanted.inheritable), mask(wanted.permitted),
          mask(wanted.ambient)};
}

Result<Sets> current() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Halves data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return Error::system("capget");
  const auto join = [](uint32_t low, uint32_t high) { return low | static_cast<uint64_t>(high) << 32; };
  Sets sets;
  sets.effective = join(data[0].effective, data[1].effective);
  sets.permitted = join(data[0].permitted, data[1].permitted);
  sets.inheritable = join(data[0].inheritable, data[1].inheritable);
  for (int number = 0, last = last_of_kernel(); number <= last; ++number) {
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) sets.bounding |= bit(number);
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, number, 0, 0) == 1) sets.ambient |= bit(number);
  }
  return sets;
}

int drop_bounding(const Sets& sets, int last) noexcept {
  for (int number = 0; number <= last; ++number) {
    if (sets.bounding & bit(number)) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
    // Without CAP_SETPCAP a capability that is gone already needs no dropping.
    const int error = errno;
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) != 0) return error;
  }
  return 0;
}

int keep_over_setuid() noexcept {
  return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

int apply(const Sets& sets, int last) noexcept {
  Halves data = halves(sets);
  if (set(data) == 0) return set_ambient(sets.ambient, last);
  if (errno != EPERM) return errno;
  // We may lack some ourselves (root in a restricted environment). The specification wants the container to run all the
  // same, with what can be granted.
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  Halves held{};
  if (::syscall(SYS_capget, &header, held.data()) != 0) return errno;
  for (size_t half = 0; half < data.size(); ++half) {
    data[half].permitted &= held[half].permitted;
    data[half].effective &= held[half].permitted;
    data[half].inheritable &= held[half].permitted | held[half].inheritable;
  }
  if (set(data) != 0) return errno;
  return set_ambient(sets.ambient, last);
}

}  // namespace slipway::capabilities

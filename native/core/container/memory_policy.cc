#include "core/container/memory_policy.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace slipway::container {

bool set_bits(const std::string& list, std::span<unsigned long> mask) {
  constexpr unsigned long bits = 8 * sizeof(unsigned long);
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string part = list.substr(begin, end - begin);
    begin = end + 1;
    const size_t dash = part.find('-');
    const unsigned long first = strtoul(part.c_str(), nullptr, 10);
    const unsigned long last = dash == std::string::npos ? first : strtoul(part.c_str() + dash + 1, nullptr, 10);
    if (first > last || last >= mask.size() * bits) return false;
    for (unsigned long bit = first; bit <= last; ++bit) mask[bit / bits] |= 1UL << (bit % bits);
  }
  return true;
}

Result<void> set_memory_policy(const spec::MemoryPolicy& policy) {
  std::array<unsigned long, 16> nodes{};
  if (!set_bits(policy.nodes, nodes)) return Error::invalid("linux.memoryPolicy.nodes", "names a node above 1023");
  const bool none = policy.nodes.empty();
  const int mode = policy.mode | static_cast<int>(policy.mode_flags);
  if (::syscall(SYS_set_mempolicy, mode, none ? nullptr : nodes.data(), none ? 0 : 8 * sizeof(nodes)) != 0)
    return Error::system("set_mempolicy").with_context("linux.memoryPolicy");
  return {};
}

}  // namespace slipway::container

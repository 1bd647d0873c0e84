#include <fcntl.h>
#include <sched.h>

#include <algorithm>

#include "core/files.h"
#include "core/netlink/network.h"
#include "core/side_thread.h"

namespace slipway::netlink {
namespace {

// "net.ipv4.ip_forward" -> "/proc/sys/net/ipv4/ip_forward"
Result<std::string> sysctl_path(const std::string& key) {
  std::string path = key;
  if (key.find('/') == std::string::npos) std::replace(path.begin(), path.end(), '.', '/');
  if (path.empty() || path.front() == '/' || ("/" + path + "/").find("/../") != std::string::npos) {
    return Error::invalid("key", "'" + key + "' is no name of a sysctl");
  }
  return "/proc/sys/" + path;
}

}  // namespace

// /proc/sys/net shows the network namespace of the thread that opens a file in it.
Result<std::string> read_sysctl(const std::string& key, int network_namespace) {
  TRY_ASSIGN(const std::string path, sysctl_path(key));
  TRY_ASSIGN(std::string value,
             in_namespace(network_namespace, CLONE_NEWNET, [&] { return read_file(AT_FDCWD, path, 64 * 1024, true); }));
  while (value.ends_with('\n')) value.pop_back();
  return value;
}

Result<void> write_sysctl(const std::string& key, const std::string& value, int network_namespace) {
  TRY_ASSIGN(const std::string path, sysctl_path(key));
  return in_namespace(network_namespace, CLONE_NEWNET, [&] { return write_file(AT_FDCWD, path, value); });
}

}  // namespace slipway::netlink

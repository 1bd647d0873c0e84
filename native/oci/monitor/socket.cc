#include "oci/monitor/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

namespace slipway::monitor {
namespace {

constexpr int backlog = 512;

bool is_welcome(int fd) {
  struct ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return false;
  return peer.uid == 0 || peer.uid == geteuid();
}

}  // namespace

Result<void> Listener::open(int directory, const std::string& name) {
  directory_ = Fd(fcntl(directory, F_DUPFD_CLOEXEC, 3));
  name_ = name;
  fd_ = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) return Error::system("socket");
  // Through the descriptor, because an address holds 107 bytes of path.
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory_.get(), name.c_str());
  unlinkat(directory_.get(), name.c_str(), 0);
  if (bind(fd_.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof(address)) < 0) {
    return Error::system("bind", name);
  }
  if (fchmodat(directory_.get(), name.c_str(), 0600, 0) < 0) return Error::system("chmod", name);
  if (listen(fd_.get(), backlog) < 0) return Error::system("listen", name);
  loop_.watch(fd_.get(), EPOLLIN, *this);
  return {};
}

void Listener::close() {
  if (!fd_) return;
  unlinkat(directory_.get(), name_.c_str(), 0);  // first: whoever is refused finds nothing left
  loop_.forget(fd_.get());
  fd_.reset();
}

void Listener::on_ready(uint32_t) {
  Fd connection(accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (connection && is_welcome(connection.get())) on_connection_(std::move(connection));
}

bool send_some(int fd, std::string& bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) return false;
    sent += static_cast<size_t>(count);
  }
  if (sent == bytes.size()) {
    bytes = std::string();
  } else {
    bytes.erase(0, sent);
  }
  return true;
}

}  // namespace slipway::monitor

#include "core/fd_passing.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>

#include "core/files.h"

namespace slipway {

Result<void> send_fd(int socket, std::string_view text, int fd) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof(int));
  if (retry([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); }) < 0) return Error::system("sendmsg");
  return {};
}

Result<ReceivedFd> receive_fd(int socket) {
  ReceivedFd received;
  received.text.resize(4096);
  iovec part{received.text.data(), received.text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t length = retry([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  if (length < 0) return Error::system("recvmsg");
  received.text.resize(static_cast<size_t>(length));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    memcpy(&fd, CMSG_DATA(header), sizeof(int));
    received.fd = Fd(fd);
  }
  return received;
}

Result<Fd> connect_unix(const std::string& path, int type) {
  Fd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string reachable = path;
  Fd directory;
  if (path.size() >= sizeof(address.sun_path)) {
    // Longer than an address can be: by way of its directory.
    const size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return Error::from_errno(ENAMETOOLONG, "connect", path);
    directory = Fd(::open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return Error::system("connect", path);
    reachable = "/proc/self/fd/" + std::to_string(directory.get()) + path.substr(slash);
    if (reachable.size() >= sizeof(address.sun_path)) return Error::from_errno(ENAMETOOLONG, "connect", path);
  }
  reachable.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  if (retry([&] { return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)); }) != 0)
    return Error::system("connect", path);
  return socket;
}

}  // namespace slipway

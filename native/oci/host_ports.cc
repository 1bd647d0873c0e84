// slipway-oci host-ports COMMAND…: runs a command that will be in a network namespace of its own, and stays behind as a
// child that opens sockets where the command cannot: in the namespace it came from. The command finds the number of its
// end of a packet socket in SLIPWAY_HOST_PORTS, asks `tcp|udp ADDRESS PORT`, and gets `0` with the bound socket, or an
// errno. The child ends with the last who has that end.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "core/fd.h"
#include "core/fd_passing.h"
#include "core/files.h"
#include "oci/context.h"

namespace slipway::oci {
namespace {

constexpr int backlog = 511;  // as Node's own
constexpr int kept = 3;       // the child's end

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> parse_address(const std::string& text, uint16_t port) {
  Address address;
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    address.size = sizeof(four);
  } else if (::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    address.size = sizeof(six);
  } else {
    return Error::from_errno(EINVAL, "address", text);
  }
  return address;
}

Result<Fd> open_port(const std::string& protocol, const Address& address) {
  const bool stream = protocol == "tcp";
  const int family = address.storage.ss_family;
  Fd socket(::socket(family, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system("socket");
  const int on = 1;
  if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  if (stream) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0)
    return Error::system("bind");
  if (stream && ::listen(socket.get(), backlog) != 0) return Error::system("listen");
  return socket;
}

Result<Fd> open_requested(const std::string& request) {
  std::istringstream words(request);
  std::string protocol;
  std::string host;
  uint16_t port = 0;
  words >> protocol >> host >> port;
  if (words.fail() || (protocol != "tcp" && protocol != "udp")) return Error::from_errno(EINVAL, "request", request);
  TRY_ASSIGN(const Address address, parse_address(host, port));
  return open_port(protocol, address);
}

// Until nobody has the other end any more.
void serve(int socket) {
  while (true) {
    auto request = receive_fd(socket);
    if (!request || request->text.empty()) return;
    const Result<Fd> opened = open_requested(request->text);
    if (opened) {
      if (!send_fd(socket, "0", opened->get())) return;
      continue;
    }
    const std::string answer = std::to_string(opened.error().code);
    if (retry([&] { return ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL); }) < 0) return;
  }
}

// Nothing of the command's keeps anybody waiting: its terminal, its pipes, its directory.
[[noreturn]] void stay_behind(Fd socket) {
  ::setsid();
  if (::chdir("/") != 0) ::_exit(1);
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < kept; ++fd) ::dup2(null, fd);
  if (socket.get() != kept) ::dup2(socket.get(), kept);
  if (::syscall(SYS_close_range, kept + 1, ~0U, 0) < 0)
    for (int fd = kept + 1; fd < 1024; ++fd) ::close(fd);
  // Under the command's own words it would be taken for it.
  ::execl("/proc/self/exe", "slipway-oci", "host-ports", nullptr);
  ::_exit(1);
}

}  // namespace

Result<int> host_ports(const std::vector<std::string>& words) {
  if (words.empty()) {
    serve(kept);
    return 0;
  }
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, static_cast<int*>(ends)) != 0) return Error::system("socketpair");
  Fd near(ends[0]);
  Fd far(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return Error::system("fork");
  if (child == 0) {
    near = Fd();
    // A child of nobody who would have to wait for it.
    if (::fork() != 0) ::_exit(0);
    stay_behind(std::move(far));
  }
  far = Fd();
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  ::setenv("SLIPWAY_HOST_PORTS", std::to_string(near.release()).c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& word : words)
    arguments.push_back(const_cast<char*>(word.c_str()));  // execvp() does not write
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  return Error::system("execvp", words[0]);
}

}  // namespace slipway::oci

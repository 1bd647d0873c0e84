#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "core/cgroup/systemd/dbus.h"

namespace slipway::cgroup::dbus {
namespace {

// systemd answers in milliseconds; a job that hangs must not hang us forever.
constexpr int patience_ms = 30000;

Result<Fd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error::from_errno(ENAMETOOLONG, "connect", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system("socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error::system("connect", path);
  return socket;
}

}  // namespace

Result<Connection> Connection::open(const std::string& socket_path, bool bus) {
  Connection connection;
  connection.path_ = socket_path;
  TRY_ASSIGN(connection.socket_, connect_to(socket_path));
  TRY(connection.authenticate());
  if (bus) {
    const std::string name = "org.freedesktop.DBus";
    TRY(connection.call("/org/freedesktop/DBus", name, "Hello", "", Writer(), name));
  }
  return connection;
}

// EXTERNAL with an empty identity: the peer takes the socket's credentials. Naming a uid would be wrong inside a user
// namespace, where we know another number than the peer. All of it at once, as systemd's own clients do: on its private
// socket systemd overlooks a message that it happens to read together with a BEGIN that comes later.
Result<void> Connection::authenticate() {
  constexpr char login[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
  TRY(send(std::string_view(login, sizeof(login) - 1)));
  TRY_ASSIGN(std::string line, receive_line());
  if (line.starts_with("DATA")) {
    TRY_ASSIGN(line, receive_line());
  }
  if (!line.starts_with("OK ")) return Error::invalid("D-Bus", "'" + path_ + "' refused the login: " + line);
  return {};
}

Result<void> Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::system("send", path_);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> Connection::receive_more() {
  pollfd waiting{socket_.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, patience_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return Error::from_errno(ETIMEDOUT, "waiting for systemd", path_);
  char buffer[4096];
  const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
  if (count < 0 && errno == EINTR) return {};
  if (count < 0) return Error::system("recv", path_);
  if (count == 0) return Error::from_errno(ECONNRESET, "recv", path_);
  received_.append(buffer, static_cast<size_t>(count));
  return {};
}

Result<std::string> Connection::receive_line() {
  size_t end = 0;
  while ((end = received_.find("\r\n")) == std::string::npos) TRY(receive_more());
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 2);
  return line;
}

Result<Message> Connection::receive() {
  for (;;) {
    const auto size = message_size(received_);
    if (size && *size == 0) return Error::invalid("D-Bus", "'" + path_ + "' sent something that is no message");
    if (!size || received_.size() < *size) {
      TRY(receive_more());
      continue;
    }
    auto message = decode(std::string_view(received_).substr(0, *size));
    received_.erase(0, *size);
    return message;
  }
}

Result<Message> Connection::call(const std::string& path, const std::string& interface, const std::string& member,
                                 const std::string& signature, const Writer& body, const std::string& destination) {
  Message request;
  request.serial = ++serial_;
  request.path = path;
  request.interface = interface;
  request.member = member;
  request.destination = destination;
  request.signature = signature;
  request.body = body.bytes();
  TRY(send(encode(request)));
  for (;;) {
    TRY_ASSIGN(Message message, receive());
    if (message.type == Type::signal) {
      signals_.push_back(std::move(message));
    } else if (message.reply_to == request.serial) {
      if (message.type == Type::reply) return message;
      const std::string words = message.signature.starts_with('s') ? Reader(message.body).string() : "";
      return Error{0, message.error_name, member, member + ": " + (words.empty() ? message.error_name : words)};
    }
  }
}

Result<Message> Connection::next_signal() {
  if (!signals_.empty()) {
    Message first = std::move(signals_.front());
    signals_.erase(signals_.begin());
    return first;
  }
  for (;;) {
    TRY_ASSIGN(Message message, receive());
    if (message.type == Type::signal) return message;
  }
}

}  // namespace slipway::cgroup::dbus

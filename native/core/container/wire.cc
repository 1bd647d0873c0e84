#include "core/container/wire.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "core/files.h"

namespace slipway::container {
namespace {

constexpr size_t longest = 8192;
constexpr char error_mark = 'E';

}  // namespace

std::string encode(const Error& error) {
  std::string message(1, error_mark);
  message += std::to_string(error.code);
  for (const std::string* part : {&error.step, &error.path, &error.message}) {
    message += '\0';
    message += part->substr(0, longest / 4);
  }
  return message;
}

Error decode(std::string_view message) {
  message.remove_prefix(std::min<size_t>(1, message.size()));
  std::array<std::string, 4> parts;
  for (std::string& part : parts) {
    const size_t end = std::min(message.find('\0'), message.size());
    part = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  Error error;
  for (const char digit : parts[0])
    if (digit >= '0' && digit <= '9') error.code = error.code * 10 + (digit - '0');
  error.step = std::move(parts[1]);
  error.path = std::move(parts[2]);
  error.message = std::move(parts[3]);
  return error;
}

Result<Pair> Wire::make() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0) return Error::system("socketpair");
  return Pair{Fd(fds[0]), Fd(fds[1])};
}

Result<void> Wire::send(Signal signal) const {
  const char byte = static_cast<char>(signal);
  if (retry([&] { return ::send(fd_, &byte, 1, MSG_NOSIGNAL); }) != 1) return Error::system("send");
  return {};
}

void Wire::send(const Error& error) const {
  const std::string message = encode(error);
  retry([&] { return ::send(fd_, message.data(), message.size(), MSG_NOSIGNAL); });
}

Result<std::optional<Signal>> Wire::receive() const {
  std::array<char, longest> message{};
  ssize_t length = -1;
  // ECONNRESET says, once, that the other side went without reading everything; what it sent before is still there.
  do length = ::recv(fd_, message.data(), message.size(), 0);
  while (length < 0 && (errno == EINTR || errno == ECONNRESET));
  if (length < 0) return Error::system("recv");
  if (length == 0) return std::optional<Signal>();
  if (message[0] == error_mark) return decode(std::string_view(message.data(), static_cast<size_t>(length)));
  return std::optional(static_cast<Signal>(message[0]));
}

Result<void> Wire::expect(Signal signal) const {
  TRY_ASSIGN(const std::optional<Signal> got, receive());
  if (!got) return Error::from_errno(EPIPE, "wait for the other side of the set-up");
  if (*got != signal) return Error::invalid("container set-up", "unexpected message");
  return {};
}

Result<void> Wire::expect_end() const {
  TRY_ASSIGN(const std::optional<Signal> got, receive());
  if (got) return Error::invalid("container set-up", "unexpected message");
  return {};
}

}  // namespace slipway::container

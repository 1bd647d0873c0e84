#include "core/netlink/message.h"

#include <arpa/inet.h>
#include <endian.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <optional>

#include "core/side_thread.h"

namespace slipway::netlink {

Message::Message(uint16_t type, uint16_t flags) : buffer_(sizeof(nlmsghdr)) {
  header().nlmsg_type = type;
  header().nlmsg_flags = NLM_F_REQUEST | flags;
}

void Message::append(const void* data, size_t size) {
  const size_t at = buffer_.size();
  buffer_.resize(at + NLMSG_ALIGN(size));
  if (size > 0) std::memcpy(buffer_.data() + at, data, size);
}

void Message::put(uint16_t type, Bytes value) {
  const nlattr attribute{static_cast<uint16_t>(NLA_HDRLEN + value.size()), type};
  append(&attribute, sizeof(attribute));
  append(value.data(), value.size());
}

void Message::put_string(uint16_t type, std::string_view text) {
  const std::string terminated(text);
  put(type, Bytes(terminated.c_str(), terminated.size() + 1));
}

void Message::put_be32(uint16_t type, uint32_t value) {
  put_number(type, htobe32(value));
}

void Message::put_be64(uint16_t type, uint64_t value) {
  put_number(type, htobe64(value));
}

void Message::nest(uint16_t type, const std::function<void()>& content, bool marked) {
  const size_t at = buffer_.size();
  put(static_cast<uint16_t>(marked ? type | NLA_F_NESTED : type), {});
  content();
  const auto size = static_cast<uint16_t>(buffer_.size() - at);
  std::memcpy(buffer_.data() + at, &size, sizeof(size));
}

Bytes Message::bytes() {
  header().nlmsg_len = static_cast<uint32_t>(buffer_.size());
  return buffer_;
}

void Message::set_sequence(uint32_t number) {
  header().nlmsg_seq = number;
}

uint16_t Message::type() const {
  return reinterpret_cast<const nlmsghdr*>(buffer_.data())->nlmsg_type;
}

void for_each_attribute(Bytes attributes, const std::function<void(uint16_t, Bytes)>& visit) {
  while (attributes.size() >= NLA_HDRLEN) {
    nlattr attribute;
    std::memcpy(&attribute, attributes.data(), sizeof(attribute));
    if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > attributes.size()) return;
    visit(attribute.nla_type & NLA_TYPE_MASK, attributes.subspan(NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN));
    attributes = attributes.subspan(std::min<size_t>(NLA_ALIGN(attribute.nla_len), attributes.size()));
  }
}

uint32_t be32_of(Bytes value) {
  return be32toh(number_of<uint32_t>(value));
}

uint64_t be64_of(Bytes value) {
  return be64toh(number_of<uint64_t>(value));
}

std::string text_of(Bytes value) {
  const std::string_view text(value.data(), value.size());
  return std::string(text.substr(0, std::min(text.find('\0'), text.size())));
}

namespace {

Result<Fd> open_socket(int protocol) {
  Fd fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!fd) return Error::system("socket(AF_NETLINK)");
  // Why a request was refused, in words (4.12), and without a copy of the request.
  const int yes = 1;
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof(yes));
  setsockopt(fd.get(), SOL_NETLINK, NETLINK_CAP_ACK, &yes, sizeof(yes));
  // A large batch and its answers must fit; without the right to it, as far as the limit goes.
  const int size = 1 << 20;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  }
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }
  return fd;
}

}  // namespace

Result<Socket> Socket::open(int protocol, int network_namespace) {
  TRY_ASSIGN(Fd fd, in_namespace(network_namespace, CLONE_NEWNET, [protocol] { return open_socket(protocol); }));
  return Socket(std::move(fd));
}

Result<void> Socket::send(Bytes bytes, std::string_view step) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof(kernel)) < 0) {
    return Error::system(step);
  }
  return {};
}

Result<Bytes> Socket::receive(std::string_view step) {
  for (;;) {
    const ssize_t size = recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
    if (size < 0) {
      if (errno == EINTR) continue;
      return Error::system(step);
    }
    buffer_.resize(std::max<size_t>(static_cast<size_t>(size), 1));
    const ssize_t got = recv(fd_.get(), buffer_.data(), buffer_.size(), 0);
    if (got < 0) return Error::system(step);
    return Bytes(buffer_).first(static_cast<size_t>(got));
  }
}

namespace {

// The acknowledgement's error, with the kernel's own words where it has some.
std::optional<Error> error_of(const nlmsghdr& header, Bytes payload, std::string_view step, std::string_view object) {
  const int code = -number_of<int32_t>(payload);
  if (code == 0) return std::nullopt;
  Error error = Error::from_errno(code, step, object);
  if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return error;
  // With NETLINK_CAP_ACK only the header of the refused request stands between the code and the attributes.
  const size_t skip = sizeof(nlmsgerr);
  if (payload.size() <= skip) return error;
  for_each_attribute(payload.subspan(skip), [&](uint16_t type, Bytes value) {
    if (type == NLMSGERR_ATTR_MSG) error.message += " (" + text_of(value) + ")";
  });
  return error;
}

// Calls `visit` with each message of a packet; false ends it.
void for_each_message(Bytes packet, const std::function<bool(const nlmsghdr&, Bytes)>& visit) {
  while (packet.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    std::memcpy(&header, packet.data(), sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > packet.size()) return;
    if (!visit(header, packet.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN))) return;
    packet = packet.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), packet.size()));
  }
}

}  // namespace

Result<void> Socket::request(Message& message, std::string_view step, std::string_view object) {
  const uint32_t sequence = sequence_++;
  message.set_sequence(sequence);
  TRY(send(message.bytes(), step));
  std::optional<Result<void>> outcome;
  while (!outcome) {
    TRY_ASSIGN(const Bytes packet, receive(step));
    for_each_message(packet, [&](const nlmsghdr& header, Bytes payload) {
      if (header.nlmsg_seq != sequence || header.nlmsg_type != NLMSG_ERROR) return true;
      auto error = error_of(header, payload, step, object);
      outcome = error ? Result<void>(std::move(*error)) : Result<void>();
      return false;
    });
  }
  return std::move(*outcome);
}

Result<void> Socket::dump(Message& message, std::string_view step, const std::function<void(const Answer&)>& visit) {
  const uint32_t sequence = sequence_++;
  message.set_sequence(sequence);
  TRY(send(message.bytes(), step));
  std::optional<Error> error;
  bool done = false;
  bool interrupted = false;
  while (!done) {
    TRY_ASSIGN(const Bytes packet, receive(step));
    for_each_message(packet, [&](const nlmsghdr& header, Bytes payload) {
      if (header.nlmsg_seq != sequence) return true;
      if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        error = error_of(header, payload, step, {});
        done = true;
        return false;
      }
      visit({header.nlmsg_type, payload});
      return true;
    });
  }
  if (error) return std::move(*error);
  if (interrupted) return Error::from_errno(EINTR, step, "the list changed while it was read");
  return {};
}

Result<void> Socket::batch(std::vector<Message>& messages, const std::function<Error(size_t, Error)>& failed) {
  const uint32_t first = sequence_;
  std::vector<char> packet;
  size_t expected = 0;
  for (Message& message : messages) {
    message.set_sequence(sequence_++);
    const Bytes bytes = message.bytes();
    packet.insert(packet.end(), bytes.begin(), bytes.end());
    if ((number_of<nlmsghdr>(bytes).nlmsg_flags & NLM_F_ACK) != 0) expected++;
  }
  TRY(send(packet, "nf_tables batch"));
  std::optional<Error> error;
  while (expected > 0) {
    TRY_ASSIGN(const Bytes answer, receive("nf_tables batch"));
    for_each_message(answer, [&](const nlmsghdr& header, Bytes payload) {
      if (header.nlmsg_type != NLMSG_ERROR || header.nlmsg_seq < first) return true;
      const size_t index = header.nlmsg_seq - first;
      if (index >= messages.size()) return true;
      expected--;
      auto refused = error_of(header, payload, "nf_tables", {});
      // A refused batch acknowledges nothing more; the first refusal is what counts.
      if (refused && !error) {
        error = failed(index, std::move(*refused));
        expected = 0;
      }
      return expected > 0;
    });
  }
  if (error) return std::move(*error);
  return {};
}

}  // namespace slipway::netlink

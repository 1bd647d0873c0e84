// Netlink messages: built attribute by attribute, sent, answered (RFC 3549; linux/netlink.h).
#pragma once

#include <linux/netlink.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.h"
#include "core/result.h"

namespace slipway::netlink {

using Bytes = std::span<const char>;

class Message {
 public:
  Message(uint16_t type, uint16_t flags);

  // The fixed part behind the header (ifinfomsg, nfgenmsg, …); before any attribute.
  template <typename T>
  void payload(const T& value) {
    append(&value, sizeof(value));
  }
  void put(uint16_t type, Bytes value);
  void put_string(uint16_t type, std::string_view text);  // with its NUL
  template <typename T>
  void put_number(uint16_t type, T value) {
    put(type, Bytes(reinterpret_cast<const char*>(&value), sizeof(value)));
  }
  // nf_tables numbers are big endian.
  void put_be32(uint16_t type, uint32_t value);
  void put_be64(uint16_t type, uint64_t value);
  void put_flag(uint16_t type) { put(type, {}); }

  // What `content` puts becomes the value of one attribute.
  void nest(uint16_t type, const std::function<void()>& content, bool marked = true);

  Bytes bytes();
  void set_sequence(uint32_t number);
  uint16_t type() const;

 private:
  void append(const void* data, size_t size);
  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(buffer_.data()); }

  std::vector<char> buffer_;
};

// The attributes of an answer by type (without the nested mark). Broken ones end the list.
void for_each_attribute(Bytes attributes, const std::function<void(uint16_t type, Bytes value)>& visit);

template <typename T>
T number_of(Bytes value) {
  T number{};
  std::memcpy(&number, value.data(), std::min(sizeof(number), value.size()));
  return number;
}
uint32_t be32_of(Bytes value);
uint64_t be64_of(Bytes value);
std::string text_of(Bytes value);

// One answer: its type, and what follows the header.
struct Answer {
  uint16_t type = 0;
  Bytes payload;
};

class Socket {
 public:
  // In the network namespace of the descriptor, or in the caller's own (-1): a socket keeps the namespace it was made
  // in.
  static Result<Socket> open(int protocol, int network_namespace);

  // Sends and waits for the acknowledgement. `step` names the request in errors.
  Result<void> request(Message& message, std::string_view step, std::string_view object = {});
  // Sends and hands every answer to `visit`, up to the end of the list or the acknowledgement.
  Result<void> dump(Message& message, std::string_view step, const std::function<void(const Answer&)>& visit);
  // Sends messages as one packet and waits until each that asks for it is acknowledged. `failed` is called with the
  // index and the error of the first that is refused.
  Result<void> batch(std::vector<Message>& messages, const std::function<Error(size_t, Error)>& failed);

 private:
  explicit Socket(Fd fd) : fd_(std::move(fd)) {}
  Result<void> send(Bytes bytes, std::string_view step);
  Result<Bytes> receive(std::string_view step);

  Fd fd_;
  uint32_t sequence_ = 1;
  std::vector<char> buffer_;
};

}  // namespace slipway::netlink

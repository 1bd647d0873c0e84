// As much of D-Bus as talking to systemd needs: a blocking client for one connection. Wire format and handshake are
// those of the D-Bus specification ("Message Protocol", "Authentication Protocol").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/fd.h"
#include "core/result.h"

namespace slipway::cgroup::dbus {

// The body of a message being written; every value is aligned as the specification asks.
class Writer {
 public:
  void byte(uint8_t value) { bytes_ += static_cast<char>(value); }
  void uint32(uint32_t value);
  void uint64(uint64_t value);
  void boolean(bool value) { uint32(value ? 1 : 0); }
  void string(std::string_view value);     // s, o
  void signature(std::string_view value);  // g
  void align(size_t boundary);
  void append(std::string_view raw) { bytes_ += raw; }

  // An array: begin with the alignment of its element, write the elements, end.
  size_t begin_array(size_t element_alignment);
  void end_array(size_t begin, size_t element_alignment);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

enum class Type : uint8_t { call = 1, reply = 2, error = 3, signal = 4 };

struct Message {
  Type type = Type::call;
  uint32_t serial = 0;
  uint32_t reply_to = 0;
  std::string path;
  std::string interface;
  std::string member;
  std::string error_name;
  std::string destination;
  std::string signature;
  std::string body;
};

// Reads a body; any read beyond its end yields zero or "" and makes ok() false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  uint8_t byte();
  uint32_t uint32();
  std::string string();     // s, o
  std::string signature();  // g
  void align(size_t boundary);
  size_t position() const { return position_; }
  bool ok() const { return ok_; }

 private:
  bool take(size_t count);
  std::string_view bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

// Pure; little endian.
std::string encode(const Message& message);
// How many bytes the message has in all; empty while `bytes` has no whole fixed header (16 bytes) yet; 0: malformed.
std::optional<size_t> message_size(std::string_view bytes);
Result<Message> decode(std::string_view bytes);

class Connection {
 public:
  // Connects and authenticates; on a message bus also says Hello.
  static Result<Connection> open(const std::string& socket_path, bool bus);

  // Sends a call and waits for its answer; an error answer is an Error with the peer's words. Signals that arrive
  // meanwhile are kept for next_signal().
  Result<Message> call(const std::string& path, const std::string& interface, const std::string& member,
                       const std::string& signature, const Writer& body, const std::string& destination);

  Result<Message> next_signal();

 private:
  Result<void> authenticate();
  Result<void> send(std::string_view bytes);
  Result<void> receive_more();
  Result<std::string> receive_line();
  Result<Message> receive();

  Fd socket_;
  std::string path_;
  std::string received_;
  std::vector<Message> signals_;
  uint32_t serial_ = 0;
};

}  // namespace slipway::cgroup::dbus

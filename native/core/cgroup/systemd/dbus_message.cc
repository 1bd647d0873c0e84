#include <cstring>

#include "core/cgroup/systemd/dbus.h"

namespace slipway::cgroup::dbus {
namespace {

// The header fields' codes.
constexpr uint8_t field_path = 1;
constexpr uint8_t field_interface = 2;
constexpr uint8_t field_member = 3;
constexpr uint8_t field_error_name = 4;
constexpr uint8_t field_reply_serial = 5;
constexpr uint8_t field_destination = 6;
constexpr uint8_t field_signature = 8;

constexpr uint8_t little_endian = 'l';
constexpr uint8_t protocol_version = 1;
constexpr size_t fixed_header_size = 16;  // up to and with the length of the header fields
constexpr size_t maximal_size =
    1 << 24;  // the specification allows 128 MiB; systemd's answers have a few hundred bytes

size_t round_up(size_t size, size_t boundary) {
  return (size + boundary - 1) / boundary * boundary;
}

void write_field(Writer& header, uint8_t code, std::string_view type, std::string_view value) {
  if (value.empty()) return;
  header.align(8);
  header.byte(code);
  header.signature(type);
  if (type == "g")
    header.signature(value);
  else
    header.string(value);
}

uint32_t load_uint32(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
  return value;
}

}  // namespace

void Writer::align(size_t boundary) {
  bytes_.resize(round_up(bytes_.size(), boundary), '\0');
}

void Writer::uint32(uint32_t value) {
  align(4);
  for (int i = 0; i < 4; ++i) byte(static_cast<uint8_t>(value >> (8 * i)));
}

void Writer::uint64(uint64_t value) {
  align(8);
  for (int i = 0; i < 8; ++i) byte(static_cast<uint8_t>(value >> (8 * i)));
}

void Writer::string(std::string_view value) {
  uint32(static_cast<uint32_t>(value.size()));
  bytes_ += value;
  byte(0);
}

void Writer::signature(std::string_view value) {
  byte(static_cast<uint8_t>(value.size()));
  bytes_ += value;
  byte(0);
}

size_t Writer::begin_array(size_t element_alignment) {
  uint32(0);
  const size_t begin = bytes_.size();
  align(element_alignment);
  return begin;
}

// The length counts from the first element: padding before it does not belong to it.
void Writer::end_array(size_t begin, size_t element_alignment) {
  const size_t length = bytes_.size() - round_up(begin, element_alignment);
  for (size_t i = 0; i < 4; ++i) bytes_[begin - 4 + i] = static_cast<char>(length >> (8 * i));
}

bool Reader::take(size_t count) {
  if (!ok_ || count > bytes_.size() - position_) {
    ok_ = false;
    return false;
  }
  position_ += count;
  return true;
}

void Reader::align(size_t boundary) {
  (void)take(round_up(position_, boundary) - position_);
}

uint8_t Reader::byte() {
  return take(1) ? static_cast<uint8_t>(bytes_[position_ - 1]) : 0;
}

uint32_t Reader::uint32() {
  align(4);
  return take(4) ? load_uint32(bytes_, position_ - 4) : 0;
}

std::string Reader::string() {
  const uint32_t size = uint32();
  if (!take(size)) return {};
  std::string value(bytes_.substr(position_ - size, size));
  (void)take(1);  // the final zero
  return value;
}

std::string Reader::signature() {
  const uint8_t size = byte();
  if (!take(size)) return {};
  std::string value(bytes_.substr(position_ - size, size));
  (void)take(1);
  return value;
}

std::string encode(const Message& message) {
  Writer header;
  header.byte(little_endian);
  header.byte(static_cast<uint8_t>(message.type));
  header.byte(0);  // flags
  header.byte(protocol_version);
  header.uint32(static_cast<uint32_t>(message.body.size()));
  header.uint32(message.serial);
  const size_t fields = header.begin_array(8);
  write_field(header, field_path, "o", message.path);
  write_field(header, field_interface, "s", message.interface);
  write_field(header, field_member, "s", message.member);
  write_field(header, field_destination, "s", message.destination);
  write_field(header, field_signature, "g", message.signature);
  header.end_array(fields, 8);
  header.align(8);
  return header.bytes() + message.body;
}

std::optional<size_t> message_size(std::string_view bytes) {
  if (bytes.size() < fixed_header_size) return std::nullopt;
  if (bytes[0] != little_endian) return 0;
  const size_t body = load_uint32(bytes, 4);
  const size_t fields = load_uint32(bytes, 12);
  if (body > maximal_size || fields > maximal_size) return 0;
  return round_up(fixed_header_size + fields, 8) + body;
}

Result<Message> decode(std::string_view bytes) {
  const auto malformed = [] { return Error::invalid("D-Bus", "the peer sent a malformed message"); };
  const auto size = message_size(bytes);
  if (!size || *size != bytes.size()) return malformed();
  Message message;
  message.type = static_cast<Type>(bytes[1]);
  message.serial = load_uint32(bytes, 8);
  const size_t fields_end = fixed_header_size + load_uint32(bytes, 12);
  message.body = bytes.substr(round_up(fields_end, 8));

  Reader header(bytes.substr(0, fields_end));
  for (size_t i = 0; i < fixed_header_size; ++i) (void)header.byte();
  while (header.ok() && header.position() < fields_end) {
    header.align(8);
    const uint8_t code = header.byte();
    const std::string type = header.signature();
    if (type == "u") {
      const uint32_t value = header.uint32();
      if (code == field_reply_serial) message.reply_to = value;
      continue;
    }
    if (type != "s" && type != "o" && type != "g") return malformed();
    std::string value = type == "g" ? header.signature() : header.string();
    if (code == field_path)
      message.path = std::move(value);
    else if (code == field_interface)
      message.interface = std::move(value);
    else if (code == field_member)
      message.member = std::move(value);
    else if (code == field_error_name)
      message.error_name = std::move(value);
    else if (code == field_signature)
      message.signature = std::move(value);
  }
  if (!header.ok()) return malformed();
  return message;
}

}  // namespace slipway::cgroup::dbus

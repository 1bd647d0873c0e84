#include "core/netlink/ip.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdio>

namespace slipway::netlink {

Result<Ip> parse_ip(std::string_view text) {
  const std::string terminated(text);
  char bytes[16];
  for (const auto& [family, size] : {std::pair{AF_INET, 4}, std::pair{AF_INET6, 16}}) {
    if (inet_pton(family, terminated.c_str(), bytes) == 1) {
      return Ip{family, std::string(bytes, static_cast<size_t>(size))};
    }
  }
  return Error::invalid("address", "'" + terminated + "' is no IP address");
}

Result<Network> parse_network(std::string_view text) {
  const size_t slash = text.find('/');
  TRY_ASSIGN(Ip ip, parse_ip(text.substr(0, slash)));
  const auto bits = static_cast<unsigned>(ip.bytes.size() * 8);
  unsigned prefix = bits;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || prefix > bits) {
      return Error::invalid("address", "'" + std::string(text) + "' has no valid prefix length");
    }
  }
  return Network{std::move(ip), prefix};
}

namespace {

// Sets or clears all bits behind the prefix.
void fill_host_bits(Network& network, bool ones) {
  for (size_t bit = network.prefix; bit < network.ip.bytes.size() * 8; bit++) {
    const auto mask = static_cast<unsigned char>(0x80U >> (bit % 8));
    auto byte = static_cast<unsigned char>(network.ip.bytes[bit / 8]);
    byte = ones ? byte | mask : byte & static_cast<unsigned char>(~mask);
    network.ip.bytes[bit / 8] = static_cast<char>(byte);
  }
}

}  // namespace

Network masked(Network network) {
  fill_host_bits(network, false);
  return network;
}

Ip last_of(const Network& network) {
  Network copy = network;
  fill_host_bits(copy, true);
  return copy.ip;
}

std::string format_ip(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN];
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  return inet_ntop(family, bytes.data(), text, sizeof(text));
}

Result<std::string> parse_mac(std::string_view text) {
  std::string bytes;
  for (size_t at = 0; at + 2 <= text.size(); at += 3) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value, 16);
    if (error != std::errc{} || end != text.data() + at + 2) break;
    if (at + 2 < text.size() && text[at + 2] != ':' && text[at + 2] != '-') break;
    bytes.push_back(static_cast<char>(value));
  }
  if (bytes.size() != 6 || text.size() != 17) {
    return Error::invalid("mac", "'" + std::string(text) + "' is no MAC address");
  }
  return bytes;
}

std::string format_mac(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    char part[4];
    std::snprintf(part, sizeof(part), "%s%02x", text.empty() ? "" : ":", static_cast<unsigned char>(byte));
    text += part;
  }
  return text;
}

}  // namespace slipway::netlink

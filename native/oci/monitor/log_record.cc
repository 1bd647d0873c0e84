#include "oci/monitor/log_record.h"

#include <time.h>

#include <array>
#include <bit>
#include <cstring>

namespace slipway::monitor {
namespace {

constexpr int64_t nanoseconds_per_second = 1000000000;
constexpr char hex[] = "0123456789abcdef";

// Bytes that stand for themselves in the log's JSON.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = true;
  for (const char byte : {'"', '\\', '<', '>', '&'}) plain[static_cast<unsigned char>(byte)] = false;
  return plain;
}
constexpr std::array<bool, 256> plain = make_plain();

// 16 bytes at once, in the machine's vector registers (GCC's vector extension: no instruction set is named).
typedef int8_t Block __attribute__((vector_size(16)));  // NOLINT(modernize-use-using): a vector can't be a using

static_assert(std::endian::native == std::endian::little);

// How many bytes at the start of the block stand for themselves. As signed numbers the bytes from 0x80 on are below
// 0x20 too. Each pair ('"' and '&', '<' and '>') differs in one bit.
size_t plain_prefix(Block block) {
  const Block special = (block < 0x20) | ((block & ~0x04) == '"') | ((block & ~0x02) == '<') | (block == '\\');
  uint64_t halves[2];
  memcpy(halves, &special, sizeof(halves));
  if (halves[0] != 0) return static_cast<size_t>(std::countr_zero(halves[0])) / 8;
  return halves[1] == 0 ? sizeof(Block) : 8 + static_cast<size_t>(std::countr_zero(halves[1])) / 8;
}

char* append(char* out, std::string_view text) {
  memcpy(out, text.data(), text.size());
  return out + text.size();
}

// The length of the valid UTF-8 sequence at the start of `text`, which begins with a byte >= 0x80; 1 with `valid` false
// where there is none. The ranges of the second byte keep out overlong forms, surrogates and what is above U+10FFFF.
size_t sequence_length(const unsigned char* text, size_t size, bool& valid) {
  const unsigned char lead = text[0];
  size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  }
  valid = length != 0 && length <= size && text[1] >= low && text[1] <= high;
  for (size_t index = 2; valid && index < length; ++index) valid = (text[index] & 0xc0) == 0x80;
  return valid ? length : 1;
}

char* write_control(char* out, unsigned char byte) {
  *out++ = '\\';
  switch (byte) {
    case '\\':
    case '"':
      *out++ = static_cast<char>(byte);
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    default:
      out = append(out, "u00");
      *out++ = hex[byte >> 4];
      *out++ = hex[byte & 0xf];
      return out;
  }
}

// U+2028 and U+2029 end a line in JavaScript, so Go escapes them.
bool is_line_separator(const unsigned char* text, size_t length) {
  return length == 3 && text[0] == 0xe2 && text[1] == 0x80 && (text[2] == 0xa8 || text[2] == 0xa9);
}

}  // namespace

char* write_escaped(char* out, std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = at + text.size();
  while (at < end) {
    // Copy first, look then: what must not stand there is overwritten by its escape.
    while (static_cast<size_t>(end - at) >= sizeof(Block)) {
      Block block;
      memcpy(&block, at, sizeof(block));
      memcpy(out, &block, sizeof(block));
      const size_t prefix = plain_prefix(block);
      at += prefix;
      out += prefix;
      if (prefix < sizeof(block)) break;
    }
    while (at < end && plain[*at]) *out++ = static_cast<char>(*at++);
    if (at == end) break;
    if (*at < 0x80) {
      out = write_control(out, *at++);
      continue;
    }
    bool valid = false;
    const size_t length = sequence_length(at, static_cast<size_t>(end - at), valid);
    if (!valid) {
      out = append(out, "\\ufffd");
    } else if (is_line_separator(at, length)) {
      out = append(out, at[2] == 0xa8 ? "\\u2028" : "\\u2029");
    } else {
      out = append(out, {reinterpret_cast<const char*>(at), length});
    }
    at += length;
  }
  return out;
}

int64_t wall_clock() {
  struct timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * nanoseconds_per_second + now.tv_nsec;
}

void LogClock::update() {
  now_ = wall_clock();
}

int64_t LogClock::next() {
  const bool set_back = last_ - now_ > nanoseconds_per_second;
  last_ = now_ > last_ || set_back ? now_ : last_ + 1;
  return last_;
}

char* TimeFormat::write(char* out, int64_t nanoseconds) {
  if (nanoseconds == last_ + 1 && text_[last_digit] != '9') {
    ++text_[last_digit];  // most records of one chunk
  } else {
    print(nanoseconds);
  }
  last_ = nanoseconds;
  size_t size = last_digit + 1;
  while (text_[size - 1] == '0') --size;
  if (size == point + 1) size = point;
  out = append(out, {text_, size});
  *out++ = 'Z';
  return out;
}

void TimeFormat::print(int64_t nanoseconds) {
  const time_t second = nanoseconds / nanoseconds_per_second;
  auto fraction = static_cast<uint32_t>(nanoseconds % nanoseconds_per_second);
  if (second != last_ / nanoseconds_per_second) {
    struct tm parts = {};
    gmtime_r(&second, &parts);
    strftime(text_, sizeof(text_), "%Y-%m-%dT%H:%M:%S", &parts);
    text_[point] = '.';
  }
  for (size_t place = last_digit; place > point; --place) {
    text_[place] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
}

std::string format_time(int64_t nanoseconds) {
  char text[TimeFormat::longest];
  TimeFormat format;
  return {text, format.write(text, nanoseconds)};
}

RecordWriter::RecordWriter(std::string_view attributes) {
  const std::string attrs = attributes.empty() ? std::string() : ",\"attrs\":" + std::string(attributes);
  tail_[0] = "\",\"stream\":\"stdout\"" + attrs + ",\"time\":\"";
  tail_[1] = "\",\"stream\":\"stderr\"" + attrs + ",\"time\":\"";
}

char* RecordWriter::write(char* out, const LogRecord& record) {
  out = append(out, "{\"log\":\"");
  out = write_escaped(out, record.text);
  if (record.whole_line) out = append(out, "\\n");
  out = append(out, tail_[record.is_stderr ? 1 : 0]);
  out = format_.write(out, record.time);
  return append(out, "\"}\n");
}

}  // namespace slipway::monitor

#include "oci/monitor/log_record.h"

#include <time.h>

#include <array>
#include <cstring>

namespace slipway::monitor {
namespace {

constexpr int64_t nanoseconds_per_second = 1000000000;
constexpr char hex[] = "0123456789abcdef";

// Bytes that stand for themselves in the log's JSON.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = true;
  for (const char byte : {'"', '\\', '<', '>', '&'}) plain[static_cast<size_t>(byte)] = false;
  return plain;
}
constexpr std::array<bool, 256> plain = make_plain();

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
    const unsigned char* run = at;
    while (at < end && plain[*at]) ++at;
    out = append(out, {reinterpret_cast<const char*>(run), static_cast<size_t>(at - run)});
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
  const int64_t second = nanoseconds / nanoseconds_per_second;
  auto fraction = static_cast<uint32_t>(nanoseconds % nanoseconds_per_second);
  if (second != second_) {
    second_ = second;
    const time_t time = second;
    struct tm parts = {};
    gmtime_r(&time, &parts);
    prefix_size_ = strftime(prefix_, sizeof(prefix_), "%Y-%m-%dT%H:%M:%S", &parts);
  }
  out = append(out, {prefix_, prefix_size_});
  if (fraction != 0) {
    *out = '.';
    size_t digits = 9;
    while (fraction % 10 == 0) {
      fraction /= 10;
      --digits;
    }
    for (size_t place = digits; place > 0; --place) {
      out[place] = static_cast<char>('0' + fraction % 10);
      fraction /= 10;
    }
    out += digits + 1;
  }
  *out++ = 'Z';
  return out;
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

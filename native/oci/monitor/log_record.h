// One record of Docker's json-file log, byte for byte as dockerd writes it:
//   {"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slipway::monitor {

// Writes `text` with the escapes of dockerd's jsonlog package (Go's encoding/json with HTML escaping): invalid UTF-8
// becomes \ufffd, byte by byte. Needs room for 6 times the text. Returns the end of what it wrote.
char* write_escaped(char* out, std::string_view text);

// Times of log records, in nanoseconds since 1970, UTC. Within one log each is later than the one before, unless the
// machine's clock was set back by more than a second.
class LogClock {
 public:
  // Reads the machine's clock; at most once per chunk of output.
  void update();
  // The time of the next record.
  int64_t next();
  int64_t last() const { return last_; }

 private:
  int64_t now_ = 0;
  int64_t last_ = 0;
};

// RFC 3339 with as many digits of a second as needed, as Go's time.RFC3339Nano.
class TimeFormat {
 public:
  static constexpr size_t longest = 40;
  // Returns the end of what it wrote.
  char* write(char* out, int64_t nanoseconds);

 private:
  static constexpr size_t point = 19;  // behind "2026-01-02T03:04:05"
  static constexpr size_t last_digit = point + 9;
  void print(int64_t nanoseconds);

  int64_t last_ = -1;
  char text_[last_digit + 2] = {};
};

std::string format_time(int64_t nanoseconds);
int64_t wall_clock();

struct LogRecord {
  std::string_view text;
  bool whole_line;  // else a part of a line, without "\n"
  bool is_stderr;
  int64_t time;
};

class RecordWriter {
 public:
  // `attributes`: a JSON object for "attrs", or empty.
  explicit RecordWriter(std::string_view attributes);

  size_t most_bytes(size_t text_size) const { return text_size * 6 + tail_[0].size() + TimeFormat::longest + 32; }
  // Needs most_bytes(). Returns the end of what it wrote.
  char* write(char* out, const LogRecord& record);

 private:
  std::string tail_[2];  // from the end of the text to the time, for stdout and stderr
  TimeFormat format_;
};

}  // namespace slipway::monitor

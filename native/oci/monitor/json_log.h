// Output cut into the records of a json-file log. Lines are split every 16 KiB, as dockerd's copier does; the start of
// a line waits here for its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "oci/monitor/log_file.h"
#include "oci/monitor/log_record.h"

namespace slipway::monitor {

enum class Stream { standard_output = 1, standard_error = 2 };  // as in attach frames

class JsonLog {
 public:
  JsonLog(LogFile::Options options, std::string_view attributes) : file_(std::move(options)), writer_(attributes) {}

  LogFile& file() { return file_; }

  // Takes output in and returns how much of it; less than all only when the log is stalled. What was taken is in the
  // file or in memory for a short while; flush() puts it into the file.
  size_t feed(Stream stream, std::string_view data);

  // No more output comes: an unfinished line becomes a record. False: the log is stalled, call again.
  bool finish();

  bool flush() { return file_.flush(); }
  const std::string& stalled() const { return file_.stalled(); }
  // What would be lost if nothing could be written any more.
  size_t unwritten() const { return file_.unwritten() + lines_[0].start.size() + lines_[1].start.size(); }
  void release();

 private:
  static constexpr size_t longest_part = size_t{16} * 1024;

  struct Line {
    std::string start;       // what is known of an unfinished line
    int64_t first_time = 0;  // of its first partial record; 0: there is none yet
  };

  bool write(Stream stream, std::string_view text, bool whole_line);
  Line& line(Stream stream) { return lines_[stream == Stream::standard_error ? 1 : 0]; }

  LogFile file_;
  RecordWriter writer_;
  LogClock clock_;
  Line lines_[2];
};

}  // namespace slipway::monitor

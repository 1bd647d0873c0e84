// The file behind a log: big writes, rotation as Docker's (F -> F.1 -> … -> F.(N-1)), and a full disk that loses
// nothing: what could not be written is kept and tried again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/fd.h"
#include "core/result.h"
#include "oci/monitor/page_buffer.h"

namespace slipway::monitor {

class LogFile {
 public:
  struct Options {
    std::string path;
    int64_t max_size = -1;  // bytes; -1: no rotation
    int max_files = 1;      // 1: the file is emptied when it is full
  };

  explicit LogFile(Options options) : options_(std::move(options)) {}

  // Opens or makes the file (mode 0640). A torn record at its end, which a killed monitor left, is cut off.
  Result<void> open();

  // Room for a record of up to `size` bytes, or nullptr while the log can't be written; see stalled().
  char* reserve(size_t size);
  // The record ends at `end`.
  void commit(const char* end) { used_ = static_cast<size_t>(end - buffer_.data()); }

  // Writes what is collected; also the way to try again after a failure.
  bool flush();

  // Why nothing can be written; empty if it can.
  const std::string& stalled() const { return stalled_; }
  size_t unwritten() const { return used_ - written_; }

  // Closes the file and opens the path anew.
  bool reopen();

  // Gives memory back; only when nothing is unwritten.
  void release();

  std::function<void()> on_rotated = [] {};

 private:
  bool full() const {
    return options_.max_size > 0 && size_ + static_cast<int64_t>(used_ - written_) >= options_.max_size;
  }
  bool rotate();
  bool open_new(int flags);
  bool stall(const char* what, int error);
  Result<void> cut_torn_end();

  Options options_;
  Fd fd_;
  int64_t size_ = 0;  // of the file
  PageBuffer buffer_{size_t{256} * 1024};
  size_t used_ = 0;     // bytes collected in the buffer
  size_t written_ = 0;  // of these, already in the file
  std::string stalled_;
};

}  // namespace slipway::monitor

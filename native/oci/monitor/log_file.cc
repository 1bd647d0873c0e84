#include "oci/monitor/log_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace slipway::monitor {

Result<void> LogFile::open() {
  if (!open_new(0)) return Error::invalid("log", stalled_);
  return cut_torn_end();
}

bool LogFile::open_new(int flags) {
  fd_ = Fd(::open(options_.path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0640));
  if (!fd_) return stall("open", errno);
  struct stat info = {};
  if (fstat(fd_.get(), &info) < 0) return stall("stat", errno);
  size_ = info.st_size;
  return true;
}

// Looks back for the last end of a line; a record is far shorter than the window.
Result<void> LogFile::cut_torn_end() {
  char* const window = buffer_.data();
  const auto length = static_cast<size_t>(std::min<int64_t>(size_, static_cast<int64_t>(buffer_.size())));
  const int64_t start = size_ - static_cast<int64_t>(length);
  const ssize_t got = pread(fd_.get(), window, length, start);
  if (got < 0) return Error::system("read", options_.path);
  const auto* const end = static_cast<const char*>(memrchr(window, '\n', static_cast<size_t>(got)));
  const int64_t whole = end == nullptr ? start : start + (end + 1 - window);
  buffer_.release();
  if (whole == size_) return {};
  if (ftruncate(fd_.get(), whole) < 0) return Error::system("ftruncate", options_.path);
  size_ = whole;
  return {};
}

char* LogFile::reserve(size_t size) {
  if (!stalled_.empty()) return nullptr;
  if (full() && !(flush() && rotate())) return nullptr;
  if (buffer_.size() - used_ < size && !flush()) return nullptr;
  return buffer_.data() + used_;
}

bool LogFile::flush() {
  if (!fd_ && !open_new(0)) return false;
  while (written_ < used_) {
    const ssize_t count = write(fd_.get(), buffer_.data() + written_, used_ - written_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return stall("write", errno);
    written_ += static_cast<size_t>(count);
    size_ += count;
  }
  used_ = 0;
  written_ = 0;
  stalled_.clear();
  return true;
}

// With a name missing in the row (somebody removed a file) its rename fails, and nothing is wrong with that.
bool LogFile::rotate() {
  for (int number = options_.max_files - 1; number > 0; --number) {
    const std::string older = options_.path + "." + std::to_string(number);
    const std::string newer = number == 1 ? options_.path : options_.path + "." + std::to_string(number - 1);
    rename(newer.c_str(), older.c_str());
  }
  fd_.reset();
  if (!open_new(options_.max_files > 1 ? 0 : O_TRUNC)) return false;
  on_rotated();
  return true;
}

bool LogFile::reopen() {
  if (used_ > 0 && !flush()) return false;
  fd_.reset();
  return open_new(0);
}

bool LogFile::stall(const char* what, int error) {
  stalled_ = std::string("cannot ") + what + " '" + options_.path + "': " + strerror(error);
  return false;
}

void LogFile::release() {
  if (used_ == 0) buffer_.release();
}

}  // namespace slipway::monitor

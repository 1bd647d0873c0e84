#include "core/archive/fd_stream.h"

#include <poll.h>
#include <unistd.h>

namespace slipway::archive {
namespace {

// Waits until `fd` can be used or the work is called off. Regular files always can.
Result<void> wait_for(int fd, short events, int cancel) {
  pollfd polled[2] = {{fd, events, 0}, {cancel, POLLIN, 0}};
  for (;;) {
    if (poll(polled, cancel < 0 ? 1 : 2, -1) >= 0) break;
    if (errno != EINTR) return Error::system("poll");
  }
  if (cancel >= 0 && polled[1].revents != 0) return Error::from_errno(ECANCELED, "waiting for the stream");
  return {};
}

}  // namespace

Result<size_t> FdSource::read(std::span<char> buffer) {
  for (;;) {
    // Also before the first try: a cancelled call stops however fast its data come.
    if (cancel_ >= 0) TRY(wait_for(fd_, POLLIN, cancel_));
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count >= 0) {
      count_ += static_cast<uint64_t>(count);
      return static_cast<size_t>(count);
    }
    if (errno == EAGAIN) {
      TRY(wait_for(fd_, POLLIN, cancel_));
    } else if (errno != EINTR) {
      return Error::system("read");
    }
  }
}

Result<void> FdSink::write(std::span<const char> data) {
  while (!data.empty()) {
    if (cancel_ >= 0) TRY(wait_for(fd_, POLLOUT, cancel_));
    const ssize_t count = ::write(fd_, data.data(), data.size());
    if (count >= 0) {
      count_ += static_cast<uint64_t>(count);
      data = data.subspan(static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd_, POLLOUT, cancel_));
    } else if (errno != EINTR) {
      return Error::system("write");
    }
  }
  return {};
}

}  // namespace slipway::archive

#include "oci/monitor/input.h"

#include <cerrno>

namespace slipway::monitor {

void Input::open(Fd fd, bool is_terminal) {
  fd_ = std::move(fd);
  is_terminal_ = is_terminal;
}

void Input::write(std::string_view data) {
  if (!fd_ || close_after_ || data.empty()) return;
  pending_.append(data);
  send();
}

void Input::close() {
  if (!fd_ || is_terminal_) return;
  close_after_ = true;
  if (pending_.empty()) close_now();
}

void Input::close_now() {
  if (!fd_) return;
  loop_.forget(fd_.get());
  fd_.reset();
  pending_ = std::string();
}

// A reader that closed its end ends the input for good (EPIPE).
void Input::send() {
  const size_t before = pending_.size();
  size_t sent = 0;
  while (sent < before) {
    const ssize_t count = ::write(fd_.get(), pending_.data() + sent, before - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count < 0) return close_now();
    sent += static_cast<size_t>(count);
  }
  pending_.erase(0, sent);
  if (!pending_.empty()) return loop_.watch(fd_.get(), EPOLLOUT, *this);
  loop_.forget(fd_.get());
  pending_ = std::string();
  if (close_after_) close_now();
}

void Input::on_ready(uint32_t) {
  send();
  if (!is_full()) on_room();
}

}  // namespace slipway::monitor

// The monitor's two listening sockets.
#pragma once

#include <functional>
#include <string>

#include "core/fd.h"
#include "core/result.h"
#include "oci/monitor/loop.h"

namespace slipway::monitor {

// Listens at DIRECTORY/NAME (mode 0600; the directory's path may be longer than a socket address). Connections of
// other users than our own and root are closed at once.
class Listener : public Source {
 public:
  Listener(Loop& loop, std::function<void(Fd)> on_connection) : loop_(loop), on_connection_(std::move(on_connection)) {}
  ~Listener() override { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  Result<void> open(int directory, const std::string& name);
  // Removes the socket's name too.
  void close();

  void on_ready(uint32_t events) override;

 private:
  Loop& loop_;
  std::function<void(Fd)> on_connection_;
  Fd fd_;
  Fd directory_;
  std::string name_;
};

// Sends from the front of `bytes` without waiting and erases what was sent. False: the peer is gone.
bool send_some(int fd, std::string& bytes);

}  // namespace slipway::monitor

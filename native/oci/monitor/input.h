// The container's stdin (or the master of its terminal), fed by attach clients.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/fd.h"
#include "oci/monitor/loop.h"

namespace slipway::monitor {

class Input : public Source {
 public:
  explicit Input(Loop& loop) : loop_(loop) {}
  ~Input() override { close_now(); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // `fd` does not block. Before open() and after close everything written is dropped.
  void open(Fd fd, bool is_terminal);

  void write(std::string_view data);
  // Closes after what was written before. A terminal stays open.
  void close();
  void close_now();

  // Something waits for the container to read; no more should be written.
  bool is_full() const { return !pending_.empty(); }
  std::function<void()> on_room = [] {};

  void on_ready(uint32_t events) override;

 private:
  void send();

  Loop& loop_;
  Fd fd_;
  bool is_terminal_ = false;
  bool close_after_ = false;
  std::string pending_;
};

}  // namespace slipway::monitor

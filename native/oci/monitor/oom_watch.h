// Hears of the kernel killing for memory in the container's cgroup.
#pragma once

#include <cstdint>
#include <functional>

#include "core/fd.h"
#include "oci/monitor/loop.h"
#include "oci/monitor/workload.h"

namespace slipway::monitor {

class OomWatch : public Source {
 public:
  explicit OomWatch(Loop& loop) : loop_(loop) {}
  ~OomWatch() override { close(); }
  OomWatch(const OomWatch&) = delete;
  OomWatch& operator=(const OomWatch&) = delete;

  // For an exec session, before it starts: its cgroup has a past.
  void note_past(const Workload& workload) { before_ = count(workload); }
  // The workload must outlive the watch.
  void start(const Workload& workload);
  // Whether the kernel has killed since then.
  bool stop();

  std::function<void(uint64_t count)> on_oom = [](uint64_t) {};
  void on_ready(uint32_t events) override;

 private:
  uint64_t count(const Workload& workload) const;
  void tell();
  void close();

  Loop& loop_;
  Fd fd_;
  const Workload* workload_ = nullptr;
  uint64_t before_ = 0;
  uint64_t told_ = 0;
};

// Makes the kernel choose others first, where it lets us (CAP_SYS_RESOURCE). After the container's processes are made,
// which would inherit it.
void protect_from_oom();

}  // namespace slipway::monitor

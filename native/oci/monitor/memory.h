// Gives back what work has used, for the long idle time after it.
#pragma once

#include <array>
#include <cstddef>

namespace slipway::monitor {

// Parts of the address space whose pages can go and come again by themselves.
class IdleMemory {
 public:
  IdleMemory();

  // Frees what malloc holds in store.
  void trim();

  struct Range {
    void* start;
    size_t size;
  };
  // The program's text and constants: clean copies of the file, which come back from the page cache, 64 KiB around each
  // place that is used. Whoever drops them right before it waits keeps little more than the place where it waits.
  const Range* begin() const { return ranges_.data(); }
  const Range* end() const { return ranges_.data() + count_; }

 private:
  std::array<Range, 8> ranges_{};
  size_t count_ = 0;
};

}  // namespace slipway::monitor

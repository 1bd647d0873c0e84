// Streams over descriptors that can be called off while they wait.
#pragma once

#include <cstdint>

#include "core/archive/source.h"

namespace slipway::archive {

class FdSource : public Source {
 public:
  // Neither descriptor is closed here. A read ends with ECANCELED as soon as `cancel` (-1: none) is readable.
  FdSource(int fd, int cancel) : fd_(fd), cancel_(cancel) {}
  Result<size_t> read(std::span<char> buffer) override;
  uint64_t count() const { return count_; }

 private:
  int fd_;
  int cancel_;
  uint64_t count_ = 0;
};

class FdSink : public Sink {
 public:
  FdSink(int fd, int cancel) : fd_(fd), cancel_(cancel) {}
  Result<void> write(std::span<const char> data) override;
  uint64_t count() const { return count_; }

 private:
  int fd_;
  int cancel_;
  uint64_t count_ = 0;
};

}  // namespace slipway::archive

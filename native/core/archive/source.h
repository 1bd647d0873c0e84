// A stream of bytes to read an archive from.
#pragma once

#include <cstddef>
#include <span>

#include "core/result.h"

namespace slipway::archive {

class Source {
 public:
  Source() = default;
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Fills a part of `buffer`, at least one byte; 0 only at the end.
  virtual Result<size_t> read(std::span<char> buffer) = 0;
};

class Sink {
 public:
  Sink() = default;
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Takes all of `data`.
  virtual Result<void> write(std::span<const char> data) = 0;
  // Writes what is still held back (a compressor's state). Called once, at the end.
  virtual Result<void> finish() { return {}; }
};

}  // namespace slipway::archive

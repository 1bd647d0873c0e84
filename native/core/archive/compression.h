// gzip and zstd streams, and streams that are hashed on the way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/archive/sha256.h"
#include "core/archive/source.h"

namespace slipway::archive {

enum class Compression { none, gzip, zstd, automatic };

// What the stream holds when it is decompressed. `automatic` looks at the first bytes. The source must outlive it.
Result<std::unique_ptr<Source>> decompressor(Source& source, Compression compression);

// Compresses into `sink`, which must outlive it; finish() finishes both. `level` 0 is the usual one.
Result<std::unique_ptr<Sink>> compressor(Sink& sink, Compression compression, int level);

// Hashes what is read through it.
class HashingSource : public Source {
 public:
  explicit HashingSource(Source& source) : source_(source) {}
  Result<size_t> read(std::span<char> buffer) override {
    TRY_ASSIGN(const size_t count, source_.read(buffer));
    hash_.update(buffer.first(count));
    return count;
  }
  std::string digest() { return hash_.digest(); }

 private:
  Source& source_;
  Sha256 hash_;
};

}  // namespace slipway::archive

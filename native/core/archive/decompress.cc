#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "core/archive/compression.h"

namespace slipway::archive {
namespace {

constexpr size_t input_size = 256 * 1024;

// Compressed bytes as they come, some of which may have been looked at before.
class Input {
 public:
  explicit Input(Source& source) : source_(source), buffer_(input_size) {}

  // Makes at least one byte available unless the stream has ended.
  Result<bool> refill() {
    if (begin_ < end_) return true;
    TRY_ASSIGN(end_, source_.read(buffer_));
    begin_ = 0;
    return end_ > 0;
  }
  // Looks at up to `size` bytes without using them.
  Result<std::span<const char>> peek(size_t size) {
    while (end_ - begin_ < size && begin_ + size <= buffer_.size()) {
      TRY_ASSIGN(const size_t count, source_.read(std::span(buffer_).subspan(end_)));
      if (count == 0) break;
      end_ += count;
    }
    return std::span<const char>(buffer_).subspan(begin_, std::min(size, end_ - begin_));
  }
  char* data() { return buffer_.data() + begin_; }
  size_t size() const { return end_ - begin_; }
  void use(size_t count) { begin_ += count; }

 private:
  Source& source_;
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

class PlainSource : public Source {
 public:
  explicit PlainSource(std::unique_ptr<Input> input) : input_(std::move(input)) {}
  Result<size_t> read(std::span<char> buffer) override {
    TRY_ASSIGN(const bool more, input_->refill());
    if (!more) return size_t{0};
    const size_t count = std::min(buffer.size(), input_->size());
    std::memcpy(buffer.data(), input_->data(), count);
    input_->use(count);
    return count;
  }

 private:
  std::unique_ptr<Input> input_;
};

// A gzip file is one member after the other (RFC 1952, 2.2); zeros may pad its end, as tapes had it.
class GzipSource : public Source {
 public:
  explicit GzipSource(std::unique_ptr<Input> input) : input_(std::move(input)) {}
  ~GzipSource() override {
    if (ready_) inflateEnd(&stream_);
  }

  Result<size_t> read(std::span<char> buffer) override {
    while (true) {
      TRY_ASSIGN(const bool more, input_->refill());
      if (!more) {
        if (in_member_) return Error::invalid("gzip stream", "it is truncated");
        return size_t{0};
      }
      if (!in_member_) {
        TRY_ASSIGN(const bool begun, begin_member());
        if (!begun) continue;
      }
      TRY_ASSIGN(const size_t count, inflate_some(buffer));
      if (count > 0) return count;
    }
  }

 private:
  // False where padding was passed over.
  Result<bool> begin_member() {
    if (members_ > 0 && *input_->data() == 0) {
      input_->use(1);
      return false;
    }
    const int status = ready_ ? inflateReset(&stream_) : inflateInit2(&stream_, 15 + 16);
    if (status != Z_OK) return Error::from_errno(ENOMEM, "inflateInit2");
    ready_ = true;
    in_member_ = true;
    members_++;
    return true;
  }

  Result<size_t> inflate_some(std::span<char> buffer) {
    stream_.next_in = reinterpret_cast<Bytef*>(input_->data());
    stream_.avail_in = static_cast<uInt>(input_->size());
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    const auto room = static_cast<uInt>(std::min<size_t>(buffer.size(), 1U << 30));
    stream_.avail_out = room;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    input_->use(input_->size() - stream_.avail_in);
    if (status == Z_STREAM_END) {
      in_member_ = false;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return Error::invalid("gzip stream", stream_.msg != nullptr ? stream_.msg : "it is damaged");
    }
    return size_t{room - stream_.avail_out};
  }

  std::unique_ptr<Input> input_;
  z_stream stream_{};
  bool ready_ = false;
  bool in_member_ = false;
  uint64_t members_ = 0;
};

class ZstdSource : public Source {
 public:
  explicit ZstdSource(std::unique_ptr<Input> input) : input_(std::move(input)), context_(ZSTD_createDCtx()) {
    // 128 MiB: what `zstd --ultra` and other container tools accept; a header may not ask for more memory.
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, 27);
  }
  ~ZstdSource() override { ZSTD_freeDCtx(context_); }

  Result<size_t> read(std::span<char> buffer) override {
    while (true) {
      ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
      // What the context still holds comes out even when no input is left.
      TRY_ASSIGN(const bool more, input_->refill());
      ZSTD_inBuffer in{input_->data(), more ? input_->size() : 0, 0};
      const size_t left = ZSTD_decompressStream(context_, &out, &in);
      if (ZSTD_isError(left) != 0) return Error::invalid("zstd stream", ZSTD_getErrorName(left));
      input_->use(in.pos);
      if (in.pos > 0 || out.pos > 0) in_frame_ = left != 0;
      if (out.pos > 0) return out.pos;
      if (!more) {
        if (in_frame_) return Error::invalid("zstd stream", "it is truncated");
        return size_t{0};
      }
    }
  }

 private:
  std::unique_ptr<Input> input_;
  ZSTD_DCtx* context_;
  bool in_frame_ = false;
};

Compression look_at(std::span<const char> start) {
  const std::string_view bytes(start.data(), start.size());
  if (bytes.starts_with("\x1f\x8b")) return Compression::gzip;
  // A zstd frame, or one of the 16 kinds of skippable frames (RFC 8878, 3.1.2) that estargz-like formats begin with.
  if (bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  if (bytes.size() == 4 && (bytes[0] & 0xf0) == 0x50 && bytes.substr(1) == "\x2a\x4d\x18") return Compression::zstd;
  return Compression::none;
}

}  // namespace

Result<std::unique_ptr<Source>> decompressor(Source& source, Compression compression) {
  auto input = std::make_unique<Input>(source);
  if (compression == Compression::automatic) {
    TRY_ASSIGN(const std::span<const char> start, input->peek(4));
    compression = look_at(start);
  }
  std::unique_ptr<Source> out;
  if (compression == Compression::gzip) {
    out = std::make_unique<GzipSource>(std::move(input));
  } else if (compression == Compression::zstd) {
    out = std::make_unique<ZstdSource>(std::move(input));
  } else {
    out = std::make_unique<PlainSource>(std::move(input));
  }
  return out;
}

}  // namespace slipway::archive

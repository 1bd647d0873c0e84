#include <zlib.h>
#include <zstd.h>

#include <vector>

#include "core/archive/compression.h"

namespace slipway::archive {
namespace {

constexpr size_t output_size = 256 * 1024;

class GzipSink : public Sink {
 public:
  explicit GzipSink(Sink& sink) : sink_(sink), buffer_(output_size) {}
  ~GzipSink() override { deflateEnd(&stream_); }

  Result<void> begin(int level) {
    // 16: with a gzip header, which has no time and no name: the same input gives the same bytes.
    if (deflateInit2(&stream_, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      return Error::from_errno(EINVAL, "deflateInit2");
    }
    return {};
  }
  Result<void> write(std::span<const char> data) override {
    stream_.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // zlib's older interface; not written to
    stream_.avail_in = static_cast<uInt>(data.size());
    return run(Z_NO_FLUSH);
  }
  Result<void> finish() override {
    TRY(run(Z_FINISH));
    return sink_.finish();
  }

 private:
  Result<void> run(int flush) {
    for (;;) {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int status = deflate(&stream_, flush);
      if (status == Z_STREAM_ERROR) return Error::from_errno(EINVAL, "deflate");
      const size_t made = buffer_.size() - stream_.avail_out;
      if (made > 0) TRY(sink_.write(std::span(buffer_).first(made)));
      if (stream_.avail_out != 0 && (flush == Z_NO_FLUSH || status == Z_STREAM_END)) return {};
    }
  }

  Sink& sink_;
  std::vector<char> buffer_;
  z_stream stream_{};
};

class ZstdSink : public Sink {
 public:
  ZstdSink(Sink& sink, int level) : sink_(sink), context_(ZSTD_createCCtx()), buffer_(output_size) {
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdSink() override { ZSTD_freeCCtx(context_); }

  Result<void> write(std::span<const char> data) override { return run(data, ZSTD_e_continue); }
  Result<void> finish() override {
    TRY(run({}, ZSTD_e_end));
    return sink_.finish();
  }

 private:
  Result<void> run(std::span<const char> data, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const size_t left = ZSTD_compressStream2(context_, &out, &in, directive);
      if (ZSTD_isError(left) != 0) return Error::invalid("zstd", ZSTD_getErrorName(left));
      if (out.pos > 0) TRY(sink_.write(std::span(buffer_).first(out.pos)));
      if (directive == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }

  Sink& sink_;
  ZSTD_CCtx* context_;
  std::vector<char> buffer_;
};

class PlainSink : public Sink {
 public:
  explicit PlainSink(Sink& sink) : sink_(sink) {}
  Result<void> write(std::span<const char> data) override { return sink_.write(data); }
  Result<void> finish() override { return sink_.finish(); }

 private:
  Sink& sink_;
};

}  // namespace

Result<std::unique_ptr<Sink>> compressor(Sink& sink, Compression compression, int level) {
  std::unique_ptr<Sink> out;
  if (compression == Compression::gzip) {
    auto gzip = std::make_unique<GzipSink>(sink);
    TRY(gzip->begin(level == 0 ? 6 : level));
    out = std::move(gzip);
  } else if (compression == Compression::zstd) {
    out = std::make_unique<ZstdSink>(sink, level == 0 ? 3 : level);
  } else {
    out = std::make_unique<PlainSink>(sink);
  }
  return out;
}

}  // namespace slipway::archive

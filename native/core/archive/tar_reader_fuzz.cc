// libFuzzer target: any bytes as an archive, read to the end.
// Sources: core/archive/tar_*.cc core/archive/pax.cc core/archive/encoding.cc core/archive/names.cc
#include <algorithm>
#include <cstring>

#include "core/archive/names.h"
#include "core/archive/tar_reader.h"

namespace {

class Memory : public slipway::archive::Source {
 public:
  explicit Memory(std::span<const char> data) : data_(data) {}
  slipway::Result<size_t> read(std::span<char> buffer) override {
    // In odd pieces, so that every boundary falls inside of something once.
    const size_t count = std::min({buffer.size(), data_.size(), size_t{700}});
    if (count > 0) std::memcpy(buffer.data(), data_.data(), count);
    data_ = data_.subspan(count);
    return count;
  }

 private:
  std::span<const char> data_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const char* data, size_t size) {
  using slipway::archive::Entry;
  Memory source({data, size});
  slipway::archive::TarReader reader(source, 64 * 1024, 4096);
  Entry entry;
  for (;;) {
    const auto more = reader.next(entry);
    if (!more || !*more) return 0;
    (void)slipway::archive::clean_path(entry.name);
    uint64_t stored = 0;
    for (const auto& part : entry.parts) {
      if (part.offset + part.size > entry.size) __builtin_trap();
      stored += part.size;
    }
    if (entry.sparse && stored != entry.stored_size) __builtin_trap();
    for (;;) {
      const auto piece = reader.data();
      if (!piece) return 0;
      if (piece->empty()) break;
    }
  }
}

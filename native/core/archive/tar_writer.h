// Writes tar archives: ustar headers, with pax records only for what does not fit them. The same entries always give
// the same bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/archive/entry.h"
#include "core/archive/source.h"
#include "core/result.h"

namespace slipway::archive {

class TarWriter {
 public:
  // Without `nanoseconds` times are cut to seconds, as other tools' layers have them.
  TarWriter(Sink& sink, bool nanoseconds) : sink_(sink), nanoseconds_(nanoseconds) {}

  // Begins an entry. A file's `stored_size` bytes of data must follow; a directory's name gets its slash here.
  Result<void> add(const Entry& entry);
  Result<void> data(std::span<const char> piece);
  // What is missing of the entry's data becomes zeros: its file was cut short while it was read.
  Result<void> fill();
  // The two blocks of zeros at the end, and the sink's own end.
  Result<void> finish();

  uint64_t entries() const { return entries_; }

 private:
  Result<void> write_header(const Entry& entry, const std::string& name, char type);
  Result<void> write_records(const Entry& entry, const std::string& name, const std::string& records);
  std::string records_of(const Entry& entry, const std::string& name) const;
  Result<void> pad();

  Sink& sink_;
  bool nanoseconds_;
  uint64_t entries_ = 0;
  uint64_t left_ = 0;     // of the entry's data
  uint64_t written_ = 0;  // of it
};

}  // namespace slipway::archive

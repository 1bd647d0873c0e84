// Reads tar streams: v7, ustar, pax, GNU (long names, sparse files) and star. What it reads is data from strangers:
// every size is checked before it is used, and what a header may cost is bounded.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/archive/entry.h"
#include "core/archive/pax.h"
#include "core/archive/source.h"
#include "core/archive/tar_header.h"
#include "core/result.h"

namespace slipway::archive {

class TarReader {
 public:
  // `header_limit` bounds the bytes of one entry's extended headers (names, records, sparse maps).
  TarReader(Source& source, uint64_t header_limit, size_t buffer_size = 1 << 20)
      : source_(source), header_limit_(header_limit), buffer_(buffer_size) {}

  // The next entry; false at the end of the archive. Data of the entry before that was not read is passed over.
  Result<bool> next(Entry& entry);
  // The next piece of the entry's stored data, valid until the next call; empty at its end. A sparse file's data are
  // its parts, one after the other.
  Result<std::span<const char>> data();
  // Reads what follows the archive's end, up to the stream's end.
  Result<void> drain();
  // Bytes of the archive read so far.
  uint64_t offset() const { return offset_; }

 private:
  // Makes `size` bytes (at most the buffer) stand together at the front; fewer only at the stream's end.
  Result<size_t> fill(size_t size);
  void consume(size_t size);
  Result<bool> next_block();  // into block_; false at the stream's end
  Result<void> skip(uint64_t size);
  Result<void> skip_padding();

  Result<bool> read_headers(Entry& entry);
  // Extended headers in front of an entry; true if `type` was one.
  Result<bool> read_extension(char type);
  Result<std::string> read_extension_data();
  Result<void> decode(Entry& entry, char type);
  Result<void> decode_names(Entry& entry, Block block);
  Result<void> decode_numbers(Entry& entry, Block block);
  Result<void> decode_sparse(Entry& entry, char type, Block block);
  Result<void> read_old_gnu_map(Entry& entry, Block block);
  Result<void> read_map_before_data(std::vector<uint64_t>& map, Entry& entry);
  static Result<void> check_sparse(Entry& entry, const std::vector<uint64_t>& map);

  Block block() const { return Block(block_.data(), block_size); }
  Error at(Error error) const;  // with the entry's name and offset

  Source& source_;
  uint64_t header_limit_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is in the buffer and not used yet
  size_t end_ = 0;
  bool source_ended_ = false;
  uint64_t offset_ = 0;

  std::vector<char> block_ = std::vector<char>(block_size);
  PaxHeader global_;
  PaxHeader local_;
  std::string long_name_;
  std::string long_link_;
  uint64_t header_bytes_ = 0;  // of this entry's extended headers so far
  uint64_t entry_offset_ = 0;
  std::string current_;   // the entry's name, for errors
  uint64_t left_ = 0;     // of the entry's data
  uint64_t padding_ = 0;  // behind it
};

}  // namespace slipway::archive

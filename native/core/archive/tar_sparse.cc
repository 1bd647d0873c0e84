// The four ways in which tar archives write sparse files (GNU tar manual, "Storing Sparse Files").
#include <algorithm>

#include "core/archive/tar_reader.h"

namespace slipway::archive {
namespace {

uint64_t padding_of(uint64_t size) {
  return (block_size - size % block_size) % block_size;
}

// Adds the (offset, size) pairs that stand at `at`, up to the first that is empty.
bool add_old_pairs(std::vector<uint64_t>& map, Block block, size_t at, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const HeaderField offset{at + i * 24, 12};
    const HeaderField size{at + i * 24 + 12, 12};
    if (field_bytes(block, offset)[0] == '\0') break;
    const auto offset_number = field_number(field_bytes(block, offset));
    const auto size_number = field_number(field_bytes(block, size));
    if (!offset_number || !size_number || *offset_number < 0 || *size_number < 0) return false;
    map.push_back(static_cast<uint64_t>(*offset_number));
    map.push_back(static_cast<uint64_t>(*size_number));
  }
  return true;
}

}  // namespace

Result<void> TarReader::decode_sparse(Entry& entry, char type, Block header_block) {
  Result<void> read;
  if (type == 'S') {
    read = read_old_gnu_map(entry, header_block);
  } else if (local_.sparse) {
    if (local_.sparse_major == 1) read = read_map_before_data(local_.sparse_map, entry);
    if (read) {
      if (!local_.sparse_size) return at(Error::invalid("sparse file", "its size is missing"));
      entry.size = *local_.sparse_size;
      read = check_sparse(entry, local_.sparse_map);
    }
  }
  if (!read) return at(std::move(read.error()));
  return {};
}

Result<void> TarReader::read_old_gnu_map(Entry& entry, Block header_block) {
  std::vector<uint64_t> map;
  const auto size = field_number(field_bytes(header_block, header::gnu_real_size));
  if (!size || *size < 0 || !add_old_pairs(map, header_block, header::gnu_sparse, header::gnu_sparse_count)) {
    return Error::invalid("sparse file", "its map is wrong");
  }
  entry.size = static_cast<uint64_t>(*size);
  bool extended = header_block[header::gnu_is_extended] != '\0';
  while (extended) {
    header_bytes_ += block_size;
    if (header_bytes_ > header_limit_) return Error::invalid("sparse file", "its map is too large");
    TRY_ASSIGN(const bool more, next_block());
    if (!more) return Error::invalid("truncated archive", "it ends inside a sparse file's map");
    if (!add_old_pairs(map, block(), 0, header::gnu_extension_count)) {
      return Error::invalid("sparse file", "its map is wrong");
    }
    extended = block()[header::gnu_extension_is_extended] != '\0';
  }
  return check_sparse(entry, map);
}

// Format 1.0: decimal numbers, one a line, first the number of pairs; padded to a block.
Result<void> TarReader::read_map_before_data(std::vector<uint64_t>& map, Entry& entry) {
  map.clear();
  uint64_t used = 0;
  std::string line;
  std::optional<uint64_t> expected;
  while (!expected || map.size() < *expected) {
    if (left_ == 0 || used > header_limit_) return Error::invalid("sparse file", "its map is too large or incomplete");
    TRY_ASSIGN(const size_t count, fill(1));
    if (count == 0) return Error::invalid("truncated archive", "it ends inside a sparse file's map");
    const char c = buffer_[begin_];
    consume(1);
    left_--;
    used++;
    if (c != '\n') {
      line.push_back(c);
      continue;
    }
    const auto number = parse_decimal(line);
    if (!number || (!expected && *number > header_limit_)) return Error::invalid("sparse file", "its map is wrong");
    line.clear();
    if (expected) {
      map.push_back(*number);
    } else {
      expected = *number * 2;
    }
  }
  const uint64_t padding = padding_of(used);
  if (padding > left_) return Error::invalid("sparse file", "its map is incomplete");
  TRY(skip(padding));
  left_ -= padding;
  entry.stored_size = left_;
  return {};
}

Result<void> TarReader::check_sparse(Entry& entry, const std::vector<uint64_t>& map) {
  if (map.size() % 2 != 0) return Error::invalid("sparse file", "its map is wrong");
  uint64_t end = 0;
  uint64_t stored = 0;
  for (size_t i = 0; i < map.size(); i += 2) {
    const SparsePart part{map[i], map[i + 1]};
    if (part.offset < end || part.offset > entry.size || part.size > entry.size - part.offset) {
      return Error::invalid("sparse file", "its parts overlap or reach beyond its size");
    }
    end = part.offset + part.size;
    stored += part.size;
    if (part.size > 0) entry.parts.push_back(part);
  }
  if (stored != entry.stored_size) return Error::invalid("sparse file", "its map does not agree with its data");
  entry.sparse = true;
  return {};
}

}  // namespace slipway::archive

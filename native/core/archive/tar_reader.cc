#include "core/archive/tar_reader.h"

#include <algorithm>
#include <cstring>

namespace slipway::archive {
namespace {

constexpr uint64_t largest_id = 0xfffffffe;  // 0xffffffff means "leave it" to chown(2)

uint64_t padding_of(uint64_t size) {
  return (block_size - size % block_size) % block_size;
}

}  // namespace

Error TarReader::at(Error error) const {
  std::string where = "entry at offset " + std::to_string(entry_offset_);
  if (!current_.empty()) where = "entry '" + current_ + "' at offset " + std::to_string(entry_offset_);
  return std::move(error).with_context(where);
}

Result<size_t> TarReader::fill(size_t size) {
  if (end_ - begin_ >= size) return size;
  if (begin_ + size > buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < size && !source_ended_) {
    if (begin_ == end_) begin_ = end_ = 0;
    TRY_ASSIGN(const size_t count, source_.read(std::span(buffer_).subspan(end_)));
    if (count == 0) source_ended_ = true;
    end_ += count;
  }
  return std::min(size, end_ - begin_);
}

void TarReader::consume(size_t size) {
  begin_ += size;
  offset_ += size;
}

Result<bool> TarReader::next_block() {
  TRY_ASSIGN(const size_t count, fill(block_size));
  if (count == 0) return false;
  if (count < block_size) {
    return at(
        Error::invalid("truncated archive", "it ends inside a header, at offset " + std::to_string(offset_ + count)));
  }
  std::memcpy(block_.data(), buffer_.data() + begin_, block_size);
  consume(block_size);
  return true;
}

Result<void> TarReader::skip(uint64_t size) {
  while (size > 0) {
    TRY_ASSIGN(const size_t count, fill(1));
    if (count == 0) {
      return at(
          Error::invalid("truncated archive", "it ends inside the data, " + std::to_string(size) + " bytes early"));
    }
    const auto part = static_cast<size_t>(std::min<uint64_t>(size, end_ - begin_));
    consume(part);
    size -= part;
  }
  return {};
}

// Some writers end behind the last byte of data: Docker's client, when it adds a Dockerfile from outside the context.
Result<void> TarReader::skip_padding() {
  TRY_ASSIGN(const size_t count, fill(static_cast<size_t>(padding_)));
  consume(count);
  padding_ = 0;
  return {};
}

Result<std::span<const char>> TarReader::data() {
  if (left_ == 0) return std::span<const char>{};
  TRY_ASSIGN(const size_t count, fill(1));
  if (count == 0) {
    return at(
        Error::invalid("truncated archive", "it ends inside the data, " + std::to_string(left_) + " bytes early"));
  }
  const auto part = static_cast<size_t>(std::min<uint64_t>(left_, end_ - begin_));
  const std::span<const char> piece(buffer_.data() + begin_, part);
  consume(part);
  left_ -= part;
  return piece;
}

Result<void> TarReader::drain() {
  for (;;) {
    TRY_ASSIGN(const size_t count, fill(1));
    if (count == 0) return {};
    consume(end_ - begin_);
  }
}

Result<bool> TarReader::next(Entry& entry) {
  TRY(skip(left_));
  left_ = 0;
  TRY(skip_padding());
  entry_offset_ = offset_;
  current_.clear();
  local_ = global_;
  long_name_.clear();
  long_link_.clear();
  header_bytes_ = 0;
  return read_headers(entry);
}

Result<bool> TarReader::read_headers(Entry& entry) {
  for (;;) {
    TRY_ASSIGN(const bool more, next_block());
    // An archive should end with two blocks of zeros; one, or none at all, is what some writers leave.
    if (!more || is_zero_block(block())) {
      if (header_bytes_ == 0) return false;
      return at(Error::invalid("truncated archive", "it ends after an extended header"));
    }
    const auto stated = field_number(field_bytes(block(), header::checksum));
    const Checksums sums = header_checksums(block());
    if (!stated || (*stated != sums.unsigned_sum && *stated != sums.signed_sum)) {
      return at(Error::invalid("header", "its checksum is wrong: not a tar archive, or a damaged one"));
    }
    const char type = block_[header::type];
    TRY_ASSIGN(const bool extension, read_extension(type));
    if (extension) continue;
    TRY(decode(entry, type));
    return true;
  }
}

Result<bool> TarReader::read_extension(char type) {
  switch (type) {
    case 'L': {
      TRY_ASSIGN(long_name_, read_extension_data());
      long_name_ = long_name_.c_str();  // up to the NUL
      return true;
    }
    case 'K': {
      TRY_ASSIGN(long_link_, read_extension_data());
      long_link_ = long_link_.c_str();
      return true;
    }
    case 'x':
    case 'X': {  // X: Solaris
      TRY_ASSIGN(const std::string records, read_extension_data());
      if (auto added = local_.add(records); !added) return at(std::move(added.error()));
      return true;
    }
    case 'g': {
      TRY_ASSIGN(const std::string records, read_extension_data());
      if (auto added = global_.add(records); !added) return at(std::move(added.error()));
      global_.keep_global_only();
      local_ = global_;
      return true;
    }
    case 'V':  // a volume's label
      TRY(read_extension_data());
      return true;
    default:
      return false;
  }
}

Result<std::string> TarReader::read_extension_data() {
  const auto size = field_number(field_bytes(block(), header::size));
  if (!size || *size < 0) return at(Error::invalid("header", "the size is no number"));
  header_bytes_ += block_size + static_cast<uint64_t>(*size);
  if (static_cast<uint64_t>(*size) > header_limit_ || header_bytes_ > header_limit_ + 16 * block_size) {
    return at(Error::invalid("extended header", "it is larger than " + std::to_string(header_limit_) + " bytes"));
  }
  std::string text;
  text.reserve(static_cast<size_t>(*size));
  for (auto left = static_cast<uint64_t>(*size); left > 0;) {
    TRY_ASSIGN(const size_t count, fill(1));
    if (count == 0) return at(Error::invalid("truncated archive", "it ends inside an extended header"));
    const auto part = static_cast<size_t>(std::min<uint64_t>(left, end_ - begin_));
    text.append(buffer_.data() + begin_, part);
    consume(part);
    left -= part;
  }
  TRY(skip(padding_of(static_cast<uint64_t>(*size))));
  return text;
}

Result<void> TarReader::decode(Entry& entry, char type) {
  entry.clear();
  entry.offset = entry_offset_;
  TRY(decode_names(entry, block()));
  current_ = entry.name;
  TRY(decode_numbers(entry, block()));
  switch (type) {
    case '\0':  // v7: directories are files whose name ends with a slash
      entry.type = entry.name.ends_with('/') ? EntryType::directory : EntryType::file;
      break;
    case '0':
    case '7':  // contiguous
    case 'S':  // GNU sparse
      entry.type = EntryType::file;
      break;
    case '1':
      entry.type = EntryType::hard_link;
      break;
    case '2':
      entry.type = EntryType::symlink;
      break;
    case '3':
      entry.type = EntryType::character;
      break;
    case '4':
      entry.type = EntryType::block;
      break;
    case '5':
      entry.type = EntryType::directory;
      break;
    case '6':
      entry.type = EntryType::fifo;
      break;
    default:
      return at(Error::invalid("header", std::string("entries of type '") + type + "' can't be unpacked"));
  }
  // Only files have data. Some writers give links and directories a size that means nothing; nobody stores data there.
  if (entry.type != EntryType::file) entry.stored_size = 0;
  entry.size = entry.stored_size;
  left_ = entry.stored_size;
  padding_ = padding_of(left_);
  entry.xattrs = std::move(local_.xattrs);
  if (entry.type == EntryType::file) TRY(decode_sparse(entry, type, block()));
  return {};
}

Result<void> TarReader::decode_names(Entry& entry, Block header_block) {
  entry.link_target = local_.link_path      ? *local_.link_path
                      : !long_link_.empty() ? long_link_
                                            : std::string(field_text(header_block, header::link_name));
  if (local_.path) {
    entry.name = *local_.path;
  } else if (!long_name_.empty()) {
    entry.name = long_name_;
  } else {
    // Only POSIX headers have a prefix; GNU keeps times and sparse maps in its place.
    std::string_view prefix;
    if (field_bytes(header_block, header::magic).starts_with(std::string_view("ustar\0", 6))) {
      const bool star = field_bytes(header_block, header::star_magic) == std::string_view("tar\0", 4);
      prefix = field_text(header_block, star ? header::star_prefix : header::prefix);
    }
    if (!prefix.empty()) entry.name.append(prefix).append("/");
    entry.name.append(field_text(header_block, header::name));
  }
  if (local_.sparse_name) entry.name = *local_.sparse_name;
  return {};
}

Result<void> TarReader::decode_numbers(Entry& entry, Block header_block) {
  const auto number = [&](HeaderField field) { return field_number(field_bytes(header_block, field)); };
  const auto wrong = [&](std::string_view what) {
    return at(Error::invalid("header", "the " + std::string(what) + " is no valid number"));
  };
  const auto mode = number(header::mode);
  if (!mode) return wrong("mode");
  entry.mode = static_cast<mode_t>(*mode & 07777);

  const auto uid = local_.uid ? local_.uid : number(header::uid);
  const auto gid = local_.gid ? local_.gid : number(header::gid);
  if (!uid || *uid < 0 || static_cast<uint64_t>(*uid) > largest_id) return wrong("user id");
  if (!gid || *gid < 0 || static_cast<uint64_t>(*gid) > largest_id) return wrong("group id");
  entry.uid = static_cast<uid_t>(*uid);
  entry.gid = static_cast<gid_t>(*gid);

  const auto size = local_.size ? static_cast<int64_t>(*local_.size) : number(header::size);
  if (!size || *size < 0) return wrong("size");
  entry.stored_size = static_cast<uint64_t>(*size);

  if (local_.mtime) {
    entry.mtime = *local_.mtime;
  } else {
    const auto seconds = number(header::mtime);
    if (!seconds) return wrong("time");
    entry.mtime = {static_cast<time_t>(*seconds), 0};
  }
  const char type = block_[header::type];
  if (type != '3' && type != '4') return {};
  const auto major = number(header::device_major);
  const auto minor = number(header::device_minor);
  if (!major || *major < 0 || *major > 0xfff || !minor || *minor < 0 || *minor > 0xfffff) return wrong("device number");
  entry.device_major = static_cast<uint32_t>(*major);
  entry.device_minor = static_cast<uint32_t>(*minor);
  return {};
}

}  // namespace slipway::archive

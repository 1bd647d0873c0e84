#include "core/archive/tar_writer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>

#include "core/archive/tar_header.h"

namespace slipway::archive {
namespace {

using RawBlock = std::array<char, block_size>;

constexpr uint64_t largest_octal(HeaderField field) {
  return (uint64_t{1} << (3 * (field.size - 1))) - 1;
}

void put_text(RawBlock& block, HeaderField field, std::string_view text) {
  std::memcpy(block.data() + field.offset, text.data(), std::min(text.size(), field.size));
}

// Octal with leading zeros and a NUL; what does not fit stays 0 and stands in a pax record.
void put_number(RawBlock& block, HeaderField field, uint64_t number) {
  if (number > largest_octal(field)) number = 0;
  char digits[24];
  std::snprintf(digits, sizeof(digits), "%0*llo", static_cast<int>(field.size - 1),
                static_cast<unsigned long long>(number));
  put_text(block, field, digits);
}

char type_flag(EntryType type) {
  switch (type) {
    case EntryType::file:
      return '0';
    case EntryType::hard_link:
      return '1';
    case EntryType::symlink:
      return '2';
    case EntryType::character:
      return '3';
    case EntryType::block:
      return '4';
    case EntryType::directory:
      return '5';
    case EntryType::fifo:
      return '6';
  }
  return '0';
}

// "LENGTH KEY=VALUE\n" where LENGTH counts itself.
std::string record(std::string_view key, std::string_view value) {
  const size_t rest = key.size() + value.size() + 3;  // blank, equals sign, newline
  size_t length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

std::string time_text(timespec time, bool nanoseconds) {
  if (!nanoseconds || time.tv_nsec == 0) return std::to_string(time.tv_sec);
  // A negative time's fraction counts upwards from its second below.
  const bool negative = time.tv_sec < 0;
  const time_t seconds = negative ? -(time.tv_sec + 1) : time.tv_sec;
  const long fraction = negative ? 1'000'000'000 - time.tv_nsec : time.tv_nsec;
  char text[48];
  std::snprintf(text, sizeof(text), "%s%lld.%09ld", negative ? "-" : "", static_cast<long long>(seconds), fraction);
  std::string out = text;
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

}  // namespace

Result<void> TarWriter::pad() {
  static constexpr std::array<char, block_size> zeros{};
  const size_t rest = written_ % block_size;
  written_ = 0;
  return rest == 0 ? Result<void>() : sink_.write(std::span(zeros).first(block_size - rest));
}

std::string TarWriter::records_of(const Entry& entry, const std::string& name) const {
  std::map<std::string, std::string> records;  // sorted, so that the same entry gives the same bytes
  if (name.size() > header::name.size) records["path"] = name;
  if (entry.link_target.size() > header::link_name.size) records["linkpath"] = entry.link_target;
  if (entry.stored_size > largest_octal(header::size)) records["size"] = std::to_string(entry.stored_size);
  if (entry.uid > largest_octal(header::uid)) records["uid"] = std::to_string(entry.uid);
  if (entry.gid > largest_octal(header::gid)) records["gid"] = std::to_string(entry.gid);
  const bool odd_time = entry.mtime.tv_sec < 0 ||
                        static_cast<uint64_t>(entry.mtime.tv_sec) > largest_octal(header::mtime) ||
                        (nanoseconds_ && entry.mtime.tv_nsec != 0);
  if (odd_time) records["mtime"] = time_text(entry.mtime, nanoseconds_);
  for (const auto& [key, value] : entry.xattrs) records["SCHILY.xattr." + key] = value;
  std::string text;
  for (const auto& [key, value] : records) text += record(key, value);
  return text;
}

Result<void> TarWriter::write_header(const Entry& entry, const std::string& name, char type) {
  RawBlock block{};
  put_text(block, header::name, name);
  put_number(block, header::mode, entry.mode);
  put_number(block, header::uid, entry.uid);
  put_number(block, header::gid, entry.gid);
  put_number(block, header::size, entry.stored_size);
  put_number(block, header::mtime, entry.mtime.tv_sec < 0 ? 0 : static_cast<uint64_t>(entry.mtime.tv_sec));
  block[header::type] = type;
  put_text(block, header::link_name, entry.link_target);
  put_text(block, header::magic,
           std::string_view("ustar\0"
                            "00",
                            8));
  put_number(block, header::device_major, entry.device_major);
  put_number(block, header::device_minor, entry.device_minor);
  char digits[8];
  std::snprintf(digits, sizeof(digits), "%06llo",
                static_cast<unsigned long long>(header_checksums(Block(block)).unsigned_sum));
  put_text(block, header::checksum, std::string_view(digits, 7));
  block[header::checksum.offset + 7] = ' ';
  return sink_.write(block);
}

Result<void> TarWriter::write_records(const Entry& entry, const std::string& name, const std::string& records) {
  // What a reader that does not know the records makes of them should at least not look like the file itself.
  const size_t end = name.find_last_not_of('/') + 1;
  const size_t slash = name.rfind('/', end == 0 ? 0 : end - 1);
  const size_t begin = slash == std::string::npos ? 0 : slash + 1;
  Entry extension;
  extension.mode = 0644;
  extension.mtime = {entry.mtime.tv_sec < 0 ? 0 : entry.mtime.tv_sec, 0};
  extension.stored_size = records.size();
  TRY(write_header(extension, "PaxHeaders/" + name.substr(begin, std::min<size_t>(end - begin, 80)), 'x'));
  TRY(sink_.write(records));
  written_ = records.size();
  return pad();
}

Result<void> TarWriter::add(const Entry& entry) {
  TRY(fill());
  std::string name = entry.name;
  if (entry.type == EntryType::directory && !name.ends_with('/')) name.push_back('/');
  if (const std::string records = records_of(entry, name); !records.empty()) TRY(write_records(entry, name, records));
  TRY(write_header(entry, name, type_flag(entry.type)));
  entries_++;
  left_ = entry.stored_size;
  written_ = 0;
  return {};
}

Result<void> TarWriter::data(std::span<const char> piece) {
  piece = piece.first(static_cast<size_t>(std::min<uint64_t>(piece.size(), left_)));
  left_ -= piece.size();
  written_ += piece.size();
  return sink_.write(piece);
}

Result<void> TarWriter::fill() {
  static constexpr std::array<char, 64 * 1024> zeros{};
  while (left_ > 0) TRY(data(zeros));
  return pad();
}

Result<void> TarWriter::finish() {
  TRY(fill());
  static constexpr std::array<char, 2 * block_size> end{};
  TRY(sink_.write(end));
  return sink_.finish();
}

}  // namespace slipway::archive

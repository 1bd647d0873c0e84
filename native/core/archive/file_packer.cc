#include "core/archive/file_packer.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <climits>

#include "core/archive/attributes.h"
#include "core/archive/names.h"
#include "core/fd.h"

namespace slipway::archive {
namespace {

EntryType type_of(mode_t mode) {
  if (S_ISDIR(mode)) return EntryType::directory;
  if (S_ISLNK(mode)) return EntryType::symlink;
  if (S_ISCHR(mode)) return EntryType::character;
  if (S_ISBLK(mode)) return EntryType::block;
  if (S_ISFIFO(mode)) return EntryType::fifo;
  return EntryType::file;
}

}  // namespace

Result<void> FilePacker::add(int parent, const std::string& name, const struct stat& status,
                             const std::string& archive_name) {
  if (S_ISSOCK(status.st_mode)) return {};
  Entry entry;
  entry.type = type_of(status.st_mode);
  entry.name = archive_name;
  entry.mode = status.st_mode & 07777;
  entry.uid = status.st_uid;
  entry.gid = status.st_gid;
  entry.mtime = status.st_mtim;
  if (options_.clamp_time && entry.mtime.tv_sec >= *options_.clamp_time) entry.mtime = {*options_.clamp_time, 0};
  if (entry.type != EntryType::directory && status.st_nlink > 1) {
    const auto [known, added] = linked_.try_emplace({status.st_dev, status.st_ino}, archive_name);
    if (!added) {
      entry.type = EntryType::hard_link;
      entry.link_target = known->second;
      return writer_.add(entry);
    }
  }
  if (entry.type == EntryType::character || entry.type == EntryType::block) {
    entry.device_major = major(status.st_rdev);
    entry.device_minor = minor(status.st_rdev);
  }
  TRY_ASSIGN(XattrList xattrs, name.empty() ? read_xattrs_through(fd_path(parent), archive_name)
                                            : read_xattrs_at(fd_path(parent) + "/" + name, archive_name));
  for (auto& [key, value] : xattrs) {
    // Labels belong to the machine, not to the image.
    if (!is_overlay_xattr(key) && key != "security.selinux") entry.xattrs.emplace_back(key, std::move(value));
  }
  if (entry.type == EntryType::symlink) TRY(read_link(parent, name, entry));
  if (entry.type == EntryType::file) return add_file(parent, name, entry);
  return writer_.add(entry);
}

Result<void> FilePacker::read_link(int parent, const std::string& name, Entry& entry) {
  entry.link_target.resize(PATH_MAX);
  const ssize_t size = readlinkat(parent, name.c_str(), entry.link_target.data(), entry.link_target.size());
  if (size < 0) return Error::system("readlinkat", entry.name);
  entry.link_target.resize(static_cast<size_t>(size));
  return {};
}

// The file may grow or shrink while it is read; the header has said how much comes.
Result<void> FilePacker::add_file(int parent, const std::string& name, Entry& entry) {
  constexpr int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const Fd fd(name.empty() ? open(fd_path(parent).c_str(), flags) : openat(parent, name.c_str(), flags | O_NOFOLLOW));
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) < 0) {
    if (!fd && errno == ENOENT) return {};  // removed meanwhile
    return Error::system("openat", entry.name);
  }
  if (!S_ISREG(status.st_mode)) return Error::invalid(entry.name, "it was replaced while it was read");
  entry.stored_size = static_cast<uint64_t>(status.st_size);
  TRY(writer_.add(entry));
  if (buffer_.empty()) buffer_.resize(256 * 1024);
  for (uint64_t left = entry.stored_size; left > 0;) {
    const ssize_t count = read(fd.get(), buffer_.data(), std::min<uint64_t>(buffer_.size(), left));
    if (count < 0) {
      if (errno == EINTR) continue;
      return Error::system("read", entry.name);
    }
    if (count == 0) break;
    TRY(writer_.data(std::span(buffer_).first(static_cast<size_t>(count))));
    left -= static_cast<uint64_t>(count);
  }
  return writer_.fill();
}

Result<void> FilePacker::add_whiteout(const std::string& archive_name) {
  Entry entry;
  entry.name = archive_name;
  entry.mode = 0600;
  return writer_.add(entry);
}

}  // namespace slipway::archive

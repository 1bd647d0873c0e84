#include "core/archive/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "core/archive/attributes.h"
#include "core/archive/remove_tree.h"
#include "core/archive/unpacker.h"

namespace slipway::archive {
namespace {

// syncfs(2) wants a descriptor that is not O_PATH.
int syncfs_of(int root) {
  const Fd fd(openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd ? syncfs(fd.get()) : -1;
}

}  // namespace

Unpacker::Unpacker(TarReader& reader, const UnpackOptions& options, Fd root, std::vector<Fd> lower, Fd link_from)
    : reader_(reader),
      options_(options),
      root_(std::move(root)),
      directories_(root_.get(), std::move(lower),
                   options.whiteouts == Whiteouts::overlay ? opaque_xattr(options.user_xattr) : std::string(),
                   [this](const std::string& path, const timespec* time) {
                     remember(path);
                     if (time != nullptr) pending_[path] = {.time = *time};
                   }),
      link_from_(std::move(link_from)),
      link_directories_(link_from_.get(), {}, std::string(), [](const std::string&, const timespec*) {}),
      modes_are_exact_(options.umask_is_zero && options.whiteouts == Whiteouts::overlay &&
                       getxattr(fd_path(root_.get()).c_str(), "system.posix_acl_default", nullptr, 0) < 0),
      own_uid_(geteuid()),
      own_gid_(getegid()) {}

void Unpacker::remember(const std::string& path) {
  if (options_.whiteouts == Whiteouts::apply) unpacked_.insert(path);
}

Result<void> Unpacker::unpack_entry(const Entry& entry) {
  TRY_ASSIGN(path_, clean_path(entry.name));
  if (std::exchange(stale_, false)) directories_.clear();
  directories_.trim();
  if (path_.empty()) return change_root(entry);

  const auto [parent, name_view] = split_path(path_);
  Place place{nullptr, std::string(name_view)};
  if (options_.whiteouts != Whiteouts::keep && place.name.starts_with(whiteout_prefix)) {
    return whiteout(place.name);
  }
  const bool is_device = entry.type == EntryType::character || entry.type == EntryType::block;
  if (is_device && options_.devices == Devices::skip) return {};
  if (is_device && options_.devices == Devices::refuse) {
    return Error::invalid("device node", "none is allowed here");
  }
  TRY_ASSIGN(place.directory, directories_.get(parent));
  TRY(make(entry, place));
  remember(path_);
  return {};
}

Result<void> Unpacker::make(const Entry& entry, const Place& place) {
  switch (entry.type) {
    case EntryType::file:
      return make_file(entry, place);
    case EntryType::directory:
      return make_directory(entry, place);
    case EntryType::hard_link:
      return make_hard_link(entry, place);
    case EntryType::symlink:
      return make_symlink(entry, place);
    case EntryType::character:
    case EntryType::block:
    case EntryType::fifo:
      return make_node(entry, place);
  }
  return {};
}

Result<Unpacker::Cleared> Unpacker::clear_way(const Entry& entry, const Place& place) {
  const int parent = place.directory->fd.get();
  struct stat status {};
  if (fstatat(parent, place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno == ENOENT) return Cleared{};
    return Error::system("fstatat");
  }
  const bool stands_directory = S_ISDIR(status.st_mode);
  const bool comes_directory = entry.type == EntryType::directory;
  if (stands_directory && comes_directory) return Cleared{.directory_stays = true};
  if (options_.refuse_type_change && stands_directory != comes_directory) {
    return Error::from_errno(stands_directory ? EISDIR : ENOTDIR, "replacing", path_);
  }
  TRY(remove_tree_at(parent, place.name));
  if (stands_directory || S_ISLNK(status.st_mode)) {
    stale_ = true;  // names that went through it may lead elsewhere now
    const std::string below = path_ + "/";
    pending_.erase(path_);
    pending_.erase(pending_.lower_bound(below), pending_.lower_bound(path_ + "0"));  // '0' follows '/'
  }
  return Cleared{.was_whiteout =
                     options_.whiteouts == Whiteouts::overlay && S_ISCHR(status.st_mode) && status.st_rdev == 0};
}

namespace {

// Makes something by `create`; where something else is in the way, clears it and tries again. A running container, or
// another copy into it, may put something there in between: the last one wins, but nobody is fought for ever.
template <typename Create, typename Clear>
Result<int> create_cleared(Create create, Clear clear, const char* step) {
  constexpr int patience = 100;
  int made = create();
  for (int times = 0; made < 0 && errno == EEXIST && times < patience; ++times) {
    TRY(clear());
    made = create();
  }
  if (made < 0) return Error::system(step);
  return made;
}

}  // namespace

Result<void> Unpacker::make_file(const Entry& entry, const Place& place) {
  const int parent = place.directory->fd.get();
  const auto create = [&] {
    return openat(parent, place.name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC,
                  creation_mode(entry));
  };
  TRY_ASSIGN(const int made, create_cleared(
                                 create, [&] { return clear_way(entry, place); }, "openat"));
  const Fd fd(made);
  TRY(write_data(entry, fd.get()));
  TRY(set_attributes(entry, fd.get(), place.directory->gives_group));
  const timespec times[2] = {entry.mtime, entry.mtime};
  if (futimens(fd.get(), times) < 0) return Error::system("futimens");
  return {};
}

Result<void> Unpacker::write_data(const Entry& entry, int fd) {
  if (entry.size > options_.byte_limit - bytes_) {
    return Error::invalid("archive", "it unpacks to more than " + std::to_string(options_.byte_limit) + " bytes");
  }
  size_t part = 0;
  uint64_t done = 0;  // of the part, or of a file that is not sparse
  for (;;) {
    TRY_ASSIGN(std::span<const char> piece, reader_.data());
    if (piece.empty()) break;
    if (!entry.sparse) {
      TRY(write_piece(fd, piece, done));
      done += piece.size();
      continue;
    }
    while (!piece.empty()) {
      const SparsePart& at = entry.parts[part];
      const auto size = static_cast<size_t>(std::min<uint64_t>(piece.size(), at.size - done));
      TRY(write_piece(fd, piece.first(size), at.offset + done));
      piece = piece.subspan(size);
      done += size;
      if (done < at.size) continue;
      part++;
      done = 0;
    }
  }
  if (entry.sparse && ftruncate(fd, static_cast<off_t>(entry.size)) < 0) return Error::system("ftruncate");
  return {};
}

Result<void> Unpacker::write_piece(int fd, std::span<const char> piece, uint64_t offset) {
  while (!piece.empty()) {
    const ssize_t count = pwrite(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      return Error::system("write");
    }
    piece = piece.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
    bytes_ += static_cast<uint64_t>(count);
  }
  return {};
}

Result<void> Unpacker::make_directory(const Entry& entry, const Place& place) {
  const int parent = place.directory->fd.get();
  const auto make_it = [&] { return mkdirat(parent, place.name.c_str(), creation_mode(entry) | 0700); };
  Cleared cleared;
  if (make_it() != 0) {
    if (errno != EEXIST) return Error::system("mkdirat");
    TRY_ASSIGN(cleared, clear_way(entry, place));
    if (!cleared.directory_stays && make_it() < 0) return Error::system("mkdirat");
  }
  Fd fd(openat(parent, place.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Error::system("openat");
  // What the lower layers have in this directory was whited out, and must not come back.
  if (cleared.was_whiteout) TRY(set_opaque(fd.get()));
  TRY(set_directory_attributes(entry, fd.get(), place.directory->gives_group));
  directories_.put(path_, {std::move(fd), (entry.mode & S_ISGID) != 0});
  return {};
}

Result<void> Unpacker::change_root(const Entry& entry) {
  if (entry.type != EntryType::directory) return Error::invalid("name", "the root can only be a directory");
  const Fd fd(openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error::system("openat");
  return set_directory_attributes(entry, fd.get(), true);
}

Result<void> Unpacker::make_hard_link(const Entry& entry, const Place& place) {
  TRY_ASSIGN(const std::string target, clean_path(entry.link_target));
  if (target.empty()) return Error::invalid("hard link", "it has no target");
  const auto [parent, name_view] = split_path(target);
  if (target == path_) {
    if (!link_from_) return Error::invalid("hard link", "it is its own target");
    link_directories_.trim();
    TRY_ASSIGN(const Directory* from, link_directories_.find(parent));
    return link_between(from, target, entry, place);
  }
  TRY_ASSIGN(const Directory* from, directories_.find(parent));
  return link_between(from, target, entry, place);
}

Result<void> Unpacker::link_between(const Directory* from, const std::string& target, const Entry& entry,
                                    const Place& place) {
  if (from == nullptr) return Error::from_errno(ENOENT, "hard link to", target);
  const std::string name(split_path(target).name);
  const auto create = [&] {
    return linkat(from->fd.get(), name.c_str(), place.directory->fd.get(), place.name.c_str(), 0);
  };
  if (auto made = create_cleared(
          create, [&] { return clear_way(entry, place); }, "linkat");
      !made) {
    if (made.error().code != ENOENT) return std::move(made.error());
    return Error::from_errno(ENOENT, "hard link to", target);
  }
  return {};
}

Result<void> Unpacker::make_symlink(const Entry& entry, const Place& place) {
  const auto create = [&] {
    return symlinkat(entry.link_target.c_str(), place.directory->fd.get(), place.name.c_str());
  };
  TRY(create_cleared(
      create, [&] { return clear_way(entry, place); }, "symlinkat"));
  return set_attributes_at(entry, place);
}

Result<void> Unpacker::make_node(const Entry& entry, const Place& place) {
  const mode_t kind = entry.type == EntryType::fifo ? S_IFIFO : entry.type == EntryType::character ? S_IFCHR : S_IFBLK;
  const dev_t number = entry.type == EntryType::fifo ? 0 : makedev(entry.device_major, entry.device_minor);
  const auto create = [&] {
    return mknodat(place.directory->fd.get(), place.name.c_str(), kind | creation_mode(entry), number);
  };
  TRY(create_cleared(
      create, [&] { return clear_way(entry, place); }, "mknodat"));
  return set_attributes_at(entry, place);
}

Result<void> Unpacker::finish() {
  for (const auto& [path, pending] : pending_) {
    const auto [parent, name_view] = split_path(path);
    directories_.trim();
    const std::string name(path.empty() ? "." : name_view);
    TRY_ASSIGN(const Directory* directory, directories_.find(parent));
    if (directory == nullptr) continue;  // removed by a later entry
    if (pending.set_mode) {
      const Fd fd(openat(directory->fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!fd || fchmod(fd.get(), pending.mode) < 0) return Error::system("fchmod", path);
    }
    const timespec times[2] = {pending.time, pending.time};
    if (utimensat(directory->fd.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) < 0) {
      return Error::system("utimensat", path);
    }
  }
  return {};
}

Result<UnpackResult> unpack(Source& source, const UnpackOptions& options) {
  Fd root(open(options.target.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Error::system("open", options.target);
  std::vector<Fd> lower;
  for (const std::string& path : options.lower) {
    if (!lower.emplace_back(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))) return Error::system("open", path);
  }
  Fd link_from;
  if (!options.link_from.empty()) {
    link_from = Fd(open(options.link_from.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!link_from) return Error::system("open", options.link_from);
  }
  TarReader reader(source, options.header_limit);
  Unpacker unpacker(reader, options, std::move(root), std::move(lower), std::move(link_from));
  UnpackResult result;
  Entry entry;
  for (;;) {
    TRY_ASSIGN(const bool more, reader.next(entry));
    if (!more) break;
    if (++result.entries > options.entry_limit) {
      return Error::invalid("archive", "it has more than " + std::to_string(options.entry_limit) + " entries");
    }
    if (auto done = unpacker.unpack_entry(entry); !done) {
      return std::move(done.error())
          .with_context("cannot unpack '" + entry.name + "' (at offset " + std::to_string(entry.offset) + ")");
    }
  }
  TRY(unpacker.finish());
  TRY(reader.drain());
  if (options.sync && syncfs_of(unpacker.root()) < 0) return Error::system("syncfs", options.target);
  result.bytes = unpacker.bytes();
  result.size = reader.offset();
  return result;
}

}  // namespace slipway::archive

// The state of one unpack(): what is done with each entry.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <unordered_set>

#include "core/archive/directory_cache.h"
#include "core/archive/entry.h"
#include "core/archive/names.h"
#include "core/archive/tar_reader.h"
#include "core/archive/unpack.h"
#include "core/fd.h"

namespace slipway::archive {

class Unpacker {
 public:
  Unpacker(TarReader& reader, const UnpackOptions& options, Fd root, std::vector<Fd> lower, Fd link_from);

  Result<void> unpack_entry(const Entry& entry);
  // Sets the directories' times, which unpacking into them changed.
  Result<void> finish();
  uint64_t bytes() const { return bytes_; }
  int root() const { return root_.get(); }

 private:
  struct Place {
    const Directory* directory;
    std::string name;
  };

  Result<void> make(const Entry& entry, const Place& place);
  Result<void> make_file(const Entry& entry, const Place& place);
  Result<void> make_directory(const Entry& entry, const Place& place);
  Result<void> make_hard_link(const Entry& entry, const Place& place);
  Result<void> link_between(const Directory* from, const std::string& target, const Entry& entry, const Place& place);
  Result<void> make_symlink(const Entry& entry, const Place& place);
  Result<void> make_node(const Entry& entry, const Place& place);
  Result<void> change_root(const Entry& entry);
  Result<void> write_data(const Entry& entry, int fd);
  Result<void> write_piece(int fd, std::span<const char> piece, uint64_t offset);

  // Whiteouts (unpack_whiteouts.cc).
  Result<void> whiteout(const std::string& name);
  Result<void> make_whiteout(const Directory& directory, const std::string& name);
  Result<void> apply_whiteout(std::string_view parent, const std::string& name);
  Result<void> apply_opaque(std::string_view parent);
  Result<void> set_opaque(int fd);

  // Removes what stands where an entry goes; a directory stays for a directory. `was_whiteout`: the entry replaces one.
  struct Cleared {
    bool directory_stays = false;
    bool was_whiteout = false;
  };
  Result<Cleared> clear_way(const Entry& entry, const Place& place);

  // Attributes (unpack_attributes.cc).
  Result<void> set_attributes(const Entry& entry, int fd, bool gives_group);
  Result<void> set_directory_attributes(const Entry& entry, int fd, bool gives_group);
  // Of what can't be opened: links, devices, fifos.
  Result<void> set_attributes_at(const Entry& entry, const Place& place);
  Result<void> set_owner(const Entry& entry, int fd, bool gives_group);
  Result<void> set_xattrs(const Entry& entry, int fd);
  bool owner_is_right(const std::pair<uid_t, gid_t>& owner, bool gives_group) const;
  Result<void> owner_result(int status) const;
  Result<void> xattr_result(int status, const std::string& name) const;
  std::pair<uid_t, gid_t> owner_of(const Entry& entry) const;

  mode_t creation_mode(const Entry& entry) const { return entry.mode & 0777; }
  void remember(const std::string& path);

  TarReader& reader_;
  const UnpackOptions& options_;
  Fd root_;
  DirectoryCache directories_;
  Fd link_from_;  // the tree that links to an entry's own name lead to; none if there is no such tree
  DirectoryCache link_directories_;
  // A fresh layer: nothing stands in the way but what the archive itself brought, and no default ACL changes modes.
  bool modes_are_exact_;
  std::string path_;  // the current entry's clean name
  struct Pending {
    timespec time{};
    mode_t mode = 0;
    bool set_mode = false;
  };
  std::map<std::string, Pending> pending_;    // directories
  std::unordered_set<std::string> unpacked_;  // with Whiteouts::apply: what this archive brought
  bool stale_ = false;                        // the cached directories
  uint64_t bytes_ = 0;
  uid_t own_uid_;
  gid_t own_gid_;
};

}  // namespace slipway::archive

// Paths inside a directory tree that belongs to somebody else (a container's root file system): every symbolic link in
// it is resolved as if the tree were the whole world, so no path can lead out of it, not even while it is being
// changed.
#pragma once

#include <cstdint>
#include <string>

#include "core/fd.h"
#include "core/result.h"

namespace slipway {

class Inside {
 public:
  // `root`: a directory (O_PATH will do), which must outlive this.
  explicit Inside(int root) : root_(root) {}

  int root() const { return root_; }

  // Opens `path` ("/" or "" is the root itself) with these O_* flags. Errors name the path.
  Result<Fd> open(const std::string& path, uint64_t flags, uint64_t mode = 0) const;

  // The same, but refuses symbolic links anywhere in it (ELOOP).
  Result<Fd> open_without_links(const std::string& path, uint64_t flags) const;

  // Makes what is missing: the directories above, and the last component as a directory or an empty file.
  // Dangling links are followed and their target made, inside. Returns it as O_PATH.
  Result<Fd> make_directory(const std::string& path, unsigned mode = 0755) const;
  Result<Fd> make_file(const std::string& path) const;

  // The directory that holds the last component, made if missing, and that component's name.
  struct Place {
    Fd directory;
    std::string name;
  };
  Result<Place> place(const std::string& path) const;

 private:
  Result<Fd> resolve(const std::string& path, uint64_t flags, uint64_t mode, uint64_t resolve) const;
  Result<Fd> make(const std::string& path, bool directory, unsigned mode, int depth) const;

  int root_;
};

}  // namespace slipway

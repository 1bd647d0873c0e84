// OCI whiteouts (image-spec, "Representing Changes") in an overlay layer's form, or applied to a plain tree.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/archive/attributes.h"
#include "core/archive/list_directory.h"
#include "core/archive/remove_tree.h"
#include "core/archive/unpacker.h"

namespace slipway::archive {

// `name` begins with ".wh.". A whiteout hides what lower layers have, never what its own layer brings, wherever in the
// archive it stands.
Result<void> Unpacker::whiteout(const std::string& name) {
  const std::string_view parent = split_path(path_).parent;
  const bool apply = options_.whiteouts == Whiteouts::apply;
  if (name == opaque_whiteout) {
    if (apply) return apply_opaque(parent);
    TRY_ASSIGN(const Directory* directory, directories_.get(parent));
    return set_opaque(directory->fd.get());
  }
  if (name.starts_with(whiteout_meta_prefix)) return {};  // AUFS's own files
  const std::string hidden = name.substr(whiteout_prefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..") {
    return Error::invalid("whiteout", "it does not name a file of its directory");
  }
  if (apply) return apply_whiteout(parent, hidden);
  TRY_ASSIGN(const Directory* directory, directories_.get(parent));
  return make_whiteout(*directory, hidden);
}

Result<void> Unpacker::make_whiteout(const Directory& directory, const std::string& name) {
  if (mknodat(directory.fd.get(), name.c_str(), S_IFCHR, 0) == 0 || errno == EEXIST) return {};
  return Error::system("mknodat (whiteout)");
}

Result<void> Unpacker::set_opaque(int fd) {
  const std::string name = opaque_xattr(options_.user_xattr);
  if (setxattr(fd_path(fd).c_str(), name.c_str(), "y", 1, 0) < 0) return Error::system("setxattr " + name);
  return {};
}

Result<void> Unpacker::apply_whiteout(std::string_view parent, const std::string& name) {
  std::string hidden(parent);
  if (!hidden.empty()) hidden.push_back('/');
  hidden += name;
  TRY_ASSIGN(const Directory* directory, directories_.find(parent));
  if (directory == nullptr) return {};
  stale_ = true;
  return remove_tree_at(directory->fd.get(), name, [&](const std::string& below) {
    return unpacked_.contains(below.empty() ? hidden : hidden + "/" + below);
  });
}

Result<void> Unpacker::apply_opaque(std::string_view parent) {
  TRY_ASSIGN(const Directory* directory, directories_.find(parent));
  if (directory == nullptr) return {};
  const Fd fd(openat(directory->fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error::system("openat");
  TRY_ASSIGN(const std::vector<std::string> names, list_directory(fd.get()));
  for (const std::string& name : names) TRY(apply_whiteout(parent, name));
  return {};
}

}  // namespace slipway::archive

#include "core/archive/pack.h"

#include <fcntl.h>
#include <sys/xattr.h>

#include "core/archive/attributes.h"
#include "core/archive/file_packer.h"
#include "core/archive/names.h"
#include "core/archive/tree.h"
#include "core/archive/tree_diff.h"
#include "core/fd.h"
#include "core/inside.h"

namespace slipway::archive {
namespace {

Result<Fd> open_top(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error::system("open", path);
  return fd;
}

Result<void> pack_tree(FilePacker& packer, const PackSource& source) {
  TRY_ASSIGN(const Fd top, open_top(source.root));
  return walk_tree(top.get(), !source.cross_mounts, [&](const TreeEntry& entry) -> Result<Walk> {
    if (!entry.path.empty()) TRY(packer.add(entry.parent, entry.name, entry.status, entry.path));
    return Walk::enter;
  });
}

std::string last_part(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return ".";
  const size_t slash = path.find_last_of('/', end);
  const size_t begin = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(begin, end - begin + 1);
}

Result<void> pack_directory(FilePacker& packer, const Fd& directory, const std::string& name) {
  return walk_tree(directory.get(), false, [&](const TreeEntry& entry) -> Result<Walk> {
    const std::string archive_name = entry.path.empty() ? name : name + "/" + entry.path;
    TRY(packer.add(entry.parent, entry.name, entry.status, archive_name));
    return Walk::enter;
  });
}

// What is found at the path is opened once, and only what was opened is packed: a link that is swapped in afterwards
// changes nothing (CVE-2018-15664).
Result<void> pack_path(FilePacker& packer, const PackSource& source) {
  const Fd root(open(source.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return Error::system("open", source.root);
  const bool follow = source.follow || source.path.ends_with('/') || source.path.ends_with("/.");
  const Inside inside(root.get());
  TRY_ASSIGN(const Fd found, inside.open(source.path, static_cast<uint64_t>(O_PATH | (follow ? 0 : O_NOFOLLOW))));
  struct stat status {};
  if (fstat(found.get(), &status) < 0) return Error::system("fstat", source.path);
  const std::string name = source.as.empty() ? last_part(source.path) : source.as;
  if (S_ISDIR(status.st_mode)) {
    const Fd directory(openat(found.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return Error::system("open", source.path);
    return pack_directory(packer, directory, name);
  }
  if (source.path.ends_with('/')) return Error::from_errno(ENOTDIR, "open", source.path);
  return packer.add(found.get(), "", status, name);
}

Result<bool> is_opaque(const TreeEntry& entry, const std::string& attribute) {
  char value = 0;
  const std::string path = fd_path(entry.parent) + "/" + entry.name;
  const ssize_t size = lgetxattr(path.c_str(), attribute.c_str(), &value, 1);
  return size == 1 && value == 'y';
}

Result<void> pack_overlay(FilePacker& packer, const PackSource& source) {
  TRY_ASSIGN(const Fd top, open_top(source.upper));
  const std::string attribute = opaque_xattr(source.user_xattr);
  return walk_tree(top.get(), true, [&](const TreeEntry& entry) -> Result<Walk> {
    const bool is_top = entry.path.empty();
    if (S_ISCHR(entry.status.st_mode) && entry.status.st_rdev == 0) {
      const SplitPath split = split_path(entry.path);
      std::string name(split.parent);
      if (!name.empty()) name += '/';
      name.append(whiteout_prefix).append(split.name);
      TRY(packer.add_whiteout(name));
      return Walk::pass;
    }
    if (!is_top) TRY(packer.add(entry.parent, entry.name, entry.status, entry.path));
    if (S_ISDIR(entry.status.st_mode)) {
      TRY_ASSIGN(const bool opaque, is_opaque(entry, attribute));
      if (opaque) TRY(packer.add_whiteout((is_top ? "" : entry.path + "/") + std::string(opaque_whiteout)));
    }
    return Walk::enter;
  });
}

Result<void> pack_difference(FilePacker& packer, const PackSource& source) {
  TRY_ASSIGN(const Fd lower, open_top(source.lower));
  TRY_ASSIGN(const Fd upper, open_top(source.upper));
  return diff_trees(lower.get(), upper.get(), [&](const Difference& difference) -> Result<void> {
    if (difference.kind != 'D') {
      return packer.add(difference.parent, difference.name, difference.status, difference.path);
    }
    const SplitPath split = split_path(difference.path);
    std::string name(split.parent);
    if (!name.empty()) name += '/';
    return packer.add_whiteout(name.append(whiteout_prefix).append(split.name));
  });
}

}  // namespace

Result<uint64_t> pack(Sink& sink, const PackSource& source, const PackOptions& options) {
  FilePacker packer(sink, options);
  switch (source.kind) {
    case PackKind::tree:
      TRY(pack_tree(packer, source));
      break;
    case PackKind::path:
      TRY(pack_path(packer, source));
      break;
    case PackKind::overlay:
      TRY(pack_overlay(packer, source));
      break;
    case PackKind::difference:
      TRY(pack_difference(packer, source));
      break;
  }
  TRY(packer.finish());
  return packer.entries();
}

}  // namespace slipway::archive

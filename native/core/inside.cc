#include "core/inside.h"

#include <climits>

#include "core/files.h"
#include "core/kernel.h"

namespace slipway {
namespace {

constexpr int max_links = 40;  // as the kernel's own

// "/a//b/" -> "a/b"; the root is ".".
std::string trim(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size() == path.size() ? part.size() : part.size() + 1);
    if (part.empty() || part == ".") continue;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out.empty() ? "." : out;
}

struct Split {
  std::string parent;
  std::string name;
};
Split split(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// For kernels before 5.6: component by component, without following a link in the kernel.
class Walk {
 public:
  explicit Walk(int root) : root_(root) {}

  Result<Fd> open(const std::string& path, uint64_t flags, uint64_t mode, bool links) {
    Fd at(::openat(root_, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!at) return Error::system("open", path);
    std::string rest = trim(path);
    std::string done;  // components below the root that `at` stands at
    for (int followed = 0;;) {
      const size_t slash = rest.find('/');
      const std::string name = rest.substr(0, slash);
      const bool last = slash == std::string::npos;
      if (name == "..") {
        const Split up = split(done);
        done = done.empty() || up.parent == "." ? "" : up.parent;
        at = reopen(done);
        if (!at) return Error::system("open", path);
        if (last) return finish(at.get(), ".", flags, mode, path);
        rest = rest.substr(slash + 1);
        continue;
      }
      std::string target(PATH_MAX, '\0');
      const ssize_t length = ::readlinkat(at.get(), name.c_str(), target.data(), target.size());
      if (length >= 0 && !(last && (flags & O_NOFOLLOW) != 0)) {
        if (!links || ++followed > max_links) return Error::from_errno(ELOOP, "open", path);
        target.resize(static_cast<size_t>(length));
        if (target.starts_with('/')) {
          done.clear();
          at = reopen(done);
        }
        rest = trim(last ? target : target + "/" + rest.substr(slash + 1));
        continue;
      }
      if (last) return finish(at.get(), name, flags | O_NOFOLLOW, mode, path);
      Fd next(::openat(at.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next) return Error::system("open", path);
      at = std::move(next);
      done += (done.empty() ? "" : "/") + name;
      rest = rest.substr(slash + 1);
    }
  }

 private:
  // From the root down again: ".." of a directory that somebody moves away would lead out.
  Fd reopen(const std::string& below) const {
    Fd at(::openat(root_, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (size_t begin = 0; at && begin < below.size();) {
      const size_t end = std::min(below.find('/', begin), below.size());
      at = Fd(
          ::openat(at.get(), below.substr(begin, end - begin).c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      begin = end + 1;
    }
    return at;
  }

  static Result<Fd> finish(int at, const std::string& name, uint64_t flags, uint64_t mode, const std::string& path) {
    Fd fd(::openat(at, name.c_str(), static_cast<int>(flags) | O_CLOEXEC, static_cast<mode_t>(mode)));
    if (!fd) return Error::system("open", path);
    return fd;
  }

  int root_;
};

}  // namespace

Result<Fd> Inside::resolve(const std::string& path, uint64_t flags, uint64_t mode, uint64_t how) const {
  const std::string below = trim(path);
  // EAGAIN: something was renamed or mounted meanwhile, and the kernel could not be sure.
  for (int attempt = 0; attempt < 64; ++attempt) {
    Fd fd(kernel::openat2(root_, below.c_str(), flags, how | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode));
    if (fd) return fd;
    if (errno == ENOSYS) return Walk(root_).open(below, flags, mode, (how & RESOLVE_NO_SYMLINKS) == 0);
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return Error::system("open", path);
}

Result<Fd> Inside::open(const std::string& path, uint64_t flags, uint64_t mode) const {
  return resolve(path, flags, mode, 0);
}

Result<Fd> Inside::open_without_links(const std::string& path, uint64_t flags) const {
  return resolve(path, flags, 0, RESOLVE_NO_SYMLINKS);
}

Result<Fd> Inside::make(const std::string& path, bool directory, unsigned mode, int depth) const {
  Result<Fd> found = resolve(path, O_PATH, 0, 0);
  if (found || found.error().code != ENOENT) return found;
  if (depth > max_links) return Error::from_errno(ELOOP, "mkdir", path);

  const Split at = split(trim(path));
  if (at.name == "..") {
    TRY(make(at.parent, true, 0755, depth + 1));
    return resolve(path, O_PATH, 0, 0);
  }
  TRY_ASSIGN(const Fd parent, make(at.parent, true, 0755, depth + 1));
  std::string target(PATH_MAX, '\0');
  if (const ssize_t length = ::readlinkat(parent.get(), at.name.c_str(), target.data(), target.size()); length >= 0) {
    target.resize(static_cast<size_t>(length));
    return make(target.starts_with('/') ? target : at.parent + "/" + target, directory, mode, depth + 1);
  }
  if (directory) {
    if (::mkdirat(parent.get(), at.name.c_str(), mode) != 0 && errno != EEXIST) return Error::system("mkdir", path);
    Fd fd(::openat(parent.get(), at.name.c_str(), O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return Error::system("open", path);
    return fd;
  }
  const Fd made(::openat(parent.get(), at.name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!made && errno != EEXIST) return Error::system("create", path);
  Fd fd(::openat(parent.get(), at.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return Error::system("open", path);
  return fd;
}

Result<Fd> Inside::make_directory(const std::string& path, unsigned mode) const {
  return make(path, true, mode, 0);
}

Result<Fd> Inside::make_file(const std::string& path) const {
  return make(path, false, 0, 0);
}

Result<Inside::Place> Inside::place(const std::string& path) const {
  const Split at = split(trim(path));
  if (at.name == "." || at.name == "..") return Error::from_errno(EINVAL, "open", path);
  TRY_ASSIGN(Fd directory, make(at.parent, true, 0755, 0));
  return Place{std::move(directory), at.name};
}

}  // namespace slipway

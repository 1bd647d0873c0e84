#include "core/files.h"

#include <fcntl.h>
#include <sys/stat.h>

namespace slipway {

Result<std::string> read_all(int fd, size_t limit, std::string_view name) {
  std::string content;
  size_t used = 0;
  while (true) {
    content.resize(used + 16384);
    const ssize_t count = retry([&] { return ::read(fd, content.data() + used, content.size() - used); });
    if (count < 0) return Error::system("read", name);
    used += static_cast<size_t>(count);
    if (used > limit) return Error::from_errno(EFBIG, "read", name);
    if (count == 0) break;
  }
  content.resize(used);
  return content;
}

Result<std::string> read_file(int directory, const std::string& path, size_t limit, bool any_kind) {
  // O_NONBLOCK: a FIFO in the place of the file must not make us wait.
  const Fd fd(retry([&] { return ::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); }));
  if (!fd) return Error::system("open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return Error::system("fstat", path);
  if (S_ISDIR(status.st_mode)) return Error::from_errno(EISDIR, "read", path);
  if (!any_kind && !S_ISREG(status.st_mode)) return Error::from_errno(EINVAL, "read", path);
  return read_all(fd.get(), limit, path);
}

Result<void> write_all(int fd, std::string_view content, std::string_view name) {
  while (!content.empty()) {
    const ssize_t count = retry([&] { return ::write(fd, content.data(), content.size()); });
    if (count < 0) return Error::system("write", name);
    content.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> write_file(int directory, const std::string& path, std::string_view content, int flags, unsigned mode) {
  const Fd fd(retry([&] { return ::openat(directory, path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | flags, mode); }));
  if (!fd) return Error::system("open", path);
  return write_all(fd.get(), content, path);
}

Result<void> make_directories(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  if (errno != ENOENT) return Error::system("mkdir", path);
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash == 0) return Error::system("mkdir", path);
  TRY(make_directories(path.substr(0, slash), mode));
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return Error::system("mkdir", path);
}

}  // namespace slipway

#include "core/archive/list_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace slipway::archive {

// getdents64(2) itself: readdir(3) would want to own the descriptor.
Result<std::vector<std::string>> list_directory(int fd) {
  if (lseek(fd, 0, SEEK_SET) < 0) return Error::system("lseek");
  std::vector<std::string> names;
  alignas(dirent64) char buffer[32 * 1024];
  for (;;) {
    const long size = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
    if (size < 0) return Error::system("getdents64");
    if (size == 0) break;
    for (long at = 0; at < size;) {
      dirent64 entry;
      std::memcpy(&entry, buffer + at, offsetof(dirent64, d_name));
      const char* name = buffer + at + offsetof(dirent64, d_name);
      if (std::strcmp(name, ".") != 0 && std::strcmp(name, "..") != 0) names.emplace_back(name);
      at += entry.d_reclen;
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace slipway::archive

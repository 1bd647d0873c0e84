// Small files read and written whole.
#pragma once

#include <string>
#include <string_view>

#include "core/fd.h"
#include "core/result.h"

namespace slipway {

// At most `limit` bytes; a longer file is an error (EFBIG), and so is anything but a regular file unless `any_kind`.
Result<std::string> read_file(int directory, const std::string& path, size_t limit, bool any_kind = false);
// To the end, at most `limit` bytes.
Result<std::string> read_all(int fd, size_t limit, std::string_view name);
// One write(2), as /proc and /sys want it. Opens with O_WRONLY | `flags`.
Result<void> write_file(int directory, const std::string& path, std::string_view content, int flags = 0,
                        unsigned mode = 0);
Result<void> write_all(int fd, std::string_view content, std::string_view name);
// mkdir -p
Result<void> make_directories(const std::string& path, unsigned mode);

// Retries on EINTR.
template <typename Call>
auto retry(Call call) {
  while (true) {
    auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

}  // namespace slipway

#include "core/cgroup/directory.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/cgroup/text.h"
#include "core/fd.h"

namespace slipway::cgroup {

bool Directory::has(std::string_view name) const {
  return ::access(file(name).c_str(), F_OK) == 0;
}

Result<std::string> Directory::read(std::string_view name) const {
  return read_text(file(name));
}

std::optional<uint64_t> Directory::number(std::string_view name) const {
  const auto text = read(name);
  return text ? parse_number(*text) : std::nullopt;
}

Result<void> Directory::write(std::string_view name, std::string_view value, std::string_view field) const {
  const std::string target = file(name);
  const auto context = [&] { return std::string(field) + ": cannot set " + std::string(value); };
  const Fd fd(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) {
    Error error = unsupported(field, "the kernel has no '" + target + "'");
    error.code = ENOENT;
    return error;
  }
  if (!fd) return Error::system("open", target).with_context(context());
  for (;;) {
    if (::write(fd.get(), value.data(), value.size()) >= 0) return {};
    if (errno != EINTR) return Error::system("write", target).with_context(context());
  }
}

std::string or_max(int64_t value) {
  return value < 0 ? "max" : std::to_string(value);
}

Error unsupported(std::string_view field, std::string_view why) {
  return Error::invalid(field, "cannot be applied: " + std::string(why));
}

}  // namespace slipway::cgroup

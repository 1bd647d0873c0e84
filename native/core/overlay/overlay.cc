#include "core/overlay/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "core/fd.h"
#include "core/kernel.h"
#include "core/mount/mount.h"
#include "core/side_thread.h"

namespace slipway::overlay {
namespace {

constexpr size_t most_layers = 500;    // the kernel's OVL_MAX_STACK
constexpr size_t longest_value = 255;  // that fsconfig(2) takes

struct Parameter {
  std::string key;
  std::string value;  // "": a flag
};

bool kernel_knows(const char* parameter) {
  return access((std::string("/sys/module/overlay/parameters/") + parameter).c_str(), F_OK) == 0;
}

// What does not depend on the layers.
std::vector<Parameter> features(const Options& options) {
  std::vector<Parameter> parameters;
  if (kernel_knows("redirect_dir")) parameters.push_back({"redirect_dir", "nofollow"});
  if (kernel_knows("metacopy")) parameters.push_back({"metacopy", "off"});
  if (kernel_knows("index") && !options.upper.empty()) parameters.push_back({"index", "off"});
  if (options.user_xattr) parameters.push_back({"userxattr", ""});
  if (options.is_volatile && !options.upper.empty()) parameters.push_back({"volatile", ""});
  return parameters;
}

Result<void> check(const Options& options) {
  if (options.lower.empty()) return Error::invalid("lower", "an overlay needs at least one layer");
  if (options.lower.size() > most_layers) {
    return Error::invalid("lower", std::to_string(options.lower.size()) + " layers are more than the " +
                                       std::to_string(most_layers) + " that the kernel takes");
  }
  if (options.upper.empty() != options.work.empty()) {
    return Error::invalid("work", "upper and work directory come together or not at all");
  }
  return {};
}

Result<Fd> open_directory(const std::string& path) {
  Fd fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error::system("open", path);
  return fd;
}

// What the kernel says about a refused parameter, or nothing.
std::string kernel_words(int context) {
  std::array<char, 512> line{};
  std::string words;
  for (ssize_t size = 0; (size = read(context, line.data(), line.size())) > 0;) {
    std::string_view text(line.data(), static_cast<size_t>(size));
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (text.starts_with("e ")) words = text.substr(2);
  }
  return words;
}

Error refused(int context, int code, const std::string& target, const std::string& what) {
  Error error = Error::from_errno(code, "mount overlay", target);
  const std::string words = kernel_words(context);
  if (!what.empty()) error.message += " (" + what + ")";
  if (!words.empty()) error.message += ": " + words;
  return error;
}

// A file system context that is being filled; long paths go by descriptors, which must stay open until it is mounted.
class Context {
 public:
  Context(Fd fd, const std::string& target) : fd_(std::move(fd)), target_(target) {}

  // False: this kernel does not know the key.
  Result<bool> set_path(const char* key, const std::string& path) {
    std::string value = path;
    if (path.size() > longest_value || path.find_first_of("\\,:") != std::string::npos) {
      TRY_ASSIGN(Fd directory, open_directory(path));
      value = slipway::mount::path_of(directory.get());
      held_.push_back(std::move(directory));
    }
    if (kernel::fsconfig(fd_.get(), FSCONFIG_SET_STRING, key, value.c_str(), 0) == 0) return true;
    const int code = errno;
    if (code == EINVAL && std::string_view(key) == "lowerdir+" && held_layers_ == 0) return false;
    return refused(fd_.get(), code, target_, key + (": " + path));
  }

  Result<bool> add_lower(const std::string& path) {
    TRY_ASSIGN(const bool known, set_path("lowerdir+", path));
    if (known) held_layers_++;
    return known;
  }

  Result<void> set(const Parameter& parameter) {
    const bool flag = parameter.value.empty();
    if (kernel::fsconfig(fd_.get(), flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, parameter.key.c_str(),
                         flag ? nullptr : parameter.value.c_str(), 0) == 0) {
      return {};
    }
    return refused(fd_.get(), errno, target_, parameter.key);
  }

  Result<Fd> make(uint64_t attributes) {
    if (kernel::fsconfig(fd_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) {
      return refused(fd_.get(), errno, target_, "");
    }
    Fd tree(kernel::fsmount(fd_.get(), static_cast<unsigned>(attributes)));
    if (!tree) return refused(fd_.get(), errno, target_, "");
    return tree;
  }

 private:
  Fd fd_;
  std::string target_;
  std::vector<Fd> held_;
  size_t held_layers_ = 0;
};

// False: the kernel has no new mount API for overlays with many layers.
Result<bool> mount_new(const Options& options) {
  Fd fd(kernel::fsopen("overlay"));
  if (!fd) {
    if (errno == ENOSYS || errno == EPERM) return false;
    return Error::system("fsopen overlay", options.target);
  }
  Context context(std::move(fd), options.target);
  for (const std::string& lower : options.lower) {
    TRY_ASSIGN(const bool known, context.add_lower(lower));
    if (!known) return false;
  }
  if (!options.upper.empty()) {
    TRY(context.set_path("upperdir", options.upper));
    TRY(context.set_path("workdir", options.work));
  }
  for (const Parameter& parameter : features(options)) TRY(context.set(parameter));
  TRY(context.set({"source", "overlay"}));
  TRY_ASSIGN(Fd tree, context.make(options.flags.set));
  TRY_ASSIGN(const Fd target, open_directory(options.target));
  TRY(slipway::mount::attach({std::move(tree)}, target.get(), options.target));
  return true;
}

unsigned long mount_flags(uint64_t attributes) {
  unsigned long flags = 0;
  if ((attributes & MOUNT_ATTR_RDONLY) != 0) flags |= MS_RDONLY;
  if ((attributes & MOUNT_ATTR_NOSUID) != 0) flags |= MS_NOSUID;
  if ((attributes & MOUNT_ATTR_NODEV) != 0) flags |= MS_NODEV;
  if ((attributes & MOUNT_ATTR_NOEXEC) != 0) flags |= MS_NOEXEC;
  if ((attributes & MOUNT_ATTR_NOATIME) != 0) flags |= MS_NOATIME;
  return flags;
}

}  // namespace

Result<void> mount(const Options& options) {
  TRY(check(options));
  TRY_ASSIGN(const bool done, mount_new(options));
  return done ? Result<void>() : mount_classic(options);
}

Result<void> mount_classic(const Options& options) {
  TRY(check(options));
  return on_side_thread([&]() -> Result<void> {
    std::vector<Fd> held;
    std::string data = "lowerdir=";
    // In /proc/self/fd every directory has a name of a few digits.
    const auto short_name = [&](const std::string& path) -> Result<std::string> {
      TRY_ASSIGN(Fd fd, open_directory(path));
      return std::to_string(held.emplace_back(std::move(fd)).get());
    };
    for (const std::string& lower : options.lower) {
      TRY_ASSIGN(const std::string name, short_name(lower));
      if (held.size() > 1) data += ':';
      data += name;
    }
    if (!options.upper.empty()) {
      TRY_ASSIGN(const std::string upper, short_name(options.upper));
      TRY_ASSIGN(const std::string work, short_name(options.work));
      data += ",upperdir=" + upper + ",workdir=" + work;
    }
    for (const Parameter& parameter : features(options)) {
      data += "," + parameter.key + (parameter.value.empty() ? "" : "=" + parameter.value);
    }
    TRY_ASSIGN(const Fd target, open_directory(options.target));
    TRY(unshare_file_system_state());
    if (chdir("/proc/self/fd") < 0) return Error::system("chdir", "/proc/self/fd");
    if (::mount("overlay", slipway::mount::path_of(target.get()).c_str(), "overlay", mount_flags(options.flags.set),
                data.c_str()) < 0) {
      return Error::system("mount overlay", options.target);
    }
    return {};
  });
}

}  // namespace slipway::overlay

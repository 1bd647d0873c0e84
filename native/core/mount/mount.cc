#include "core/mount/mount.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/kernel.h"
#include "core/mount/classic.h"

namespace slipway::mount {
namespace {

// The longest value that fsconfig(2) takes.
constexpr size_t longest_value = 255;

// Their one superblock per namespace is shared by all mounts: read-only can only be the mount, not the superblock. (A
// tmpfs could; but it has to be filled first.)
constexpr std::array<std::string_view, 8> shared_super{"proc",   "sysfs",  "cgroup", "cgroup2",
                                                       "mqueue", "devpts", "tmpfs",  "securityfs"};

bool read_only_super(const std::string& type, const Options& options) {
  return (options.set & MOUNT_ATTR_RDONLY) != 0 &&
         std::find(shared_super.begin(), shared_super.end(), type) == shared_super.end();
}

// Whole only since 5.12. A kernel that has only a part of it gets mount(2): detached mounts can't be remounted.
bool has_mount_api() {
  // Too small an argument is what a kernel that has the call complains of first.
  static const bool known = ::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0) != 0 && errno == EINVAL;
  return known;
}

// What the kernel says about a failed fsconfig(2): the last "e …" message.
std::string kernel_message(int context) {
  std::string message;
  std::array<char, 512> line{};
  ssize_t length = 0;
  while ((length = ::read(context, line.data(), line.size())) > 0)
    if (length > 2 && line[0] == 'e') message.assign(line.data() + 2, static_cast<size_t>(length) - 2);
  while (!message.empty() && message.back() == '\n') message.pop_back();
  return message;
}

Error explain(int context, const std::string& type, const std::string& what) {
  Error error = Error::system("mount", type);
  const std::string message = kernel_message(context);
  if (!what.empty() || !message.empty())
    error.message += " (" + what + (what.empty() || message.empty() ? "" : ": ") + message + ")";
  return error;
}

}  // namespace

std::string path_of(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

Result<Tree> make_file_system(const std::string& type, const std::string& source, const Options& options, int target) {
  const bool too_long = std::any_of(options.parameters.begin(), options.parameters.end(),
                                    [](const auto& parameter) { return parameter.value.size() > longest_value; });
  if (too_long || !has_mount_api()) return classic::file_system(type, source, options, target);

  const Fd context(kernel::fsopen(type.c_str()));
  if (!context) {
    if (errno == ENOSYS) return classic::file_system(type, source, options, target);
    if (errno == ENODEV) return Error::invalid("mount '" + type + "'", "the kernel has no such file system");
    return Error::system("mount", type);
  }
  if (!source.empty() && kernel::fsconfig(context.get(), FSCONFIG_SET_STRING, "source", source.c_str(), 0) != 0)
    return explain(context.get(), type, "source " + source);
  for (const Options::Parameter& parameter : options.parameters) {
    const int failed =
        parameter.flag
            ? kernel::fsconfig(context.get(), FSCONFIG_SET_FLAG, parameter.key.c_str(), nullptr, 0)
            : kernel::fsconfig(context.get(), FSCONFIG_SET_STRING, parameter.key.c_str(), parameter.value.c_str(), 0);
    if (failed != 0) return explain(context.get(), type, "option " + parameter.key);
  }
  if (read_only_super(type, options)) kernel::fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0);
  if (kernel::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return explain(context.get(), type, "");
  Fd tree(kernel::fsmount(context.get(), static_cast<unsigned>(options.set & ~uint64_t{MOUNT_ATTR_NOSYMFOLLOW})));
  if (!tree) return explain(context.get(), type, "");
  return Tree{std::move(tree), false};
}

Result<Tree> copy_tree(int directory, const std::string& path, bool recursive, int target) {
  if (!has_mount_api()) return classic::copy(path.empty() ? path_of(directory) : path, recursive, target);
  const unsigned flags = OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0) | (path.empty() ? AT_EMPTY_PATH : 0);
  Fd fd(kernel::open_tree(directory, path.c_str(), flags));
  if (!fd) return Error::system("bind", path);
  return Tree{std::move(fd), false};
}

Result<void> set_attributes(int fd, const mount_attr& attributes, bool recursive, const std::string& name) {
  if (!has_mount_api()) return classic::set_attributes(fd, attributes, recursive, name);
  if (kernel::mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes) == 0) return {};
  return Error::system("mount_setattr", name);
}

Result<void> apply_attributes(const Tree& tree, const Options& options, const std::string& name) {
  if (options.set != 0 || options.clear != 0) {
    auto done = set_attributes(tree.fd.get(), {.attr_set = options.set, .attr_clr = options.clear}, false, name);
    // In a user namespace a mount that came from outside keeps what it forbids: what was asked to be allowed again
    // stays so.
    if (!done && done.error().code == EPERM && options.clear != 0)
      done = set_attributes(tree.fd.get(), {.attr_set = options.set & ~uint64_t{MOUNT_ATTR__ATIME}}, false, name);
    TRY(std::move(done));
  }
  if (options.set_below != 0 || options.clear_below != 0)
    TRY(set_attributes(tree.fd.get(), {.attr_set = options.set_below, .attr_clr = options.clear_below}, true, name));
  if (options.propagation != 0)
    TRY(set_attributes(tree.fd.get(), {.propagation = options.propagation}, options.propagation_below, name));
  return {};
}

Result<void> apply_id_map(const Tree& tree, int user_namespace, bool recursive, const std::string& name) {
  const mount_attr attributes{.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = static_cast<uint64_t>(user_namespace)};
  if (kernel::mount_setattr(tree.fd.get(), "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), attributes) == 0)
    return {};
  if (errno == ENOSYS) return Error::invalid("'" + name + "'", "mapping its ids needs mount_setattr(2), Linux 5.12");
  return Error::system("map the ids of the mount", name);
}

Result<void> attach(const Tree& tree, int target, const std::string& name) {
  if (tree.attached) return {};
  if (kernel::move_mount(tree.fd.get(), "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
    return {};
  return Error::system("move_mount", name);
}

}  // namespace slipway::mount

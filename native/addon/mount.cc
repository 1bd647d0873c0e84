// mount.* and namespaces.*: see runtime/native/mount.ts and namespaces.ts.
#include "core/mount/mount.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addon/calls.h"
#include "core/fd.h"
#include "core/overlay/overlay.h"
#include "core/side_thread.h"

namespace slipway::addon {
namespace {

struct OverlayRequest {
  overlay::Options options;
  std::vector<std::string> flags;
  bool read_only = false;
  int mount_namespace = -1;
};

void read(const json::Field& field, OverlayRequest& out) {
  field.required("lower", out.options.lower);
  field.member("upper", out.options.upper);
  field.member("work", out.options.work);
  field.required("target", out.options.target);
  field.member("userXattr", out.options.user_xattr);
  field.member("volatile", out.options.is_volatile);
  field.member("readonly", out.read_only);
  field.member("options", out.flags);
  field.member("namespace", out.mount_namespace);
}

struct MountRequest {
  spec::Mount mount;
  int mount_namespace = -1;
};

void read(const json::Field& field, MountRequest& out) {
  field.required("type", out.mount.type);
  field.required("source", out.mount.source);
  field.required("target", out.mount.destination);
  field.member("options", out.mount.options);
  field.member("namespace", out.mount_namespace);
}

Result<std::string> run_overlay(const std::string& parameters) {
  TRY_ASSIGN(OverlayRequest request, json::parse<OverlayRequest>(parameters, "mount.overlay"));
  spec::Mount flags;
  flags.options = request.flags;
  if (request.read_only) flags.options.emplace_back("ro");
  request.options.flags = mount::parse_options(flags);
  if (!request.options.flags.parameters.empty()) {
    return Error::invalid("options", "'" + request.options.flags.parameters[0].key + "' is no flag of a mount");
  }
  TRY(in_namespace(request.mount_namespace, CLONE_NEWNS, [&] { return overlay::mount(request.options); }));
  return std::string("null");
}

Result<void> do_mount(const spec::Mount& wanted) {
  spec::Mount spec_mount = wanted;
  if (wanted.type == "bind" || wanted.type == "rbind") spec_mount.options.push_back(wanted.type);
  const mount::Options options = mount::parse_options(spec_mount);
  const Fd target(open(wanted.destination.c_str(), O_PATH | O_CLOEXEC));
  if (!target) return Error::system("open", wanted.destination);
  if (options.bind != mount::Bind::no) {
    TRY_ASSIGN(const mount::Tree tree,
               mount::copy_tree(AT_FDCWD, wanted.source, options.bind == mount::Bind::recursive, target.get()));
    TRY(mount::apply_attributes(tree, options, wanted.destination));
    return mount::attach(tree, target.get(), wanted.destination);
  }
  auto tree = mount::make_file_system(wanted.type, wanted.source, options, target.get());
  if (!tree) return std::move(tree.error()).with_context(wanted.destination);
  if (options.propagation != 0 || options.set_below != 0) {
    mount::Options later = options;
    later.set = later.clear = 0;
    TRY(mount::apply_attributes(*tree, later, wanted.destination));
  }
  return mount::attach(*tree, target.get(), wanted.destination);
}

Result<std::string> run_mount(const std::string& parameters) {
  TRY_ASSIGN(const MountRequest request, json::parse<MountRequest>(parameters, "mount.mount"));
  TRY(in_namespace(request.mount_namespace, CLONE_NEWNS, [&] { return do_mount(request.mount); }));
  return std::string("null");
}

struct UnmountRequest {
  std::string path;
  bool detach = false;
  int mount_namespace = -1;
};

void read(const json::Field& field, UnmountRequest& out) {
  field.required("path", out.path);
  field.member("detach", out.detach);
  field.member("namespace", out.mount_namespace);
}

// EINVAL: nothing is mounted there.
Result<bool> do_unmount(const std::string& path, bool detach) {
  if (umount2(path.c_str(), UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0)) == 0) return true;
  if (errno == EINVAL || errno == ENOENT) return false;
  return Error::system("umount2", path);
}

Result<std::string> run_unmount(const std::string& parameters) {
  TRY_ASSIGN(const UnmountRequest request, json::parse<UnmountRequest>(parameters, "mount.unmount"));
  TRY_ASSIGN(const bool done, in_namespace(request.mount_namespace, CLONE_NEWNS,
                                           [&] { return do_unmount(request.path, request.detach); }));
  return std::string(done ? "true" : "false");
}

struct PathRequest {
  std::string path;
};
void read(const json::Field& field, PathRequest& out) {
  field.required("path", out.path);
}

// Everything that is mounted at the path goes out of sight; the descriptor keeps the file systems until it is closed.
Result<std::string> run_hide(const std::string& parameters) {
  TRY_ASSIGN(const PathRequest request, json::parse<PathRequest>(parameters, "mount.hide"));
  Fd held(open(request.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!held && errno != ENOENT && errno != ENOTDIR) return Error::system("open", request.path);
  for (;;) {
    TRY_ASSIGN(const bool done, do_unmount(request.path, true));
    if (!done) return std::to_string(held.release());
  }
}

struct DescriptorRequest {
  int fd = -1;
};
void read(const json::Field& field, DescriptorRequest& out) {
  field.required("fd", out.fd);
}

Result<std::string> run_let_go(const std::string& parameters) {
  TRY_ASSIGN(const DescriptorRequest request, json::parse<DescriptorRequest>(parameters, "mount.letGo"));
  const Fd last(request.fd);
  return std::string("null");
}

Result<void> loopback_up() {
  const Fd socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof(request.ifr_name), "lo");
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  if (!socket_fd || ioctl(socket_fd.get(), SIOCSIFFLAGS, &request) < 0) return Error::system("SIOCSIFFLAGS", "lo");
  return {};
}

// The bind mount is what keeps the namespace when the thread that made it has ended.
Result<void> create_network(const std::string& path) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return Error::system("open", path);
  auto made = on_side_thread([&]() -> Result<void> {
    if (unshare(CLONE_NEWNET) < 0) return Error::system("unshare(CLONE_NEWNET)");
    TRY(loopback_up());
    if (::mount("/proc/thread-self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr) < 0) {
      return Error::system("mount", path);
    }
    return {};
  });
  if (!made) unlink(path.c_str());
  return made;
}

Result<std::string> run_create_network(const std::string& parameters) {
  TRY_ASSIGN(const PathRequest request, json::parse<PathRequest>(parameters, "namespaces.createNetwork"));
  TRY(create_network(request.path));
  return std::string("null");
}

Result<std::string> run_remove(const std::string& parameters) {
  TRY_ASSIGN(const PathRequest request, json::parse<PathRequest>(parameters, "namespaces.remove"));
  TRY(do_unmount(request.path, true));
  if (unlink(request.path.c_str()) == 0) return std::string("true");
  if (errno != ENOENT) return Error::system("unlink", request.path);
  return std::string("false");
}

constexpr Call calls[] = {
    {"mount.overlay", Lane::pool, run_overlay},    {"mount.mount", Lane::pool, run_mount},
    {"mount.unmount", Lane::pool, run_unmount},    {"namespaces.createNetwork", Lane::pool, run_create_network},
    {"namespaces.remove", Lane::pool, run_remove}, {"mount.hide", Lane::pool, run_hide},
    {"mount.letGo", Lane::own_thread, run_let_go},
};

}  // namespace

std::span<const Call> mount_calls() {
  return calls;
}

}  // namespace slipway::addon

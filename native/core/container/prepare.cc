#include "core/container/prepare.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include "core/container/labels.h"
#include "core/files.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

constexpr size_t largest_config = 64 << 20;

Result<std::string> real_path(const std::string& path) {
  std::string resolved(PATH_MAX, '\0');
  if (::realpath(path.c_str(), resolved.data()) == nullptr) return Error::system("open", path);
  resolved.resize(strlen(resolved.c_str()));
  return resolved;
}

// Trees that the creator has no right to, or no kernel for, the container's process takes by itself.
bool left_to_container(const Error& error) {
  return error.code == EPERM || error.code == ENOSYS;
}

Result<void> open_rootfs(Setup& setup) {
  const std::string& path = setup.spec->root.path;
  auto resolved = real_path(path.starts_with('/') ? path : setup.bundle + "/" + path);
  if (!resolved) return std::move(resolved.error()).with_context("root.path");
  setup.rootfs = *std::move(resolved);
  const Fd fd(::open(setup.rootfs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error::system("open", setup.rootfs).with_context("root.path");
  if (setup.rootfs == "/") return Error::invalid("root.path", "must not be the root of the host");
  if (!setup.other_user_namespace()) return {};
  Result<mount::Tree> tree = mount::copy_tree(fd.get(), "", true, -1);
  if (!tree)
    return left_to_container(tree.error()) ? Result<void>() : std::move(tree.error()).with_context("root.path");
  setup.rootfs_tree = *std::move(tree);
  return mount::set_attributes(setup.rootfs_tree.fd.get(), {.propagation = MS_SLAVE}, true, setup.rootfs);
}

Result<void> prepare_mount(Setup& setup, size_t index) {
  MountSetup& mount = setup.mounts[index];
  mount.mount = &setup.spec->mounts[index];
  mount.field = "mounts[" + std::to_string(index) + "]";
  mount.options = mount::parse_options(*mount.mount);
  const bool bind = mount.options.bind != mount::Bind::no;
  if (!bind && !mount.options.remount && mount.mount->type.empty()) return Error::invalid("type", "is required");
  if (bind && mount.mount->source.empty()) return Error::invalid("source", "is required for a bind mount");
  if (mount.options.id_map != mount::IdMap::no) {
    if (!bind) return Error::invalid("options", "idmap goes only with bind mounts");
    const bool own = !mount.mount->uid_mappings.empty();
    const auto& uids = own ? mount.mount->uid_mappings : setup.spec->linux.uid_mappings;
    const auto& gids = own ? mount.mount->gid_mappings : setup.spec->linux.gid_mappings;
    if (uids.empty())
      return Error::invalid("options", "idmap needs uidMappings and gidMappings, here or of the container");
    TRY_ASSIGN(mount.user_namespace, make_user_namespace(uids, gids));
  }
  if (!bind || (!setup.other_user_namespace() && mount.options.id_map == mount::IdMap::no)) return {};

  // The container's user may not be able to reach the source, nor map its ids; its creator opens it. A creator without
  // rights leaves it to the container's process, as it must on an old kernel.
  std::string source = mount.mount->source;
  if (!source.starts_with('/')) source = setup.bundle + "/" + source;
  Result<mount::Tree> tree = mount::copy_tree(AT_FDCWD, source, mount.options.bind == mount::Bind::recursive, -1);
  if (!tree) return left_to_container(tree.error()) ? Result<void>() : std::move(tree.error());
  mount.source = *std::move(tree);
  if (mount.user_namespace) {
    TRY(mount::apply_id_map(mount.source, mount.user_namespace.get(), mount.options.id_map == mount::IdMap::recursive,
                            source));
    mount.user_namespace.reset();
  }
  // As the other mounts of the container: what happens on the host is seen, but not the other way round.
  return mount::set_attributes(mount.source.fd.get(), {.propagation = MS_SLAVE}, true, source);
}

}  // namespace

Result<Bundle> load_bundle(const std::string& directory) {
  Bundle bundle;
  auto path = real_path(directory.empty() ? "." : directory);
  if (!path) return std::move(path.error()).with_context("bundle");
  bundle.path = *std::move(path);
  const std::string config = bundle.path + "/config.json";
  auto text = read_file(AT_FDCWD, config, largest_config);
  if (!text) return std::move(text.error()).with_context("bundle");
  bundle.text = *std::move(text);
  TRY_ASSIGN(bundle.spec, parse_spec(bundle.text, config));
  return bundle;
}

Result<ProcessSetup> prepare_process(const Runtime& runtime, const spec::Process& process,
                                     const std::optional<spec::Seccomp>& seccomp, const Stdio& stdio) {
  ProcessSetup setup;
  setup.process = &process;
  setup.stdio = stdio;
  setup.last_capability = capabilities::last_of_kernel();
  std::vector<std::string> unknown;
  setup.capabilities = capabilities::from_spec(process.capabilities.value_or(spec::Capabilities{}), &unknown);
  for (const std::string& name : unknown)
    runtime.warn("process.capabilities: '" + name + "' is unknown here and ignored");
  TRY(check_labels(process));
  if (process.terminal && stdio.console_socket < 0)
    return Error::invalid("process.terminal", "is true, but there is no console socket (--console-socket)");
  if (seccomp) {
    TRY_ASSIGN(setup.seccomp, seccomp::compile(*seccomp, runtime.root + "/~seccomp"));
  }
  return setup;
}

Result<Setup> prepare(const CreateOptions& options) {
  const Bundle& bundle = options.bundle;
  Setup setup;
  setup.spec = &bundle.spec;
  setup.id = options.id;
  setup.bundle = bundle.path;
  setup.no_pivot = options.no_pivot;
  setup.no_new_keyring = options.no_new_keyring;
  if (!bundle.spec.process) return Error::invalid("process", "is required");
  TRY(check_mount_label(bundle.spec.linux));
  TRY_ASSIGN(setup.trusted, Trusted::open());
  TRY_ASSIGN(setup.namespaces, prepare_namespaces(bundle.spec.linux.namespaces));
  TRY(open_rootfs(setup));
  setup.new_user_namespace = setup.namespaces.makes(CLONE_NEWUSER);
  setup.runs_hooks = !bundle.spec.hooks.prestart.empty() || !bundle.spec.hooks.create_runtime.empty() ||
                     !bundle.spec.linux.net_devices.empty();
  setup.mounts.resize(bundle.spec.mounts.size());
  for (size_t i = 0; i < setup.mounts.size(); ++i) {
    auto prepared = prepare_mount(setup, i);
    if (!prepared)
      return std::move(prepared.error())
          .with_context("mounts[" + std::to_string(i) + "] (" + bundle.spec.mounts[i].destination + ")");
  }
  return setup;
}

}  // namespace slipway::container

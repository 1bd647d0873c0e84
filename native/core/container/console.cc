#include "core/container/console.h"

#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "core/fd_passing.h"
#include "core/kernel.h"

namespace slipway::container {
namespace {

// Receivers use the text as the name of the terminal.
constexpr std::string_view terminal_name = "/dev/ptmx";

}  // namespace

Result<Fd> open_console(const ProcessSetup& setup, const Inside& rootfs) {
  if (setup.stdio.console_socket < 0) return Error::invalid("process.terminal", "needs a console socket");
  const Result<Fd> opened = rootfs.open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
  if (!opened) return Error(opened.error()).with_context("process.terminal");
  const Fd& master = *opened;
  struct statfs system {};
  struct stat status {};
  if (::fstatfs(master.get(), &system) != 0 || ::fstat(master.get(), &status) != 0)
    return Error::system("stat", "/dev/pts/ptmx");
  if (system.f_type != DEVPTS_SUPER_MAGIC || status.st_rdev != ::makedev(5, 2))
    return Error::invalid("process.terminal", "needs a devpts mounted at /dev/pts");
  int unlock = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlock) != 0) return Error::system("unlock the pty");
  // Straight from the master: no path that could be something else by now.
  Fd slave(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!slave) return Error::system("open the pty");
  if (const auto& size = setup.process->console_size) {
    winsize window{};
    window.ws_row = size->height;
    window.ws_col = size->width;
    if (::ioctl(slave.get(), TIOCSWINSZ, &window) != 0) return Error::system("set the size of the pty");
  }
  // Best effort, as elsewhere: in a user namespace the id may not be mapped on this file system.
  const spec::User& user = setup.process->user;
  if (user.uid != 0 && ::fchown(slave.get(), user.uid, static_cast<gid_t>(-1)) != 0 && errno != EPERM &&
      errno != EINVAL)
    return Error::system("chown the pty");
  auto sent = send_fd(setup.stdio.console_socket, terminal_name, master.get());
  if (!sent) return std::move(sent.error()).with_context("send the terminal through the console socket");
  return slave;
}

Result<void> bind_console(int slave, const Inside& rootfs) {
  TRY_ASSIGN(const Inside::Place place, rootfs.place("/dev/console"));
  const Fd made(::openat(place.directory.get(), "console",
                         O_CREAT | O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_EXCL | O_CLOEXEC, 0600));
  if (!made && errno != EEXIST) return Error::system("create", "/dev/console");
  const Fd target(::openat(place.directory.get(), "console", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!target || ::fstat(target.get(), &status) != 0) return Error::system("open", "/dev/console");
  if (S_ISLNK(status.st_mode)) return Error::invalid("'/dev/console'", "is a symbolic link");
  TRY_ASSIGN(const mount::Tree tree, mount::copy_tree(slave, "", false, target.get()));
  return mount::attach(tree, target.get(), "/dev/console");
}

Result<void> take_console(int slave) {
  if (::ioctl(slave, TIOCSCTTY, 0) != 0) return Error::system("take the pty as controlling terminal");
  for (int fd = 0; fd < 3; ++fd)
    if (::dup2(slave, fd) < 0) return Error::system("dup2");
  return {};
}

}  // namespace slipway::container

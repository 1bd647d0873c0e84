#include "core/own_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/fd.h"
#include "core/kernel.h"

namespace slipway {
namespace {

constexpr const char* own_file = "/proc/self/exe";
constexpr const char* name_in_ps = "slipway-oci";
constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// On a mount that is read-only, or sealed.
bool out_of_reach() {
  struct statvfs info {};
  if (::statvfs(own_file, &info) == 0 && (info.f_flag & ST_RDONLY) != 0) return true;
  const Fd file(::open(own_file, O_RDONLY | O_CLOEXEC));
  return file && ::fcntl(file.get(), F_GET_SEALS) == all_seals;
}

Fd read_only_view() {
  Fd view(kernel::open_tree(AT_FDCWD, own_file, OPEN_TREE_CLONE));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (view && kernel::mount_setattr(view.get(), "", AT_EMPTY_PATH, attributes) != 0) view.reset();
  return view;
}

Result<Fd> sealed_copy() {
  const Fd file(::open(own_file, O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return Error::system("open", own_file);
  Fd copy(::memfd_create(name_in_ps, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) return Error::system("memfd_create");
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t count = ::sendfile(copy.get(), file.get(), nullptr, static_cast<size_t>(left));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error::system("sendfile", own_file);
    left -= count;
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, all_seals) != 0) return Error::system("F_ADD_SEALS");
  return copy;
}

}  // namespace

Result<void> protect_own_file(char* const* arguments) {
  if (out_of_reach()) {
    // Executed by descriptor, the process would be called by the descriptor's number.
    ::prctl(PR_SET_NAME, name_in_ps);
    return {};
  }
  // Without its descriptor, which closes on exec, nobody can name the mount any more, to make it writable again.
  if (const Fd view = read_only_view()) ::fexecve(view.get(), arguments, environ);
  auto copy = sealed_copy();
  if (!copy) return std::move(copy.error()).with_context("cannot keep containers from writing to this program");
  ::fexecve(copy->get(), arguments, environ);
  return Error::system("fexecve", own_file).with_context("cannot keep containers from writing to this program");
}

}  // namespace slipway

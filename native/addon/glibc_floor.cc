// The addon runs in an editor's Node on machines as old as glibc 2.28, but is built with a newer one, whose headers and
// static libraries ask for newer versions of some functions. Here they are, by the older versions or by the kernel
// itself. They stay inside the addon: hidden, as everything in it. native/check_symbols.ts checks that none is missing.
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#define OLDEST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLDEST "GLIBC_2.17"
#endif

// Declares old_NAME: NAME as the C library had it from its beginning on this architecture.
#define OLD_VERSION(name) __asm__(".symver old_" #name ", " #name "@" OLDEST)

extern "C" {

// 2.34 moved libpthread into libc and gave all of it a new version.
OLD_VERSION(pthread_create);
OLD_VERSION(pthread_join);
OLD_VERSION(pthread_detach);
OLD_VERSION(pthread_once);
OLD_VERSION(pthread_key_create);
int old_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument);
int old_pthread_join(pthread_t thread, void** result);
int old_pthread_detach(pthread_t thread);
int old_pthread_once(pthread_once_t* control, void (*routine)());
int old_pthread_key_create(pthread_key_t* key, void (*destructor)(void*));

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  return old_pthread_create(thread, attributes, start, argument);
}
int pthread_join(pthread_t thread, void** result) {
  return old_pthread_join(thread, result);
}
int pthread_detach(pthread_t thread) noexcept {
  return old_pthread_detach(thread);
}
int pthread_once(pthread_once_t* control, void (*routine)()) {
  return old_pthread_once(control, routine);
}
int __pthread_key_create(pthread_key_t* key, void (*destructor)(void*)) noexcept {  // libstdc++'s name for it
  return old_pthread_key_create(key, destructor);
}

// 2.32; on Linux sigprocmask is the calling thread's as well.
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old) noexcept {
  return sigprocmask(how, set, old) == 0 ? 0 : errno;
}

// 2.33 made functions of what was inline before. struct stat is the kernel's own on these machines.
int fstat64(int fd, struct stat64* status) noexcept {
  return static_cast<int>(syscall(SYS_fstat, fd, status));
}
int fstatat64(int directory, const char* path, struct stat64* status, int flags) noexcept {
  return static_cast<int>(syscall(SYS_newfstatat, directory, path, status, flags));
}
int stat64(const char* path, struct stat64* status) noexcept {
  return fstatat64(AT_FDCWD, path, status, 0);
}
int lstat64(const char* path, struct stat64* status) noexcept {
  return fstatat64(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}
int mknodat(int directory, const char* path, mode_t mode, dev_t device) noexcept {
  return static_cast<int>(syscall(SYS_mknodat, directory, path, mode, static_cast<unsigned>(device)));
}

// 2.32: libstdc++ skips atomic operations while there is one thread. In Node there never is.
char __libc_single_threaded = 0;

// 2.35: how libgcc's unwinder finds a function's frames. dl_iterate_phdr(3) is how it did before.
namespace {
struct Wanted {
  uintptr_t address;
  dl_find_object* found;
};

int look_in(dl_phdr_info* object, size_t, void* data) {
  const auto* wanted = static_cast<Wanted*>(data);
  bool here = false;
  const ElfW(Phdr)* frames = nullptr;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr)& header = object->dlpi_phdr[i];
    const uintptr_t begin = object->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_GNU_EH_FRAME) frames = &header;
    if (header.p_type != PT_LOAD || wanted->address < begin || wanted->address >= begin + header.p_memsz) continue;
    here = true;
    wanted->found->dlfo_map_start = reinterpret_cast<void*>(begin);
    wanted->found->dlfo_map_end = reinterpret_cast<void*>(begin + header.p_memsz);
  }
  if (!here) return 0;
  if (frames == nullptr) return -1;
  wanted->found->dlfo_eh_frame = reinterpret_cast<void*>(object->dlpi_addr + frames->p_vaddr);
  return 1;
}
}  // namespace

int _dl_find_object(void* address, dl_find_object* found) noexcept {
  Wanted wanted{reinterpret_cast<uintptr_t>(address), found};
  *found = {};
  return dl_iterate_phdr(look_in, &wanted) == 1 ? 0 : -1;
}

}  // extern "C"

#include "core/seccomp_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstring>

#include "core/fd.h"
#include "core/seccomp.h"

namespace slipway::seccomp {
namespace {

constexpr char magic[8] = {'s', 'l', 'w', 'b', 'p', 'f', '0', '1'};

struct Header {
  char magic[8];
  uint64_t key_size;      // bytes of the key, which follows
  uint64_t instructions;  // of the program, which follows the key
  uint64_t checksum;      // of key and program: a disk that lost power may hold zeros
};

// FNV-1a; see the header for why a short digest is enough.
uint64_t digest(std::string_view bytes, uint64_t state = 0xcbf29ce484222325) {
  for (const char byte : bytes) state = (state ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  return state;
}

std::string_view bytes_of(const std::vector<sock_filter>& program) {
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

// Strings with their lengths, so that no two profiles give the same text.
class Text {
 public:
  void add(std::string_view value) { text_ += std::to_string(value.size()) + ":" + std::string(value); }
  void add(uint64_t value) { text_ += std::to_string(value) + ","; }
  void add(const spec::Strings& values) {
    add(values.size());
    for (const std::string& value : values) add(value);
  }
  void add(const std::optional<uint32_t>& value) { value ? add(uint64_t{*value}) : add("none"); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

bool ours_alone(int fd, mode_t type) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == type && info.st_uid == ::geteuid() &&
         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Fd open_directory(const std::string& path, bool make) {
  if (path.empty()) return {};
  if (make) (void)::mkdir(path.c_str(), 0700);
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory && !ours_alone(directory.get(), S_IFDIR)) directory.reset();
  return directory;
}

std::string file_name(std::string_view key) {
  char name[32];
  std::snprintf(name, sizeof name, "%016lx.bpf", static_cast<unsigned long>(digest(key)));
  return name;
}

bool read_all(int fd, void* to, size_t size) {
  auto* position = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t count = ::read(fd, position, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    position += count;
    size -= static_cast<size_t>(count);
  }
  return true;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

}  // namespace

std::string cache_key(const spec::Seccomp& profile) {
  Text text;
  text.add(library_version());
  utsname machine{};
  if (::uname(&machine) == 0) {
    text.add(machine.machine);
    text.add(machine.release);
  }
  text.add(profile.default_action);
  text.add(profile.default_errno_ret);
  text.add(profile.architectures);
  text.add(profile.syscalls.size());
  for (const spec::SeccompSyscall& rule : profile.syscalls) {
    text.add(rule.names);
    text.add(rule.action);
    text.add(rule.errno_ret);
    text.add(rule.args.size());
    for (const spec::SeccompArg& arg : rule.args) {
      text.add(arg.index);
      text.add(arg.value);
      text.add(arg.value_two);
      text.add(arg.op);
    }
  }
  return text.take();
}

std::optional<std::vector<sock_filter>> load_cached(const std::string& directory, const std::string& key) {
  const Fd folder = open_directory(directory, false);
  if (!folder) return std::nullopt;
  const Fd file(::openat(folder.get(), file_name(key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file || !ours_alone(file.get(), S_IFREG)) return std::nullopt;

  Header header{};
  if (!read_all(file.get(), &header, sizeof header)) return std::nullopt;
  if (std::memcmp(header.magic, magic, sizeof magic) != 0 || header.key_size != key.size()) return std::nullopt;
  if (header.instructions == 0 || header.instructions > BPF_MAXINSNS) return std::nullopt;
  std::string stored_key(key.size(), '\0');
  std::vector<sock_filter> program(header.instructions);
  if (!read_all(file.get(), stored_key.data(), stored_key.size()) || stored_key != key) return std::nullopt;
  if (!read_all(file.get(), program.data(), bytes_of(program).size())) return std::nullopt;
  if (digest(bytes_of(program), digest(key)) != header.checksum) return std::nullopt;
  return program;
}

void store_cached(const std::string& directory, const std::string& key, const std::vector<sock_filter>& program) {
  const Fd folder = open_directory(directory, true);
  if (!folder) return;
  const std::string name = file_name(key);
  const std::string aside = name + "." + std::to_string(::getpid());
  Fd file(::openat(folder.get(), aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return;
  Header header{};
  std::memcpy(header.magic, magic, sizeof magic);
  header.key_size = key.size();
  header.instructions = program.size();
  header.checksum = digest(bytes_of(program), digest(key));
  const bool written = write_all(file.get(), {reinterpret_cast<const char*>(&header), sizeof header}) &&
                       write_all(file.get(), key) && write_all(file.get(), bytes_of(program));
  file.reset();
  if (!written || ::renameat(folder.get(), aside.c_str(), folder.get(), name.c_str()) != 0)
    (void)::unlinkat(folder.get(), aside.c_str(), 0);
}

}  // namespace slipway::seccomp

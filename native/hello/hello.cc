// slipway/hello: the image that needs no network. Its only program tells what isolates it, as the kernel says it.
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr size_t line_bytes = 16384;

// Reads a small file of the kernel; without its last newline. False if it is not there.
bool read_file(const char* path, char* text, size_t size) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return false;
  const size_t length = std::fread(text, 1, size - 1, file);
  std::fclose(file);
  text[length] = '\0';
  if (length > 0 && text[length - 1] == '\n') text[length - 1] = '\0';
  return length > 0;
}

void print_system() {
  struct utsname name {};
  uname(&name);
  std::printf("It runs on the kernel of your machine, %s %s, as process %d of its own,\n", name.sysname, name.release,
              getpid());
  std::printf("under the host name %s.\n\n", name.nodename);
}

void print_namespaces() {
  struct Entry {
    const char* file;
    const char* meaning;
  };
  constexpr std::array<Entry, 8> entries = {{{"mnt", "file systems"},
                                             {"pid", "process numbers"},
                                             {"net", "network interfaces"},
                                             {"ipc", "shared memory"},
                                             {"uts", "host name"},
                                             {"cgroup", "view of limits"},
                                             {"user", "user ids"},
                                             {"time", "clocks"}}};
  std::puts("Namespaces:");
  for (const Entry& entry : entries) {
    std::array<char, 64> path{};
    std::array<char, 128> target{};
    std::snprintf(path.data(), path.size(), "/proc/self/ns/%s", entry.file);
    if (readlink(path.data(), target.data(), target.size() - 1) > 0)
      std::printf("  %-24s %s\n", target.data(), entry.meaning);
  }
}

// A limit in human words; v1 writes "none" as a huge number, v2 as "max".
void print_limit(const char* title, const char* path_v2, const char* path_v1, bool bytes) {
  std::array<char, 64> text{};
  if (!read_file(path_v2, text.data(), text.size()) && !read_file(path_v1, text.data(), text.size())) return;
  const double value = std::strtod(text.data(), nullptr);
  if (std::strcmp(text.data(), "max") == 0 || value > 1e18 || value < 0)
    std::printf("  %-24s unlimited\n", title);
  else if (bytes)
    std::printf("  %-24s %.0f MiB\n", title, value / (1 << 20));
  else
    std::printf("  %-24s %.0f\n", title, value);
}

void print_cgroup() {
  static std::array<char, line_bytes> text{};
  if (!read_file("/proc/self/cgroup", text.data(), text.size())) return;
  std::puts("\nControl group:");
  // The memory controller's line on the old hierarchies, the only one on the unified.
  const char* shown = text.data();
  if (const char* memory = std::strstr(text.data(), ":memory:"); memory != nullptr)
    shown = memory + std::strlen(":memory:");
  else if (const char* unified = std::strstr(text.data(), "::"); unified != nullptr)
    shown = unified + 2;
  std::printf("  %-24s %.*s\n", "path", static_cast<int>(std::strcspn(shown, "\n")), shown);
  print_limit("memory", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", true);
  print_limit("processes", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max", false);
  print_limit("CPU shares", "/sys/fs/cgroup/cpu.weight", "/sys/fs/cgroup/cpu/cpu.shares", false);
}

size_t count_layers(const char* options) {
  size_t count = 0;
  for (const char* at = options; (at = std::strstr(at, "lowerdir")) != nullptr;) {
    at += std::strlen("lowerdir");
    ++count;
    for (; *at != '\0' && *at != ','; ++at) count += *at == ':' ? 1 : 0;
  }
  return count;
}

void print_layers() {
  std::FILE* mounts = std::fopen("/proc/self/mounts", "re");
  if (mounts == nullptr) return;
  static std::array<char, line_bytes> line{};
  while (std::fgets(line.data(), line.size(), mounts) != nullptr) {
    if (std::strncmp(line.data(), "overlay / overlay ", std::strlen("overlay / overlay ")) != 0) continue;
    std::printf("\nFile system:\n  %zu read-only layers of images, and one writable layer for this container alone\n",
                count_layers(line.data()));
  }
  std::fclose(mounts);
}

}  // namespace

int main() {
  std::puts("Hello from Slipway!\n\nThis is a container: an ordinary process that the kernel isolates and limits.");
  print_system();
  print_namespaces();
  print_cgroup();
  print_layers();
  std::puts("\nTry next:\n  slipway run -it debian bash\n  slipway ps --all");
  return 0;
}

// The helper's own memory.
#include <malloc.h>
#include <sys/mman.h>

#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

#include "addon/calls.h"

namespace slipway::addon {
namespace {

struct Range {
  uintptr_t start = 0;
  uintptr_t end = 0;
};

// "55e0c1a3f000-55e0c4b7e000 r-xp 00c2a000 fe:00 1835 /usr/bin/node": a file's code, which nothing has written to.
// Read-only data is left alone: the loader has relocated parts of it, which the file does not hold.
bool file_code(std::string_view line, Range& out) {
  const size_t dash = line.find('-');
  const size_t space = line.find(' ');
  if (dash == std::string_view::npos || space == std::string_view::npos) return false;
  if (line.substr(space, 6) != " r-xp " || line.find(" /") == std::string_view::npos) return false;
  std::from_chars(line.data(), line.data() + dash, out.start, 16);
  std::from_chars(line.data() + dash + 1, line.data() + space, out.end, 16);
  return out.start < out.end;
}

// What starting needed and resting does not: pages of code, which come back from the page cache when they are used, and
// what malloc holds free.
Result<std::string> run_release(const std::string&) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Range range;
    if (!file_code(line, range)) continue;
    if (madvise(reinterpret_cast<void*>(range.start), range.end - range.start, MADV_DONTNEED) < 0) {
      return Error::system("madvise", line);
    }
  }
  malloc_trim(0);
  return std::string("{}");
}

constexpr Call calls[] = {{"memory.release", Lane::pool, run_release}};

}  // namespace

std::span<const Call> memory_calls() {
  return calls;
}

}  // namespace slipway::addon

// Cgroup: reading what the container uses.
#include <dirent.h>
#include <unistd.h>

#include <memory>

#include "core/cgroup/cgroup.h"
#include "core/cgroup/text.h"

namespace slipway::cgroup {
namespace {

constexpr uint64_t nanoseconds_per_microsecond = 1000;
constexpr uint64_t no_limit = UINT64_MAX;

std::string text_of(const Directory& directory, std::string_view file) {
  auto text = directory.read(file);
  return text ? *std::move(text) : std::string();
}

uint64_t value_of(const Directory& directory, std::string_view file) {
  return directory.number(file).value_or(0);
}

CpuStats cpu_v2(const Directory& directory) {
  const std::string text = text_of(directory, "cpu.stat");
  const auto number = [&text](const char* key) { return keyed_number(text, key).value_or(0); };
  CpuStats cpu;
  cpu.total = number("usage_usec") * nanoseconds_per_microsecond;
  cpu.user = number("user_usec") * nanoseconds_per_microsecond;
  cpu.kernel = number("system_usec") * nanoseconds_per_microsecond;
  cpu.periods = number("nr_periods");
  cpu.throttled_periods = number("nr_throttled");
  cpu.throttled_time = number("throttled_usec") * nanoseconds_per_microsecond;
  return cpu;
}

CpuStats cpu_v1(const std::optional<Directory>& cpu_directory, const std::optional<Directory>& accounting) {
  CpuStats cpu;
  if (accounting) {
    const uint64_t nanoseconds_per_tick = 1000000000ULL / static_cast<uint64_t>(::sysconf(_SC_CLK_TCK));
    const std::string text = text_of(*accounting, "cpuacct.stat");
    cpu.total = value_of(*accounting, "cpuacct.usage");
    cpu.user = keyed_number(text, "user").value_or(0) * nanoseconds_per_tick;
    cpu.kernel = keyed_number(text, "system").value_or(0) * nanoseconds_per_tick;
    const std::string per_cpu = text_of(*accounting, "cpuacct.usage_percpu");
    for (std::string_view each : split(trim(per_cpu), ' ')) cpu.per_cpu.push_back(parse_number(each).value_or(0));
  }
  if (cpu_directory) {
    const std::string text = text_of(*cpu_directory, "cpu.stat");
    cpu.periods = keyed_number(text, "nr_periods").value_or(0);
    cpu.throttled_periods = keyed_number(text, "nr_throttled").value_or(0);
    cpu.throttled_time = keyed_number(text, "throttled_time").value_or(0);
  }
  return cpu;
}

MemoryEntry memory_entry_v1(const Directory& directory, const std::string& prefix) {
  return {value_of(directory, prefix + "limit_in_bytes"), value_of(directory, prefix + "usage_in_bytes"),
          value_of(directory, prefix + "max_usage_in_bytes"), value_of(directory, prefix + "failcnt")};
}

MemoryStats memory_v1(const Directory& directory) {
  MemoryStats memory;
  memory.raw = keyed_numbers(text_of(directory, "memory.stat"));
  for (const auto& [key, value] : memory.raw)
    if (key == "cache") memory.cache = value;
  memory.usage = memory_entry_v1(directory, "memory.");
  memory.swap = memory_entry_v1(directory, "memory.memsw.");
  memory.kernel = memory_entry_v1(directory, "memory.kmem.");
  memory.kernel_tcp = memory_entry_v1(directory, "memory.kmem.tcp.");
  return memory;
}

MemoryStats memory_v2(const Directory& directory) {
  MemoryStats memory;
  memory.raw = keyed_numbers(text_of(directory, "memory.stat"));
  for (const auto& [key, value] : memory.raw) {
    if (key == "file") memory.cache = value;
    if (key == "kernel") memory.kernel.usage = value;  // kernel 5.18
  }
  const std::string events = text_of(directory, "memory.events");
  memory.usage = {value_of(directory, "memory.max"), value_of(directory, "memory.current"),
                  value_of(directory, "memory.peak"), keyed_number(events, "max").value_or(0)};
  if (!directory.has("memory.swap.max")) return memory;
  // As memory plus swap, which is what v1 and the configuration mean by swap.
  const uint64_t swap_limit = value_of(directory, "memory.swap.max");
  const bool limited = swap_limit != no_limit && memory.usage.limit != no_limit;
  memory.swap.limit = limited ? swap_limit + memory.usage.limit : no_limit;
  memory.swap.usage = value_of(directory, "memory.swap.current") + memory.usage.usage;
  return memory;
}

// "8:0 Read 4096"; a line "Total 8192" has no device.
std::vector<BlockIoEntry> block_io_entries_v1(const std::string& text) {
  std::vector<BlockIoEntry> entries;
  for (std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() != 3) continue;
    const auto numbers = split(words[0], ':');
    if (numbers.size() != 2) continue;
    entries.push_back({parse_number(numbers[0]).value_or(0), parse_number(numbers[1]).value_or(0),
                       std::string(words[1]), parse_number(words[2]).value_or(0)});
  }
  return entries;
}

BlockIoStats block_io_v1(const Directory& directory) {
  const auto read = [&directory](const std::string& name) {
    auto entries = block_io_entries_v1(text_of(directory, "blkio.bfq." + name));
    return entries.empty() ? block_io_entries_v1(text_of(directory, "blkio.throttle." + name)) : entries;
  };
  return {read("io_service_bytes_recursive"), read("io_serviced_recursive")};
}

// "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6"
BlockIoStats block_io_v2(const Directory& directory) {
  BlockIoStats stats;
  const std::string text = text_of(directory, "io.stat");
  for (std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    const auto numbers = words.empty() ? words : split(words[0], ':');
    if (numbers.size() != 2) continue;
    for (size_t i = 1; i < words.size(); ++i) {
      const auto pair = split(words[i], '=');
      if (pair.size() != 2) continue;
      const char kind = pair[0][0];
      const char* operation = kind == 'r' ? "Read" : kind == 'w' ? "Write" : "Discard";
      BlockIoEntry entry{parse_number(numbers[0]).value_or(0), parse_number(numbers[1]).value_or(0), operation,
                         parse_number(pair[1]).value_or(0)};
      if (pair[0].substr(1) == "bytes")
        stats.service_bytes.push_back(std::move(entry));
      else if (pair[0].substr(1) == "ios")
        stats.serviced.push_back(std::move(entry));
    }
  }
  return stats;
}

// "hugepages-2048kB" -> "2MB", as in the controller's file names.
std::vector<std::string> page_sizes() {
  std::vector<std::string> sizes;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir("/sys/kernel/mm/hugepages"), ::closedir);
  if (!listing) return sizes;
  while (const dirent* entry = ::readdir(listing.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    std::string_view name = entry->d_name;
    if (!name.starts_with("hugepages-") || !name.ends_with("kB")) continue;
    name.remove_prefix(10);
    name.remove_suffix(2);
    const uint64_t kib = parse_number(name).value_or(0);
    if (kib >= 1 << 20)
      sizes.push_back(std::to_string(kib >> 20) + "GB");
    else if (kib >= 1 << 10)
      sizes.push_back(std::to_string(kib >> 10) + "MB");
    else if (kib > 0)
      sizes.push_back(std::to_string(kib) + "KB");
  }
  return sizes;
}

std::vector<RdmaEntry> rdma_current(const Directory& directory) {
  std::vector<RdmaEntry> entries;
  const std::string text = text_of(directory, "rdma.current");
  for (std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.empty()) continue;
    RdmaEntry entry{std::string(words[0]), 0, 0};
    for (std::string_view word : words) {
      if (word.starts_with("hca_handle=")) entry.handles = parse_number(word.substr(11)).value_or(0);
      if (word.starts_with("hca_object=")) entry.objects = parse_number(word.substr(11)).value_or(0);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

Result<Stats> Cgroup::stats() const {
  Stats stats;
  const auto unified = v2_directory();
  const auto has = [&unified](std::string_view file) { return unified && unified->has(file); };

  const auto cpu = v1_directory("cpu");
  const auto accounting = v1_directory("cpuacct");
  if (cpu || accounting)
    stats.cpu = cpu_v1(cpu, accounting);
  else if (has("cpu.stat"))
    stats.cpu = cpu_v2(*unified);

  if (const auto memory = v1_directory("memory"))
    stats.memory = memory_v1(*memory);
  else if (has("memory.current"))
    stats.memory = memory_v2(*unified);

  auto pids = v1_directory("pids");
  if (!pids && has("pids.current")) pids = unified;
  if (pids) {
    const uint64_t limit = pids->number("pids.max").value_or(no_limit);
    stats.pids = PidsStats{value_of(*pids, "pids.current"), limit == no_limit ? 0 : limit};
  }

  if (const auto block_io = v1_directory("blkio"))
    stats.block_io = block_io_v1(*block_io);
  else if (has("io.stat"))
    stats.block_io = block_io_v2(*unified);

  const auto hugetlb = v1_directory("hugetlb");
  for (const std::string& size : page_sizes()) {
    const std::string base = "hugetlb." + size;
    if (hugetlb)
      stats.hugetlb[size] = {value_of(*hugetlb, base + ".usage_in_bytes"),
                             value_of(*hugetlb, base + ".max_usage_in_bytes"), value_of(*hugetlb, base + ".failcnt")};
    else if (has(base + ".current"))
      stats.hugetlb[size] = {value_of(*unified, base + ".current"), 0,
                             keyed_number(text_of(*unified, base + ".events"), "max").value_or(0)};
  }
  if (const auto rdma = v1_directory("rdma"))
    stats.rdma_current = rdma_current(*rdma);
  else if (has("rdma.current"))
    stats.rdma_current = rdma_current(*unified);
  return stats;
}

}  // namespace slipway::cgroup

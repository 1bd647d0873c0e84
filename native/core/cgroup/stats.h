// What a container uses: the numbers behind `events --stats`, in the units of runc's JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slipway::cgroup {

struct CpuStats {
  uint64_t total = 0;             // nanoseconds
  uint64_t user = 0;              // nanoseconds
  uint64_t kernel = 0;            // nanoseconds
  std::vector<uint64_t> per_cpu;  // nanoseconds; v1 only
  uint64_t periods = 0;
  uint64_t throttled_periods = 0;
  uint64_t throttled_time = 0;  // nanoseconds
};

struct MemoryEntry {
  uint64_t limit = 0;  // bytes; UINT64_MAX: unlimited
  uint64_t usage = 0;
  uint64_t max = 0;  // the highest usage so far
  uint64_t failures = 0;
};

struct MemoryStats {
  uint64_t cache = 0;
  MemoryEntry usage;
  MemoryEntry swap;  // v1: memory plus swap
  MemoryEntry kernel;
  MemoryEntry kernel_tcp;
  std::vector<std::pair<std::string, uint64_t>> raw;  // memory.stat
};

struct PidsStats {
  uint64_t current = 0;
  uint64_t limit = 0;  // 0: unlimited
};

struct BlockIoEntry {
  uint64_t major = 0;
  uint64_t minor = 0;
  std::string operation;  // "Read", "Write", …
  uint64_t value = 0;
};

struct BlockIoStats {
  std::vector<BlockIoEntry> service_bytes;  // bytes per device and operation
  std::vector<BlockIoEntry> serviced;       // operations per device and operation
};

struct HugetlbStats {
  uint64_t usage = 0;
  uint64_t max = 0;
  uint64_t failures = 0;
};

struct RdmaEntry {
  std::string device;
  uint64_t handles = 0;
  uint64_t objects = 0;
};

// A group is absent where the container has no cgroup of the controller.
struct Stats {
  std::optional<CpuStats> cpu;
  std::optional<MemoryStats> memory;
  std::optional<PidsStats> pids;
  std::optional<BlockIoStats> block_io;
  std::map<std::string, HugetlbStats> hugetlb;  // by page size: "2MB"
  std::vector<RdmaEntry> rdma_current;
};

// The `data` member of `events --stats`, one line.
std::string to_json(const Stats& stats);

}  // namespace slipway::cgroup

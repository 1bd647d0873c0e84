#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "core/cgroup/stats.h"

namespace slipway::cgroup {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void number(Writer& json, const char* key, uint64_t value) {
  json.Key(key);
  json.Uint64(value);
}

void write(Writer& json, const CpuStats& cpu) {
  json.StartObject();
  json.Key("usage");
  json.StartObject();
  number(json, "total", cpu.total);
  if (!cpu.per_cpu.empty()) {
    json.Key("percpu");
    json.StartArray();
    for (const uint64_t each : cpu.per_cpu) json.Uint64(each);
    json.EndArray();
  }
  number(json, "kernel", cpu.kernel);
  number(json, "user", cpu.user);
  json.EndObject();
  json.Key("throttling");
  json.StartObject();
  number(json, "periods", cpu.periods);
  number(json, "throttledPeriods", cpu.throttled_periods);
  number(json, "throttledTime", cpu.throttled_time);
  json.EndObject();
  json.EndObject();
}

void write(Writer& json, const char* key, const MemoryEntry& entry) {
  json.Key(key);
  json.StartObject();
  number(json, "limit", entry.limit);
  number(json, "usage", entry.usage);
  number(json, "max", entry.max);
  number(json, "failcnt", entry.failures);
  json.EndObject();
}

void write(Writer& json, const MemoryStats& memory) {
  json.StartObject();
  number(json, "cache", memory.cache);
  write(json, "usage", memory.usage);
  write(json, "swap", memory.swap);
  write(json, "kernel", memory.kernel);
  write(json, "kernelTCP", memory.kernel_tcp);
  json.Key("raw");
  json.StartObject();
  for (const auto& [key, value] : memory.raw) number(json, key.c_str(), value);
  json.EndObject();
  json.EndObject();
}

void write(Writer& json, const char* key, const std::vector<BlockIoEntry>& entries) {
  if (entries.empty()) return;
  json.Key(key);
  json.StartArray();
  for (const BlockIoEntry& entry : entries) {
    json.StartObject();
    number(json, "major", entry.major);
    number(json, "minor", entry.minor);
    json.Key("op");
    json.String(entry.operation.c_str());
    number(json, "value", entry.value);
    json.EndObject();
  }
  json.EndArray();
}

void write(Writer& json, const std::map<std::string, HugetlbStats>& hugetlb) {
  json.StartObject();
  for (const auto& [size, entry] : hugetlb) {
    json.Key(size.c_str());
    json.StartObject();
    number(json, "usage", entry.usage);
    number(json, "max", entry.max);
    number(json, "failcnt", entry.failures);
    json.EndObject();
  }
  json.EndObject();
}

void write(Writer& json, const std::vector<RdmaEntry>& entries) {
  json.StartObject();
  json.Key("current");
  json.StartArray();
  for (const RdmaEntry& entry : entries) {
    json.StartObject();
    json.Key("device");
    json.String(entry.device.c_str());
    number(json, "hca_handles", entry.handles);
    number(json, "hca_objects", entry.objects);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

}  // namespace

std::string to_json(const Stats& stats) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.StartObject();
  json.Key("cpu");
  write(json, stats.cpu.value_or(CpuStats{}));
  json.Key("cpuset");
  json.StartObject();
  json.EndObject();
  json.Key("memory");
  write(json, stats.memory.value_or(MemoryStats{}));
  json.Key("pids");
  json.StartObject();
  if (stats.pids) {
    number(json, "current", stats.pids->current);
    number(json, "limit", stats.pids->limit);
  }
  json.EndObject();
  json.Key("blkio");
  json.StartObject();
  if (stats.block_io) {
    write(json, "ioServiceBytesRecursive", stats.block_io->service_bytes);
    write(json, "ioServicedRecursive", stats.block_io->serviced);
  }
  json.EndObject();
  json.Key("hugetlb");
  write(json, stats.hugetlb);
  if (!stats.rdma_current.empty()) {
    json.Key("rdma");
    write(json, stats.rdma_current);
  }
  json.Key("intel_rdt");
  json.StartObject();
  json.EndObject();
  json.Key("network_interfaces");
  json.Null();
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace slipway::cgroup

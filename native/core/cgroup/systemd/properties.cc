#include "core/cgroup/systemd/properties.h"

#include "core/cgroup/convert.h"
#include "core/cgroup/device_rules.h"
#include "core/cgroup/hierarchy.h"
#include "core/cgroup/systemd/gvariant.h"
#include "core/cgroup/text.h"

namespace slipway::cgroup::systemd {
namespace {

constexpr uint64_t infinity = UINT64_MAX;
constexpr int64_t pts_major = 136;

uint64_t amount(int64_t value) {
  return value < 0 ? infinity : static_cast<uint64_t>(value);
}

void add_memory(std::vector<Property>& properties, const spec::Memory& memory, bool v2) {
  if (memory.limit.value_or(0) != 0) properties.push_back({v2 ? "MemoryMax" : "MemoryLimit", amount(*memory.limit)});
  if (!v2) return;
  if (memory.reservation.value_or(0) != 0) properties.push_back({"MemoryLow", amount(*memory.reservation)});
  const auto swap = swap_alone(memory.swap.value_or(0), memory.limit.value_or(0));
  if (swap && (*swap != 0 || memory.swap.value_or(0) > 0)) properties.push_back({"MemorySwapMax", amount(*swap)});
}

void add_cpu(std::vector<Property>& properties, const spec::Cpu& cpu, bool v2) {
  if (cpu.shares.value_or(0) != 0) {
    if (v2)
      properties.push_back({"CPUWeight", weight_from_shares(*cpu.shares)});
    else
      properties.push_back({"CPUShares", *cpu.shares});
  }
  const uint64_t period = cpu.period.value_or(0);
  if (period != 0 && v2) properties.push_back({"CPUQuotaPeriodUSec", period});  // systemd 242
  if (cpu.quota.value_or(0) == 0) return;
  uint64_t per_second = infinity;
  if (*cpu.quota > 0) {
    per_second = static_cast<uint64_t>(*cpu.quota) * 1000000 / (period != 0 ? period : 100000);
    // systemd thinks in hundredths of a second and would cut off: round up.
    per_second = (per_second + 9999) / 10000 * 10000;
  }
  properties.push_back({"CPUQuotaPerSecUSec", per_second});
}

void add_devices(std::vector<Property>& properties, const std::vector<spec::DeviceRule>& rules) {
  const auto matches = device_matches(rules);
  if (!matches) return;
  // systemd's list only allows. With a rule that allows everything, or holes in what is allowed, the container's own
  // program decides alone.
  Pairs allowed;
  bool listable = true;
  bool everything = false;
  for (const DeviceMatch& match : *matches) {
    if (match.any()) {
      everything = match.allow;
      allowed.clear();
      listable = true;
      continue;
    }
    if (!match.allow || (match.major >= 0 && match.minor < 0 && match.major != pts_major)) {
      listable = false;  // a hole, or a whole major, for which systemd wants its driver's name
      continue;
    }
    if (match.major < 0) {
      allowed.emplace_back(match.type == 'b' ? "block-*" : "char-*", "");
    } else if (match.minor >= 0) {
      allowed.emplace_back((match.type == 'b' ? "/dev/block/" : "/dev/char/") + std::to_string(match.major) + ":" +
                               std::to_string(match.minor),
                           "");
    } else {
      allowed.emplace_back("char-pts", "");
    }
    if (match.access & device_read) allowed.back().second += 'r';
    if (match.access & device_write) allowed.back().second += 'w';
    if (match.access & device_mknod) allowed.back().second += 'm';
  }
  if (everything || !listable) {
    properties.push_back({"DevicePolicy", std::string("auto")});
    properties.push_back({"DeviceAllow", Pairs{}});
    return;
  }
  properties.push_back({"DevicePolicy", std::string("strict")});
  properties.push_back({"DeviceAllow", std::move(allowed)});
}

Result<void> add_resources(std::vector<Property>& properties, const spec::Resources& resources, bool v2) {
  if (resources.memory) add_memory(properties, *resources.memory, v2);
  if (resources.cpu) {
    add_cpu(properties, *resources.cpu, v2);
    if (v2 && !resources.cpu->cpus.empty()) {
      TRY_ASSIGN(Bytes mask, cpu_mask(resources.cpu->cpus, "linux.resources.cpu.cpus"));
      properties.push_back({"AllowedCPUs", std::move(mask)});
    }
    if (v2 && !resources.cpu->mems.empty()) {
      TRY_ASSIGN(Bytes mask, cpu_mask(resources.cpu->mems, "linux.resources.cpu.mems"));
      properties.push_back({"AllowedMemoryNodes", std::move(mask)});
    }
  }
  if (resources.pids)
    properties.push_back(
        {"TasksMax", resources.pids->limit > 0 ? static_cast<uint64_t>(resources.pids->limit) : infinity});
  if (resources.block_io && resources.block_io->weight.value_or(0) != 0) {
    const uint64_t weight = *resources.block_io->weight;
    if (v2)
      properties.push_back({"IOWeight", io_weight_from_blkio(weight)});
    else
      properties.push_back({"BlockIOWeight", weight});
  }
  return {};
}

// As systemd's own tools: "…Sec" is a number of seconds, on the bus it is "…USec" in microseconds.
Result<Property> annotated(std::string name, const std::string& text) {
  const std::string field = "annotations['org.systemd.property." + name + "']";
  TRY_ASSIGN(Value value, parse_gvariant(text, field));
  if (!name.ends_with("Sec") || name.ends_with("USec")) return Property{std::move(name), std::move(value)};
  uint64_t seconds = 0;
  if (const auto* u64 = std::get_if<uint64_t>(&value))
    seconds = *u64;
  else if (const auto* u32 = std::get_if<uint32_t>(&value))
    seconds = *u32;
  else if (const auto* i32 = std::get_if<int32_t>(&value); i32 && *i32 >= 0)
    seconds = static_cast<uint64_t>(*i32);
  else if (const auto* i64 = std::get_if<int64_t>(&value); i64 && *i64 >= 0)
    seconds = static_cast<uint64_t>(*i64);
  else
    return Error::invalid(field, "'" + text + "' is no number of seconds");
  return Property{name.substr(0, name.size() - 3) + "USec", seconds * 1000000};
}

}  // namespace

Result<Bytes> cpu_mask(std::string_view list, std::string_view field) {
  constexpr uint64_t highest = 65535;
  Bytes mask;
  for (std::string_view range : split(list, ',')) {
    const size_t dash = range.find('-');
    const auto first = parse_number(range.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_number(range.substr(dash + 1));
    if (!first || !last || *first > *last || *last > highest)
      return Error::invalid(field, "'" + std::string(list) + "' is no list such as 0-2,5");
    if (mask.size() <= *last / 8) mask.resize(*last / 8 + 1);
    for (uint64_t i = *first; i <= *last; ++i) mask[i / 8] = static_cast<uint8_t>(mask[i / 8] | (1U << (i % 8)));
  }
  return mask;
}

Result<std::vector<Property>> unit_properties(const spec::Resources* resources,
                                              const std::map<std::string, std::string>& annotations) {
  std::vector<Property> properties;
  TRY_ASSIGN(const Hierarchies hierarchies, find_hierarchies());
  if (resources) {
    TRY(add_resources(properties, *resources, hierarchies.mode() == Mode::unified));
    if (!resources->devices.empty()) add_devices(properties, resources->devices);
  }
  constexpr std::string_view prefix = "org.systemd.property.";
  for (const auto& [name, text] : annotations) {
    if (!name.starts_with(prefix)) continue;
    TRY_ASSIGN(Property property, annotated(name.substr(prefix.size()), text));
    properties.push_back(std::move(property));
  }
  return properties;
}

}  // namespace slipway::cgroup::systemd

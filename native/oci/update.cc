#include <fcntl.h>

#include <charconv>

#include "core/files.h"
#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {
namespace {

constexpr std::array update_flags{
    value("resources", "r"),    value("blkio-weight"),    value("cpu-period"),         value("cpu-quota"),
    value("cpu-burst"),         value("cpu-share"),       value("cpu-rt-period"),      value("cpu-rt-runtime"),
    value("cpu-idle"),          value("cpuset-cpus"),     value("cpuset-mems"),        value("kernel-memory"),
    value("kernel-memory-tcp"), value("memory"),          value("memory-reservation"), value("memory-swap"),
    value("pids-limit"),        value("l3-cache-schema"), value("mem-bw-schema")};

// "512M", "1.5g", "-1"; bytes.
Result<int64_t> parse_bytes(const std::string& text, const std::string& flag) {
  size_t end = text.size();
  int64_t unit = 1;
  std::string suffix;
  while (end > 0 && (text[end - 1] < '0' || text[end - 1] > '9')) --end;
  for (const char c : text.substr(end)) suffix += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (suffix.ends_with('b')) suffix.pop_back();
  if (suffix.ends_with('i')) suffix.pop_back();
  if (suffix == "k")
    unit = int64_t{1} << 10;
  else if (suffix == "m")
    unit = int64_t{1} << 20;
  else if (suffix == "g")
    unit = int64_t{1} << 30;
  else if (suffix == "t")
    unit = int64_t{1} << 40;
  else if (!suffix.empty())
    return Error::invalid(flag, "'" + text + "' is no size; write 512M or 1g");
  if (const size_t point = text.find('.'); point < end) {
    double number = -1;
    const auto [after, failed] = std::from_chars(text.data(), text.data() + end, number);
    number *= static_cast<double>(unit);
    if (failed != std::errc() || after != text.data() + end || number < 0 || number >= 0x1p63)
      return Error::invalid(flag, "'" + text + "' is no size; write 512M or 1.5g");
    return static_cast<int64_t>(number);
  }
  TRY_ASSIGN(const int64_t number, parse_integer(text.substr(0, end), flag, -1, INT64_MAX / unit));
  return number < 0 ? number : number * unit;
}

class Reader {
 public:
  explicit Reader(const Arguments& arguments) : arguments_(arguments) {}

  template <typename Group, typename T>
  Result<void> bytes(const char* name, std::optional<Group>& group, std::optional<T> Group::*field) {
    return each(name, group, field,
                [&](const std::string& text) { return parse_bytes(text, std::string("--") + name); });
  }
  template <typename Group, typename T>
  Result<void> number(const char* name, std::optional<Group>& group, std::optional<T> Group::*field) {
    const int64_t least = std::is_signed_v<T> ? INT64_MIN : 0;
    const int64_t most = sizeof(T) == 2 ? UINT16_MAX : INT64_MAX;
    return each(name, group, field,
                [&](const std::string& text) { return parse_integer(text, std::string("--") + name, least, most); });
  }

 private:
  template <typename Group, typename T, typename Parse>
  Result<void> each(const char* name, std::optional<Group>& group, std::optional<T> Group::*field, Parse parse) {
    // Docker's shim passes flags that it has no value for as empty.
    if (!arguments_.has(name) || arguments_.get(name).empty()) return {};
    TRY_ASSIGN(const int64_t parsed, parse(arguments_.get(name)));
    if (!group) group.emplace();
    (*group).*field = static_cast<T>(parsed);
    return {};
  }
  const Arguments& arguments_;
};

Result<spec::Resources> from_flags(const Arguments& arguments) {
  spec::Resources out;
  Reader reader(arguments);
  TRY(reader.bytes("memory", out.memory, &spec::Memory::limit));
  TRY(reader.bytes("memory-reservation", out.memory, &spec::Memory::reservation));
  TRY(reader.bytes("memory-swap", out.memory, &spec::Memory::swap));
  TRY(reader.bytes("kernel-memory", out.memory, &spec::Memory::kernel));
  TRY(reader.bytes("kernel-memory-tcp", out.memory, &spec::Memory::kernel_tcp));
  TRY(reader.number("cpu-period", out.cpu, &spec::Cpu::period));
  TRY(reader.number("cpu-quota", out.cpu, &spec::Cpu::quota));
  TRY(reader.number("cpu-burst", out.cpu, &spec::Cpu::burst));
  TRY(reader.number("cpu-share", out.cpu, &spec::Cpu::shares));
  TRY(reader.number("cpu-rt-period", out.cpu, &spec::Cpu::realtime_period));
  TRY(reader.number("cpu-rt-runtime", out.cpu, &spec::Cpu::realtime_runtime));
  TRY(reader.number("cpu-idle", out.cpu, &spec::Cpu::idle));
  TRY(reader.number("blkio-weight", out.block_io, &spec::BlockIo::weight));
  for (const auto& [flag, field] :
       {std::pair{"cpuset-cpus", &spec::Cpu::cpus}, std::pair{"cpuset-mems", &spec::Cpu::mems}}) {
    if (arguments.get(flag).empty()) continue;
    if (!out.cpu) out.cpu.emplace();
    (*out.cpu).*field = arguments.get(flag);
  }
  if (!arguments.get("pids-limit").empty()) {
    TRY_ASSIGN(const int64_t limit, parse_integer(arguments.get("pids-limit"), "--pids-limit", -1, INT64_MAX));
    out.pids = spec::Pids{limit};
  }
  return out;
}

}  // namespace

Result<int> update(const Context& context, const std::vector<std::string>& words) {
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, update_flags, false));
  TRY_ASSIGN(const std::string id, arguments.only_id());
  if (!arguments.get("l3-cache-schema").empty() || !arguments.get("mem-bw-schema").empty())
    return Error::invalid("--l3-cache-schema, --mem-bw-schema", "can't be changed once a container exists");
  spec::Resources resources;
  if (arguments.has("resources")) {
    const std::string path = arguments.get("resources");
    TRY_ASSIGN(const std::string text,
               path == "-" ? read_all(0, 64 << 20, "standard input") : read_file(AT_FDCWD, path, 64 << 20, true));
    TRY_ASSIGN(resources, parse_resources(text, path == "-" ? "standard input" : path));
  } else {
    TRY_ASSIGN(resources, from_flags(arguments));
  }
  TRY(container::update(context.runtime, id, resources));
  return 0;
}

}  // namespace slipway::oci

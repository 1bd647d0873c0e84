#include <poll.h>

#include <charconv>
#include <chrono>

#include "core/cgroup/stats.h"
#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {
namespace {

using Clock = std::chrono::steady_clock;

// Go's durations: "5s", "500ms", "1m30s".
Result<std::chrono::milliseconds> parse_duration(const std::string& text) {
  std::chrono::milliseconds total{0};
  const Error wrong = Error::invalid("--interval", "'" + text + "' is no duration; write 5s, 500ms or 1m30s");
  if (text.empty()) return wrong;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    double number = 0;
    const auto [after, failed] = std::from_chars(at, end, number);
    const std::string_view rest(after, static_cast<size_t>(end - after));
    struct Unit {
      std::string_view name;
      double milliseconds;
    };
    constexpr Unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    const Unit* found = nullptr;
    for (const Unit& unit : units)
      if (found == nullptr && rest.starts_with(unit.name)) found = &unit;
    if (failed != std::errc() || found == nullptr || number < 0 || number > 1e6) return wrong;
    total += std::chrono::milliseconds(static_cast<int64_t>(number * found->milliseconds));
    at = after + found->name.size();
  }
  if (total.count() == 0) return Error::invalid("--interval", "must be above zero");
  return total;
}

std::string event(const std::string& type, const std::string& id, const std::string& data) {
  return "{\"type\":\"" + type + "\",\"id\":\"" + id + "\"" + (data.empty() ? "" : ",\"data\":" + data) + "}\n";
}

Result<int> print_stats(const cgroup::Cgroup& cgroup, const std::string& id) {
  TRY_ASSIGN(const cgroup::Stats stats, cgroup.stats());
  return print(event("stats", id, cgroup::to_json(stats)));
}

Result<bool> stopped(const Context& context, const std::string& id) {
  const auto state = container::state(context.runtime, id);
  if (!state && state.error().code == ENOENT) return true;
  if (!state) return state.error();
  return state->status == container::Status::stopped;
}

}  // namespace

Result<int> events(const Context& context, const std::vector<std::string>& words) {
  const std::array flags{on_off("stats"), value("interval")};
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, flags, false));
  TRY_ASSIGN(const std::string id, arguments.only_id());
  TRY_ASSIGN(const std::chrono::milliseconds interval, parse_duration(arguments.get("interval", "5s")));
  TRY_ASSIGN(const container::State state, container::state(context.runtime, id));
  if (state.status == container::Status::stopped) return Error::invalid("container '" + id + "'", "is stopped");
  TRY_ASSIGN(const cgroup::Cgroup cgroup, container::cgroup_of(context.runtime, id));
  if (arguments.on("stats")) return print_stats(cgroup, id);

  const Result<Fd> oom = cgroup.oom_events();
  Result<uint64_t> kills = cgroup.oom_kills();
  uint64_t seen = kills ? *kills : 0;
  auto next = Clock::now();
  while (true) {
    TRY_ASSIGN(const bool over, stopped(context, id));
    if (over) return 0;
    if (Clock::now() >= next) {
      TRY(print_stats(cgroup, id));
      next += interval;
    }
    pollfd wait{oom ? oom->get() : -1, POLLIN | POLLPRI, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    if (::poll(&wait, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 1000))) <= 0) continue;
    std::array<char, 4096> drained{};
    const ssize_t length = (wait.revents & POLLPRI) != 0 ? ::pread(oom->get(), drained.data(), drained.size(), 0)
                                                         : ::read(oom->get(), drained.data(), drained.size());
    kills = cgroup.oom_kills();
    if (length > 0 && kills && *kills > seen) {
      seen = *kills;
      TRY(print(event("oom", id, "")));
    }
  }
}

}  // namespace slipway::oci

#include "core/cgroup/systemd/scope.h"

#include <unistd.h>

#include <cstdlib>

#include "core/cgroup/systemd/dbus.h"

namespace slipway::cgroup::systemd {
namespace {

using dbus::Connection;
using dbus::Message;
using dbus::Reader;
using dbus::Writer;

constexpr const char* service = "org.freedesktop.systemd1";
constexpr const char* object = "/org/freedesktop/systemd1";
constexpr const char* manager = "org.freedesktop.systemd1.Manager";
constexpr const char* bus_service = "org.freedesktop.DBus";

struct Manager {
  Connection connection;
  std::string destination;  // empty without a bus in between
};

std::string environment(const char* name) {
  const char* value = ::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  return value ? value : "";
}

struct Door {
  std::string path;
  bool bus;
};

// The bus first; systemd's own socket where no bus runs.
std::vector<Door> doors(bool user) {
  if (!user) return {{"/run/dbus/system_bus_socket", true}, {"/run/systemd/private", false}};
  std::vector<Door> found;
  const std::string address = environment("DBUS_SESSION_BUS_ADDRESS");
  if (constexpr std::string_view prefix = "unix:path="; address.starts_with(prefix))
    found.push_back({address.substr(prefix.size(), address.find_first_of(",;") - prefix.size()), true});
  std::string directory = environment("XDG_RUNTIME_DIR");
  if (directory.empty()) directory = "/run/user/" + std::to_string(::geteuid());
  found.push_back({directory + "/bus", true});
  found.push_back({directory + "/systemd/private", false});
  return found;
}

Result<Manager> connect(bool user) {
  std::string reasons;
  for (const Door& door : doors(user)) {
    auto connection = Connection::open(door.path, door.bus);
    if (connection) return Manager{*std::move(connection), door.bus ? service : ""};
    reasons += (reasons.empty() ? "" : "; ") + connection.error().message;
  }
  return Error::invalid("--systemd-cgroup", std::string("no ") + (user ? "user's " : "") + "systemd answers (" +
                                                reasons + "); run without --systemd-cgroup, or start systemd");
}

// Job signals come only to those who asked.
Result<void> subscribe(Manager& systemd) {
  if (!systemd.destination.empty()) {
    Writer rule;
    rule.string("type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'");
    TRY(systemd.connection.call("/org/freedesktop/DBus", bus_service, "AddMatch", "s", rule, bus_service));
  }
  TRY(systemd.connection.call(object, manager, "Subscribe", "", Writer(), systemd.destination));
  return {};
}

// JobRemoved(u id, o job, s unit, s result)
Result<void> await_job(Manager& systemd, const std::string& job, const std::string& what) {
  for (;;) {
    TRY_ASSIGN(const Message message, systemd.connection.next_signal());
    if (message.member != "JobRemoved" || message.signature != "uoss") continue;
    Reader body(message.body);
    (void)body.uint32();
    if (body.string() != job) continue;
    (void)body.string();
    const std::string result = body.string();
    if (result == "done") return {};
    return Error::invalid("systemd", "cannot " + what + ": its job ended with '" + result + "'");
  }
}

void write_value(Writer& out, const Value& value) {
  struct Visitor {
    Writer& out;
    void operator()(bool v) const { out.signature("b"), out.boolean(v); }
    void operator()(uint32_t v) const { out.signature("u"), out.uint32(v); }
    void operator()(int32_t v) const { out.signature("i"), out.uint32(static_cast<uint32_t>(v)); }
    void operator()(uint64_t v) const { out.signature("t"), out.uint64(v); }
    void operator()(int64_t v) const { out.signature("x"), out.uint64(static_cast<uint64_t>(v)); }
    void operator()(const std::string& v) const { out.signature("s"), out.string(v); }
    void operator()(const std::vector<std::string>& v) const {
      out.signature("as");
      const size_t begin = out.begin_array(4);
      for (const std::string& each : v) out.string(each);
      out.end_array(begin, 4);
    }
    void operator()(const Bytes& v) const {
      out.signature("ay");
      const size_t begin = out.begin_array(1);
      for (const uint8_t each : v) out.byte(each);
      out.end_array(begin, 1);
    }
    void operator()(const Pairs& v) const {
      out.signature("a(ss)");
      const size_t begin = out.begin_array(8);
      for (const auto& [first, second] : v) out.align(8), out.string(first), out.string(second);
      out.end_array(begin, 8);
    }
  };
  std::visit(Visitor{out}, value);
}

void write_property(Writer& out, const Property& property) {
  out.align(8);
  out.string(property.name);
  write_value(out, property.value);
}

void write_pids(Writer& out, pid_t pid) {
  out.align(8);
  out.string("PIDs");
  out.signature("au");
  const size_t begin = out.begin_array(4);
  out.uint32(static_cast<uint32_t>(pid));
  out.end_array(begin, 4);
}

// What every container's scope has; later ones win, so that annotations can change them.
std::vector<Property> with_defaults(const UnitName& name, const std::vector<Property>& properties) {
  std::vector<Property> all = {{"Description", "Slipway container " + name.unit},
                               {"Slice", name.slice},
                               {"Delegate", true},
                               {"DefaultDependencies", false},
                               {"MemoryAccounting", true},
                               {"CPUAccounting", true},
                               {"IOAccounting", true},
                               {"TasksAccounting", true}};
  all.insert(all.end(), properties.begin(), properties.end());
  return all;
}

Result<void> reset_failed(Manager& systemd, const std::string& unit) {
  Writer body;
  body.string(unit);
  TRY(systemd.connection.call(object, manager, "ResetFailedUnit", "s", body, systemd.destination));
  return {};
}

}  // namespace

Result<void> start_scope(const UnitName& name, const std::vector<Property>& properties, pid_t pid, bool user) {
  TRY_ASSIGN(Manager systemd, connect(user));
  TRY(subscribe(systemd));
  Writer body;
  body.string(name.unit);
  body.string("replace");
  const size_t begin = body.begin_array(8);
  for (const Property& property : with_defaults(name, properties)) write_property(body, property);
  write_pids(body, pid);
  body.end_array(begin, 8);
  const size_t no_auxiliary = body.begin_array(8);
  body.end_array(no_auxiliary, 8);

  const auto start = [&] {
    return systemd.connection.call(object, manager, "StartTransientUnit", "ssa(sv)a(sa(sv))", body,
                                   systemd.destination);
  };
  auto answer = start();
  // A failed scope of an earlier container of this name is in the way.
  if (!answer && answer.error().step == "org.freedesktop.systemd1.UnitExists" && reset_failed(systemd, name.unit))
    answer = start();
  if (!answer) return std::move(answer.error()).with_context("cannot start the systemd scope '" + name.unit + "'");
  return await_job(systemd, Reader(answer->body).string(), "start the scope '" + name.unit + "'");
}

Result<void> set_properties(const std::string& unit, const std::vector<Property>& properties, bool user) {
  if (properties.empty()) return {};
  TRY_ASSIGN(Manager systemd, connect(user));
  Writer body;
  body.string(unit);
  body.boolean(true);  // runtime: gone with the unit
  const size_t begin = body.begin_array(8);
  for (const Property& property : properties) write_property(body, property);
  body.end_array(begin, 8);
  auto answer = systemd.connection.call(object, manager, "SetUnitProperties", "sba(sv)", body, systemd.destination);
  if (!answer) return std::move(answer.error()).with_context("cannot change the systemd scope '" + unit + "'");
  return {};
}

Result<void> stop_scope(const std::string& unit, bool user) {
  TRY_ASSIGN(Manager systemd, connect(user));
  TRY(subscribe(systemd));
  Writer body;
  body.string(unit);
  body.string("replace");
  auto answer = systemd.connection.call(object, manager, "StopUnit", "ss", body, systemd.destination);
  if (!answer && answer.error().step == "org.freedesktop.systemd1.NoSuchUnit") return {};
  if (!answer) return std::move(answer.error()).with_context("cannot stop the systemd scope '" + unit + "'");
  TRY(await_job(systemd, Reader(answer->body).string(), "stop the scope '" + unit + "'"));
  (void)reset_failed(systemd, unit);  // only a failed one can be reset
  return {};
}

}  // namespace slipway::cgroup::systemd

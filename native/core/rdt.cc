#include "core/rdt.h"

#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "core/cgroup/directory.h"
#include "core/cgroup/text.h"

namespace slipway::rdt {
namespace {

using cgroup::Directory;

constexpr const char* field = "linux.intelRdt";

// Lines such as "L3:0=ffff;1=f0".
std::vector<std::string> schema_lines(const spec::IntelRdt& wanted) {
  std::vector<std::string> lines;
  for (const std::string* text : {&wanted.l3_cache_schema, &wanted.mem_bw_schema})
    for (std::string_view line : cgroup::split(*text, '\n')) lines.emplace_back(cgroup::trim(line));
  for (const std::string& line : wanted.schemata) lines.push_back(line);
  return lines;
}

// The kernel pads its lines for alignment.
std::set<std::string> present_lines(std::string_view schemata) {
  std::set<std::string> lines;
  for (std::string_view line : cgroup::split(schemata, '\n')) lines.emplace(cgroup::trim(line));
  return lines;
}

Result<void> check_same(const Directory& group, const std::vector<std::string>& lines) {
  TRY_ASSIGN(const std::string schemata, group.read("schemata"));
  const std::set<std::string> present = present_lines(schemata);
  for (const std::string& line : lines)
    if (!present.contains(line))
      return Error::invalid(
          std::string(field) + ".closID",
          "the class '" + group.path() + "' exists with other schemata ('" + line + "' is not among them)");
  return {};
}

}  // namespace

bool available(const std::string& mount) {
  return ::access((mount + "/schemata").c_str(), F_OK) == 0;
}

Result<Group> make(const spec::IntelRdt& wanted, const std::string& id, const std::string& mount) {
  if (!available(mount))
    return cgroup::unsupported(
        field, "the processor has no cache or bandwidth allocation, or resctrl is not mounted at '" + mount +
                   "'; leave the field out, or mount it");
  const std::string name = wanted.clos_id.empty() ? id : wanted.clos_id;
  if (name.find('/') != std::string::npos || name == "." || name == "..")
    return Error::invalid(std::string(field) + ".closID", "'" + name + "' is not the name of a directory");
  const Directory group(mount + "/" + name);
  const std::vector<std::string> lines = schema_lines(wanted);
  const bool existed = ::mkdir(group.path().c_str(), 0755) != 0;
  if (existed && errno != EEXIST) return Error::system("mkdir", group.path()).with_context(field);
  const auto undo = [&](Error error) {
    if (!existed) ::rmdir(group.path().c_str());
    return error;
  };
  if (existed) {
    TRY(check_same(group, lines));
  } else {
    for (const std::string& line : lines)
      if (auto written = group.write("schemata", line + "\n", std::string(field) + ".schemata"); !written)
        return undo(written.error());
  }
  const std::string monitor = group.path() + "/mon_groups/" + id;
  if (wanted.enable_monitoring && ::mkdir(monitor.c_str(), 0755) != 0 && errno != EEXIST)
    return undo(Error::system("mkdir", monitor).with_context(std::string(field) + ".enableMonitoring"));
  return Group{group.path(), wanted.clos_id.empty() || !existed};
}

Result<void> add(const Group& group, pid_t pid) {
  return Directory(group.path).write("tasks", pid, field);
}

Result<void> remove(const std::string& path) {
  if (path.empty() || ::rmdir(path.c_str()) == 0 || errno == ENOENT) return {};
  return Error::system("rmdir", path).with_context(field);
}

}  // namespace slipway::rdt

#include "core/container/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/container/start.h"
#include "core/files.h"
#include "core/json.h"

namespace slipway::cgroup {

static void read(const json::Field& field, Saved& out) {
  field.member("paths", out.paths);
  field.member("scope", out.scope);
  field.member("userManager", out.user_manager);
  field.member("rootless", out.rootless);
}

}  // namespace slipway::cgroup

namespace slipway::container {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr size_t largest_file = 64 << 20;
constexpr const char* state_file = "state.json";

void write_string(Writer& writer, const char* key, const std::string& value) {
  writer.Key(key);
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void write_map(Writer& writer, const char* key, const spec::StringMap& map) {
  writer.Key(key);
  writer.StartObject();
  for (const auto& [name, value] : map) write_string(writer, name.c_str(), value);
  writer.EndObject();
}

std::string text_of(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

std::string to_stored_json(const State& state) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write_string(writer, "id", state.id);
  write_string(writer, "ociVersion", state.oci_version);
  write_string(writer, "bundle", state.bundle);
  write_string(writer, "rootfs", state.rootfs);
  write_map(writer, "annotations", state.annotations);
  writer.Key("pid");
  writer.Int(state.pid);
  writer.Key("pidStartTime");
  writer.Uint64(state.pid_start_time);
  write_string(writer, "created", state.created);
  writer.Key("owner");
  writer.Uint(state.owner);
  writer.Key("userNamespace");
  writer.Bool(state.user_namespace);
  write_string(writer, "intelRdtClos", state.intel_rdt_clos);
  writer.Key("cgroupKnown");
  writer.Bool(state.cgroup_known);
  writer.Key("cgroup");
  writer.StartObject();
  write_map(writer, "paths", state.cgroup.paths);
  write_string(writer, "scope", state.cgroup.scope);
  writer.Key("userManager");
  writer.Bool(state.cgroup.user_manager);
  writer.Key("rootless");
  writer.Bool(state.cgroup.rootless);
  writer.EndObject();
  writer.EndObject();
  return text_of(buffer);
}

}  // namespace

static void read(const json::Field& field, State& out) {
  field.required("id", out.id);
  field.required("ociVersion", out.oci_version);
  field.required("bundle", out.bundle);
  field.required("rootfs", out.rootfs);
  field.member("annotations", out.annotations);
  field.required("pid", out.pid);
  field.required("pidStartTime", out.pid_start_time);
  field.required("created", out.created);
  field.required("owner", out.owner);
  field.required("userNamespace", out.user_namespace);
  field.required("intelRdtClos", out.intel_rdt_clos);
  field.required("cgroupKnown", out.cgroup_known);
  field.required("cgroup", out.cgroup);
}

std::string_view to_string(Status status) {
  switch (status) {
    case Status::creating:
      return "creating";
    case Status::created:
      return "created";
    case Status::running:
      return "running";
    case Status::paused:
      return "paused";
    case Status::stopped:
      break;
  }
  return "stopped";
}

std::string to_oci_json(const State& state) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write_string(writer, "ociVersion", state.oci_version);
  write_string(writer, "id", state.id);
  write_string(writer, "status", std::string(to_string(state.status)));
  writer.Key("pid");
  writer.Int(state.status == Status::stopped ? 0 : state.pid);
  write_string(writer, "bundle", state.bundle);
  if (!state.annotations.empty()) write_map(writer, "annotations", state.annotations);
  writer.EndObject();
  return text_of(buffer);
}

Result<void> check_id(const std::string& id) {
  const bool allowed =
      !id.empty() && id.size() <= 255 && id != "." && id != ".." && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_+-.@:").find(c) != std::string_view::npos;
      });
  if (allowed) return {};
  return Error::invalid("container id",
                        "'" + id + "' is not allowed; use 1 to 255 of the characters A-Z a-z 0-9 _ + - . @ :");
}

Result<StateDirectory> StateDirectory::open(const std::string& root, const std::string& id, Lock lock) {
  TRY(check_id(id));
  std::string path = root + "/" + id;
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    if (errno != ENOENT && errno != ENOTDIR) return Error::system("open", path);
    Error error = Error::from_errno(ENOENT, "container", id);
    error.message = "container '" + id + "' does not exist";
    return error;
  }
  if (lock == Lock::exclusive) {
    if (retry([&] { return ::flock(fd.get(), LOCK_EX); }) != 0) return Error::system("lock", path);
    // Whoever had the lock may have removed the container.
    struct stat held {};
    struct stat current {};
    if (::fstat(fd.get(), &held) != 0 || ::stat(path.c_str(), &current) != 0 || held.st_ino != current.st_ino) {
      Error error = Error::from_errno(ENOENT, "container", id);
      error.message = "container '" + id + "' does not exist";
      return error;
    }
  }
  return StateDirectory(std::move(fd), std::move(path), id);
}

Result<StateDirectory> StateDirectory::make(const std::string& root, const std::string& id) {
  TRY(check_id(id));
  TRY(make_directories(root, 0700));
  std::string path = root + "/" + id;
  if (::mkdir(path.c_str(), 0711) != 0) {
    if (errno != EEXIST) return Error::system("mkdir", path);
    Error error = Error::from_errno(EEXIST, "container", id);
    error.message = "container with id '" + id + "' exists already; delete it or use another id";
    return error;
  }
  return open(root, id, Lock::exclusive);
}

void StateDirectory::unlock() {
  ::flock(fd_.get(), LOCK_UN);
}

Result<std::string> StateDirectory::read(const char* name) const {
  auto content = read_file(fd_.get(), name, largest_file);
  if (!content) content.error().path = path_ + "/" + name;
  return content;
}

Result<void> StateDirectory::write(const char* name, std::string_view content) const {
  const std::string temporary = std::string(".") + name + ".new";
  auto written = write_file(fd_.get(), temporary, content, O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  if (written && ::renameat(fd_.get(), temporary.c_str(), fd_.get(), name) != 0)
    written = Error::system("rename", name);
  if (written) return {};
  ::unlinkat(fd_.get(), temporary.c_str(), 0);
  return std::move(written.error()).with_context("save the container's state in " + path_);
}

Result<State> StateDirectory::load() const {
  TRY_ASSIGN(std::string text, read(state_file));
  // What follows the last line's end was cut off by a kill.
  const size_t end = text.rfind('\n');
  if (end != std::string::npos) {
    text.resize(end);
    text.erase(0, text.rfind('\n') + 1);
  }
  auto state = json::parse<State>(text, path_ + "/" + state_file);
  if (!state && end == std::string::npos) return Error::from_errno(ENOENT, "read", path_ + "/" + state_file);
  return state;
}

Result<void> StateDirectory::add(const State& state) const {
  auto written = write_file(fd_.get(), state_file, to_stored_json(state) + "\n", O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  if (written) return {};
  return std::move(written.error()).with_context("save the container's state in " + path_);
}

Result<void> StateDirectory::save(const State& state) const {
  return write(state_file, to_stored_json(state) + "\n");
}

Result<spec::Spec> StateDirectory::load_spec() const {
  TRY_ASSIGN(const std::string text, read("config.json"));
  return parse_spec(text, path_ + "/config.json");
}

Status StateDirectory::status_of(const State& state) const {
  if (state.pid == 0) return Status::creating;
  if (start_time_of(state.pid) != state.pid_start_time) return Status::stopped;
  // One that is paused before its start must be resumed before it, too.
  const auto frozen = cgroup::Cgroup::restore(state.cgroup).frozen();
  if (frozen && *frozen) return Status::paused;
  return waits_for_start(*this) ? Status::created : Status::running;
}

Result<void> StateDirectory::remove() const {
  const int again = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return Error::system("open", path_);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(again), ::closedir);
  while (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && ::unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
      return Error::system("unlink", path_ + "/" + name);
  }
  if (::rmdir(path_.c_str()) != 0 && errno != ENOENT) return Error::system("rmdir", path_);
  return {};
}

uint64_t start_time_of(pid_t pid) {
  if (pid <= 0) return 0;
  const Result<std::string> text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/stat", 65536);
  if (!text) return 0;
  // The command's name, in parentheses, may hold anything; what follows the last one is fields.
  size_t at = text->rfind(')');
  if (at == std::string::npos || at + 2 >= text->size()) return 0;
  const char kind = (*text)[at + 2];
  if (kind == 'Z' || kind == 'X' || kind == 'x') return 0;
  for (int field = 2; field < 22; ++field) {
    at = text->find(' ', at + 1);
    if (at == std::string::npos) return 0;
  }
  return strtoull(text->c_str() + at, nullptr, 10);
}

}  // namespace slipway::container

// What is remembered of a container: ROOT/ID/state.json, and its place on disk. The file has a JSON object per line, of
// which the last whole one counts: a container in the making adds lines, as replacing a file makes ext4 write out the
// new one's data, which every later step on that disk has to wait for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/cgroup/cgroup.h"
#include "core/fd.h"
#include "core/result.h"
#include "core/spec.h"

namespace slipway::container {

enum class Status { creating, created, running, paused, stopped };
std::string_view to_string(Status status);

struct State {
  std::string id;
  std::string oci_version;
  std::string bundle;  // absolute
  std::string rootfs;  // absolute
  spec::StringMap annotations;
  pid_t pid = 0;                // 0 until the first process exists
  uint64_t pid_start_time = 0;  // field 22 of /proc/PID/stat: tells a reused pid
  std::string created;          // RFC 3339, UTC
  uint32_t owner = 0;           // uid of the creator
  bool user_namespace = false;  // has one that the runtime is not in
  std::string intel_rdt_clos;   // directory below resctrl that is ours to remove
  bool cgroup_known = false;    // false: create may have been killed before it wrote down what it made
  bool systemd_cgroup = false;
  cgroup::Saved cgroup;

  Status status = Status::stopped;  // worked out, not stored
};

// The specification's state object, as hooks, `state` and the seccomp agent get it.
std::string to_oci_json(const State& state);

// A container's directory below the root, open and perhaps locked.
class StateDirectory {
 public:
  enum class Lock { none, exclusive };

  // Fails for an id that can't be one ("", "..", slashes, …) or, with code ENOENT, that doesn't exist.
  static Result<StateDirectory> open(const std::string& root, const std::string& id, Lock lock);
  // Makes and locks it; fails with code EEXIST if it is there.
  static Result<StateDirectory> make(const std::string& root, const std::string& id);

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  // Gives the lock back early.
  void unlock();

  Result<std::string> read(const char* name) const;
  // Whole or not at all: a temporary file, then a rename.
  Result<void> write(const char* name, std::string_view content) const;

  // Without working out the status.
  Result<State> load() const;
  // While it is being created: a further line.
  Result<void> add(const State& state) const;
  // Later: the whole file anew.
  Result<void> save(const State& state) const;

  // The copy of config.json.
  Result<spec::Spec> load_spec() const;

  // Asks the kernel.
  Status status_of(const State& state) const;

  // Everything in it, and itself.
  Result<void> remove() const;

 private:
  StateDirectory(Fd fd, std::string path, std::string id)
      : fd_(std::move(fd)), path_(std::move(path)), id_(std::move(id)) {}
  Fd fd_;
  std::string path_;
  std::string id_;
};

// Ids: [A-Za-z0-9_+-.@:]+, neither "." nor "..", at most 1024 bytes; as runc's.
Result<void> check_id(const std::string& id);

// Field 22 of /proc/PID/stat; 0 if there is no such process or only its zombie.
uint64_t start_time_of(pid_t pid);

}  // namespace slipway::container

// What a monitor watches over: a container or an exec session, made by our own library or by another OCI runtime.
#pragma once

#include <sys/types.h>

#include <array>
#include <memory>

#include "core/fd.h"
#include "core/result.h"
#include "oci/monitor/options.h"

namespace slipway::monitor {

struct Launched {
  pid_t pid = 0;  // a child of ours, or (another runtime) inherited as subreaper; 0: nothing runs yet
  Fd terminal;    // the master, if there is a terminal
};

struct TerminalSize {
  int rows = 0;
  int columns = 0;
  bool is_set() const { return rows != 0 || columns != 0; }
};

class Workload {
 public:
  virtual ~Workload() = default;

  // Brings it to the state `created`. `stdio` become its descriptors 0, 1 and 2 unless it has a terminal.
  virtual Result<Launched> create(const std::array<int, 3>& stdio) = 0;
  // Runs the program. For an exec session the process begins only here, and `size` is its terminal's if set.
  virtual Result<Launched> start(const TerminalSize& size) = 0;
  // After the end, or instead of a start: removes every trace of it in the kernel and in the runtime's state.
  virtual Result<void> remove() = 0;

  virtual int exit_code_of(const Error& error) const { return 125; }
  // Signals may go straight to the pid.
  virtual bool owns_process() const = 0;

  // How often the kernel killed for memory in the container's cgroup, and a descriptor that tells of the next time
  // (see cgroup::Cgroup::oom_events).
  virtual Result<uint64_t> oom_kills() const = 0;
  virtual Result<Fd> oom_events() const = 0;
};

// `directory`: the monitor's own, open.
std::unique_ptr<Workload> make_own_workload(const Options& options);
std::unique_ptr<Workload> make_foreign_workload(const Options& options, int directory);

// Whether the process of the bundle (or of the exec session) has a terminal.
Result<bool> wants_terminal(const Options& options);

// Waits for the master that a runtime sends over its console socket.
Result<Fd> receive_terminal(int socket);

Result<std::string> read_file(int directory, const std::string& path);

}  // namespace slipway::monitor

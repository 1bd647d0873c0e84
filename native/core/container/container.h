// The life of a container, callable in-process: what `slipway-oci create|start|kill|delete|exec|…` do. The command line
// is thin on top of this, and the monitor calls it to be the parent of the container's processes itself.
//
//   create   creating -> created: everything is set up, the first process waits for start
//   start    created -> running
//   kill     a signal; the state changes only by the kernel's doing
//   remove   stopped -> gone (force: from any state, also after a create that was killed half-way)
//
// What is known of a container lies in ROOT/ID (state.json, config.json: a copy of the bundle's, start.sock while it
// waits for start). Whether it runs is asked of the kernel each time, never remembered.
//
// The caller must be single-threaded in create(), run() and exec() (children are cloned and go on running C++), and
// must reap the processes that these return: they are its children. Nothing here changes the caller's own namespaces,
// cgroups, signal dispositions or working directory.
//
// Standard input and output of a process:
//   without a terminal   `stdio` is what becomes descriptors 0, 1 and 2: pipes, files, or the caller's own
//   with a terminal      (process.terminal) the container's process opens a pty in the container's own devpts, sized by
//                        process.consoleSize, and sends the master with SCM_RIGHTS through `console_socket`, a
//                        connected unix stream socket; `stdio` is not used. One end of a socketpair does well. The
//                        master arrives before create()/exec() returns.
// Every other descriptor of the caller is closed on exec, except 3 … 3+preserve_fds-1.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cgroup/cgroup.h"
#include "core/container/state.h"
#include "core/fd.h"
#include "core/result.h"
#include "core/spec.h"

namespace slipway::container {

// What holds for all containers of one --root.
struct Runtime {
  std::string root;  // the state directory; made with mode 0700 if missing
  bool systemd_cgroup = false;
  std::function<void(const std::string&)> warn = [](const std::string&) {};  // one line each
};

struct Stdio {
  std::array<int, 3> fds{0, 1, 2};
  int console_socket = -1;
  int preserve_fds = 0;
};

// A bundle's configuration, and the text it came from.
struct Bundle {
  std::string path;  // absolute
  std::string text;
  spec::Spec spec;
};
Result<Bundle> load_bundle(const std::string& directory);

struct CreateOptions {
  std::string id;
  Bundle bundle;
  Stdio stdio;
  std::string pid_file;  // "": none; written (tmp + rename) before the container may be started
  bool no_pivot = false;
  bool no_new_keyring = false;
};

struct ExecOptions {
  std::string id;
  spec::Process process;
  Stdio stdio;
  std::string pid_file;
  bool ignore_paused = false;
  std::string cgroup;  // "": the container's; else a path below it
};

// A process that the caller has to reap.
struct Child {
  pid_t pid = -1;  // in the caller's pid namespace
  Fd pidfd;
};

// Errors of create, start, run and exec: what a shell would have said. 127: the program doesn't exist; 126: it can't be
// executed; 125: everything else.
int exit_code_of(const Error& error);

// Creates the container. On failure nothing is left behind.
Result<Child> create(const Runtime& runtime, const CreateOptions& options);

// Lets a created container's process run its program. Returns once it executes (or says why it can't; the container is
// stopped then). Runs startContainer and poststart hooks. Any process may call it, not only the one that created.
Result<void> start(const Runtime& runtime, const std::string& id);

// create + start without the wait in between.
Result<Child> run(const Runtime& runtime, const CreateOptions& options);

// Sends a signal to the first process; `all`: to every process of the container.
Result<void> kill(const Runtime& runtime, const std::string& id, int signal, bool all);

// Runs another process in a running (or created) container.
Result<Child> exec(const Runtime& runtime, const ExecOptions& options);

// Removes a stopped container: cgroups, state directory, then poststop hooks. `force` kills it first, and is content
// with a container that doesn't exist.
Result<void> remove(const Runtime& runtime, const std::string& id, bool force);

Result<void> pause(const Runtime& runtime, const std::string& id);
Result<void> resume(const Runtime& runtime, const std::string& id);
Result<void> update(const Runtime& runtime, const std::string& id, const spec::Resources& resources);

// Host pids of all processes.
Result<std::vector<pid_t>> processes(const Runtime& runtime, const std::string& id);

// What is known about a container, with its status as of now.
Result<State> state(const Runtime& runtime, const std::string& id);
Result<std::vector<State>> list(const Runtime& runtime);

// The container's cgroup, for events and statistics (also OOM events: Cgroup::oom_events).
Result<cgroup::Cgroup> cgroup_of(const Runtime& runtime, const std::string& id);

}  // namespace slipway::container

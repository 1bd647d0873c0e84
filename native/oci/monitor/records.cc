#include "oci/monitor/records.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/container/state.h"
#include "oci/monitor/json_text.h"

namespace slipway::monitor {
namespace {

constexpr char monitor_name[] = "monitor.json";
constexpr char exit_name[] = "exit.json";
constexpr char exit_temporary[] = "exit.json.new";
constexpr off_t most_exit_bytes = 4096;
constexpr size_t longest_error = 2048;

Result<void> write_all(int fd, const std::string& text, const char* name) {
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = pwrite(fd, text.data() + written, text.size() - written, static_cast<off_t>(written));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::system("write", name);
    written += static_cast<size_t>(count);
  }
  return {};
}

std::string describe(const Options& options) {
  JsonText text;
  text.add("protocol", protocol_version).add("pid", getpid()).add("pidStartTime", container::start_time_of(getpid()));
  text.add("id", options.id);
  if (options.is_exec()) text.add("execId", options.exec_id);
  text.add("root", options.root).add("bundle", options.bundle);
  if (!options.runtime.empty()) text.add("runtime", options.runtime);
  text.add("createdAt", format_time(wall_clock()));
  return text.str() + "\n";
}

}  // namespace

Result<Records> Records::create(const Options& options) {
  if (mkdir(options.directory.c_str(), 0700) < 0 && errno != EEXIST) return Error::system("mkdir", options.directory);
  Records records;
  records.directory_ = Fd(open(options.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!records.directory_) return Error::system("open", options.directory);
  const int directory = records.directory();
  unlinkat(directory, exit_name, 0);  // of an earlier run of the same container

  constexpr int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
  const std::string temporary = std::string(monitor_name) + ".new";
  const Fd monitor(openat(directory, temporary.c_str(), flags, 0600));
  if (!monitor) return Error::system("open", temporary);
  TRY(write_all(monitor.get(), describe(options), monitor_name));
  if (renameat(directory, temporary.c_str(), directory, monitor_name) < 0) return Error::system("rename", monitor_name);

  records.reserved_ = Fd(openat(directory, exit_temporary, flags, 0600));
  if (!records.reserved_) return Error::system("open", exit_temporary);
  if (const int refused = posix_fallocate(records.reserved_.get(), 0, most_exit_bytes); refused != 0) {
    return Error::from_errno(refused, "posix_fallocate", exit_temporary);
  }
  return records;
}

Result<void> Records::write_exit(const std::string& json) {
  struct stat status = {};
  // Removed with everything else of the container, while its last process ended: nobody is left to read the record.
  if (fstat(directory(), &status) == 0 && status.st_nlink == 0) return {};
  if (!reserved_) {
    // The second time: the first one's room is the file itself.
    reserved_ = Fd(openat(directory(), exit_temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!reserved_) return Error::system("open", exit_temporary);
  }
  const std::string text = json + "\n";
  TRY(write_all(reserved_.get(), text, exit_temporary));
  if (ftruncate(reserved_.get(), static_cast<off_t>(text.size())) < 0)
    return Error::system("ftruncate", exit_temporary);
  // Not synced: no process of this boot can miss the file, and after another boot it is nobody's any more.
  if (renameat(directory(), exit_temporary, directory(), exit_name) < 0) return Error::system("rename", exit_name);
  reserved_.reset();
  return {};
}

void Records::undo() {
  for (const char* const name : {monitor_name, exit_temporary}) unlinkat(directory(), name, 0);
  reserved_.reset();
}

std::string to_json_members(const ExitRecord& record, const Options& options) {
  JsonText text;
  text.add("id", options.id);
  if (options.is_exec()) text.add("execId", options.exec_id);
  text.add("pid", record.pid).add("exitCode", record.exit_code);
  if (record.signal != 0) text.add("signal", record.signal);
  text.add("oomKilled", record.oom_killed).add("startedAt", record.started_at).add("finishedAt", record.finished_at);
  if (!record.error.empty()) text.add("error", std::string_view(record.error).substr(0, longest_error));
  if (record.log_bytes_lost != 0) text.add("logBytesLost", record.log_bytes_lost);
  return text.members();
}

}  // namespace slipway::monitor

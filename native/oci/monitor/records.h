// The two records in the monitor's directory: monitor.json at the beginning, exit.json at the end.
#pragma once

#include <cstdint>
#include <string>

#include "core/fd.h"
#include "core/result.h"
#include "oci/monitor/options.h"

namespace slipway::monitor {

constexpr int protocol_version = 1;

struct ExitRecord {
  pid_t pid = 0;
  int exit_code = 0;
  int signal = 0;  // 0: none
  bool oom_killed = false;
  std::string started_at;
  std::string finished_at;
  std::string error;  // why it could not be started
  uint64_t log_bytes_lost = 0;
};

class Records {
 public:
  // Makes the directory if need be, writes monitor.json, and sets room aside for exit.json, so that a disk that is full
  // later can't keep the exit from being recorded.
  static Result<Records> create(const Options& options);

  int directory() const { return directory_.get(); }

  // Durable when it returns.
  Result<void> write_exit(const std::string& json);
  // Takes both files away again.
  void undo();

 private:
  Records() = default;
  Fd directory_;
  Fd reserved_;
};

std::string to_json_members(const ExitRecord& record, const Options& options);

}  // namespace slipway::monitor

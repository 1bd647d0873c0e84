// The monitor's command line; PROTOCOL.md explains each option.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "oci/monitor/log_file.h"

namespace slipway::monitor {

struct Options {
  std::string root;
  bool systemd_cgroup = false;

  std::string id;
  std::string bundle;
  std::string directory;
  int sync_fd = -1;
  bool open_stdin = false;

  std::optional<LogFile::Options> log;  // absent: none
  std::string log_attributes;

  std::string exec_process;  // "": the container itself
  std::string exec_id;

  std::string runtime;  // "": our own
  std::vector<std::string> runtime_arguments;

  bool no_pivot = false;
  bool no_new_keyring = false;

  bool is_exec() const { return !exec_process.empty(); }
};

// `arguments`: what stands after the word "monitor".
Result<Options> parse_options(const std::vector<std::string>& arguments);

}  // namespace slipway::monitor

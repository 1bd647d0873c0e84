// The log as runc writes it: callers such as containerd and conmon read the reason of a failure from its last line.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::oci {

enum class LogFormat { text, json };

// `path` empty: standard error.
Result<void> open_log(const std::string& path, LogFormat format, bool debug);

void log_error(std::string_view message);
void log_warning(std::string_view message);
void log_debug(std::string_view message);

}  // namespace slipway::oci

#include "oci/monitor/options.h"

#include <charconv>
#include <functional>
#include <limits>

namespace slipway::monitor {
namespace {

template <typename T>
Result<T> parse_number(const std::string& name, const std::string& text, T least) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least) {
    return Error::invalid(name, "'" + text + "' is not a number of at least " + std::to_string(least));
  }
  return value;
}

// What the log options say, until all of them are known.
struct LogWish {
  std::string driver;
  LogFile::Options file;
};

Result<void> apply_option(const std::string& name, const std::string& value, Options& out, LogWish& log) {
  if (name == "--bundle") {
    out.bundle = value;
  } else if (name == "--dir") {
    out.directory = value;
  } else if (name == "--sync-fd") {
    TRY_ASSIGN(out.sync_fd, parse_number<int>(name, value, 0));
  } else if (name == "--log-driver") {
    if (value != "json-file" && value != "none")
      return Error::invalid(name, "'" + value + "' is not json-file or none");
    log.driver = value;
  } else if (name == "--log-path") {
    log.file.path = value;
  } else if (name == "--log-max-size") {
    TRY_ASSIGN(log.file.max_size, parse_number<int64_t>(name, value, -1));
  } else if (name == "--log-max-file") {
    TRY_ASSIGN(log.file.max_files, parse_number<int>(name, value, 1));
  } else if (name == "--log-attrs") {
    if (value.size() < 2 || value.front() != '{' || value.back() != '}') {
      return Error::invalid(name, "is not a JSON object");
    }
    out.log_attributes = value;
  } else if (name == "--exec") {
    out.exec_process = value;
  } else if (name == "--exec-id") {
    out.exec_id = value;
  } else if (name == "--runtime") {
    out.runtime = value;
  } else if (name == "--runtime-arg") {
    out.runtime_arguments.push_back(value);
  } else {
    return Error::invalid(name, "is not an option of monitor");
  }
  return {};
}

bool* find_flag(const std::string& name, Options& out) {
  if (name == "--stdin") return &out.open_stdin;
  if (name == "--no-pivot") return &out.no_pivot;
  if (name == "--no-new-keyring") return &out.no_new_keyring;
  return nullptr;
}

Result<void> check(const Options& options, const LogWish& log) {
  if (options.id.empty()) return Error::invalid("monitor", "needs the container's id as its argument");
  if (options.directory.empty()) return Error::invalid("--dir", "is required");
  if (options.sync_fd < 0) return Error::invalid("--sync-fd", "is required");
  if (options.bundle.empty() && !options.is_exec()) return Error::invalid("--bundle", "is required");
  if (options.is_exec() == options.exec_id.empty()) return Error::invalid("--exec-id", "belongs together with --exec");
  if (log.driver == "json-file" && log.file.path.empty()) return Error::invalid("--log-path", "is required");
  return {};
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options out;
  LogWish log;
  for (size_t index = 0; index < arguments.size(); ++index) {
    std::string name = arguments[index];
    if (!name.starts_with("--")) {
      if (!out.id.empty()) return Error::invalid("monitor", "takes one id, and '" + name + "' is a second one");
      out.id = name;
      continue;
    }
    if (bool* const flag = find_flag(name, out)) {
      *flag = true;
      continue;
    }
    std::string value;
    if (const size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (index + 1 < arguments.size()) {
      value = arguments[++index];
    } else {
      return Error::invalid(name, "needs a value");
    }
    TRY(apply_option(name, value, out, log));
  }
  TRY(check(out, log));
  if (log.driver != "none" && !log.file.path.empty()) out.log = log.file;
  return out;
}

}  // namespace slipway::monitor

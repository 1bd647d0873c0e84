#include "oci/log.h"

#include <fcntl.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <ctime>

#include "core/fd.h"
#include "core/files.h"

namespace slipway::oci {
namespace {

struct Log {
  Fd file;
  LogFormat format = LogFormat::text;
  bool debug = false;
};

Log& log() {
  static Log instance;
  return instance;
}

std::string now() {
  const time_t time = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  ::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string quoted(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return buffer.GetString();
}

std::string line(std::string_view level, std::string_view message) {
  const std::string level_text(level);
  if (log().format == LogFormat::json)
    return "{\"level\":\"" + level_text + "\",\"msg\":" + quoted(message) + ",\"time\":\"" + now() + "\"}\n";
  return "time=\"" + now() + "\" level=" + level_text + " msg=" + quoted(message) + "\n";
}

void write_line(std::string_view level, std::string_view message) {
  const int fd = log().file ? log().file.get() : 2;
  const auto written = write_all(fd, line(level, message), "log");
  (void)written;  // nowhere left to complain
}

}  // namespace

Result<void> open_log(const std::string& path, LogFormat format, bool debug) {
  log().format = format;
  log().debug = debug;
  if (path.empty()) return {};
  log().file = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644));
  if (!log().file) return Error::system("open", path).with_context("--log");
  return {};
}

void log_error(std::string_view message) {
  write_line("error", message);
  if (!log().file) return;
  const auto written = write_all(2, std::string(message) + "\n", "standard error");
  (void)written;
}

void log_warning(std::string_view message) {
  write_line("warning", message);
}

void log_debug(std::string_view message) {
  if (log().debug) write_line("debug", message);
}

}  // namespace slipway::oci

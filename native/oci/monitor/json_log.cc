#include "oci/monitor/json_log.h"

#include <algorithm>
#include <cstring>

namespace slipway::monitor {

size_t JsonLog::feed(Stream stream, std::string_view data) {
  Line& current = line(stream);
  clock_.update();
  size_t taken = 0;
  while (taken < data.size()) {
    const std::string_view rest = data.substr(taken);
    const size_t room = longest_part - current.start.size();
    const size_t window = std::min(rest.size(), room);
    const auto* const newline = static_cast<const char*>(memchr(rest.data(), '\n', window));
    if (newline == nullptr && window < room) {
      current.start.append(rest);
      return data.size();
    }
    const size_t length = newline == nullptr ? window : static_cast<size_t>(newline - rest.data());
    if (current.start.empty()) {
      if (!write(stream, rest.substr(0, length), newline != nullptr)) return taken;
    } else {
      const size_t before = current.start.size();
      current.start.append(rest.substr(0, length));
      if (!write(stream, current.start, newline != nullptr)) {
        current.start.resize(before);
        return taken;
      }
      current.start.clear();
    }
    taken += length + (newline == nullptr ? 0 : 1);
  }
  return taken;
}

bool JsonLog::write(Stream stream, std::string_view text, bool whole_line) {
  char* const out = file_.reserve(writer_.most_bytes(text.size()));
  if (out == nullptr) return false;
  Line& current = line(stream);
  const int64_t time = current.first_time != 0 ? current.first_time : clock_.next();
  file_.commit(writer_.write(out, {text, whole_line, stream == Stream::standard_error, time}));
  current.first_time = whole_line ? 0 : time;
  return true;
}

bool JsonLog::finish() {
  clock_.update();
  for (const Stream stream : {Stream::standard_output, Stream::standard_error}) {
    Line& current = line(stream);
    if (current.start.empty()) continue;
    if (!write(stream, current.start, false)) return false;
    current.start.clear();
  }
  return flush();
}

void JsonLog::release() {
  file_.release();
  for (Line& each : lines_) {
    if (each.start.empty()) each.start = std::string();
  }
}

}  // namespace slipway::monitor

#include <csignal>
#include <cstring>

#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {
namespace {

// Names that sigabbrev_np(3) does not give.
constexpr std::pair<std::string_view, int> aliases[] = {{"IO", SIGIO}, {"IOT", SIGIOT}, {"CLD", SIGCLD}};

// "9", "KILL", "SIGKILL", "sigkill", "RTMIN+3".
Result<int> parse_signal(const std::string& text) {
  std::string name;
  for (const char c : text) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  if (name.starts_with("SIG")) name.erase(0, 3);
  if (!name.empty() && name.find_first_not_of("0123456789") == std::string::npos) {
    TRY_ASSIGN(const int64_t number, parse_integer(name, "signal", 0, SIGRTMAX));
    return static_cast<int>(number);
  }
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  for (const auto& [alias, signal] : aliases)
    if (name == alias) return signal;
  if (name.starts_with("RTMIN")) {
    const std::string rest = name.substr(5);
    if (rest.empty()) return SIGRTMIN;
    if (rest[0] == '+') {
      TRY_ASSIGN(const int64_t above, parse_integer(rest.substr(1), "signal", 0, SIGRTMAX - SIGRTMIN));
      return SIGRTMIN + static_cast<int>(above);
    }
  }
  if (name.starts_with("RTMAX")) {
    const std::string rest = name.substr(5);
    if (rest.empty()) return SIGRTMAX;
    if (rest[0] == '-') {
      TRY_ASSIGN(const int64_t below, parse_integer(rest.substr(1), "signal", 0, SIGRTMAX - SIGRTMIN));
      return SIGRTMAX - static_cast<int>(below);
    }
  }
  return Error::invalid("signal", "'" + text + "' is unknown");
}

}  // namespace

Result<int> kill(const Context& context, const std::vector<std::string>& words) {
  const std::array flags{on_off("all", "a")};
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, flags, false));
  if (arguments.words().empty()) return Error::invalid("", "a container id is required");
  if (arguments.words().size() > 2) return Error::invalid("'" + arguments.words()[2] + "'", "unexpected argument");
  const std::string signal_name = arguments.words().size() > 1 ? arguments.words()[1] : "SIGTERM";
  TRY_ASSIGN(const int signal, parse_signal(signal_name));
  TRY(container::kill(context.runtime, arguments.words()[0], signal, arguments.on("all")));
  return 0;
}

}  // namespace slipway::oci

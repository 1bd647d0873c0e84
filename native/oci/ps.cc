#include <sys/wait.h>

#include <algorithm>

#include "core/files.h"
#include "core/kernel.h"
#include "oci/args.h"
#include "oci/context.h"

namespace slipway::oci {
namespace {

// The machine's own ps with these options, as text.
Result<std::string> run_ps(const std::vector<std::string>& options) {
  std::vector<std::string> words{"ps"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return Error::system("pipe2");
  const Fd reader(fds[0]);
  Fd writer(fds[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return Error::system("fork");
  if (pid == 0) {
    ::dup2(writer.get(), 1);
    ::execvp("ps", arguments.data());
    ::_exit(127);
  }
  writer.reset();
  TRY_ASSIGN(std::string text, read_all(reader.get(), 64 << 20, "ps"));
  int status = 0;
  retry([&] { return ::waitpid(pid, &status, 0); });
  if (status != 0) return Error::invalid("ps", "failed; is it installed, and are its options right?");
  return text;
}

std::vector<std::string> columns(const std::string& line) {
  std::vector<std::string> out;
  for (size_t at = line.find_first_not_of(" \t"); at != std::string::npos; at = line.find_first_not_of(" \t", at)) {
    const size_t end = std::min(line.find_first_of(" \t", at), line.size());
    out.push_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

// The heading, and the lines whose PID is one of ours.
Result<std::string> only_ours(const std::string& text, const std::vector<pid_t>& pids) {
  std::string out;
  size_t pid_column = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    const std::vector<std::string> words = columns(line);
    if (out.empty()) {
      const auto pid = std::find(words.begin(), words.end(), "PID");
      if (pid == words.end()) return Error::invalid("ps", "prints no PID column with these options");
      pid_column = static_cast<size_t>(pid - words.begin());
      out = line + "\n";
    } else if (words.size() > pid_column &&
               std::find(pids.begin(), pids.end(),
                         static_cast<pid_t>(strtol(words[pid_column].c_str(), nullptr, 10))) != pids.end()) {
      out += line + "\n";
    }
  }
  return out;
}

}  // namespace

Result<int> ps(const Context& context, const std::vector<std::string>& words) {
  const std::array flags{value("format", "f")};
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, flags, true));
  if (arguments.words().empty()) return Error::invalid("", "a container id is required");
  const std::string format = arguments.get("format", "table");
  if (format != "table" && format != "json") return Error::invalid("--format", "must be table or json");
  TRY_ASSIGN(const std::vector<pid_t> pids, container::processes(context.runtime, arguments.words()[0]));
  if (format == "json") {
    std::string text;
    for (const pid_t pid : pids) text += (text.empty() ? "" : ",") + std::to_string(pid);
    return print("[" + text + "]\n");
  }
  std::vector<std::string> options(arguments.words().begin() + 1, arguments.words().end());
  if (options.empty()) options = {"-ef"};
  TRY_ASSIGN(const std::string all, run_ps(options));
  TRY_ASSIGN(const std::string ours, only_ours(all, pids));
  return print(ours);
}

}  // namespace slipway::oci

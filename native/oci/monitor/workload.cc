#include "oci/monitor/workload.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>

#include "core/json.h"

namespace slipway::monitor {
namespace {

struct TerminalProbe {
  bool terminal = false;
};

struct SpecProbe {
  TerminalProbe process;
};

}  // namespace
}  // namespace slipway::monitor

namespace slipway::json {
static void read(const Field& field, monitor::TerminalProbe& out) {
  if (field.is_object()) field.member("terminal", out.terminal);
}
static void read(const Field& field, monitor::SpecProbe& out) {
  field.member("process", out.process);
}
}  // namespace slipway::json

namespace slipway::monitor {

Result<std::string> read_file(int directory, const std::string& path) {
  Fd fd(openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error::system("open", path);
  std::string text;
  char block[4096];
  while (true) {
    const ssize_t got = read(fd.get(), block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::system("read", path);
    if (got == 0) return text;
    text.append(block, static_cast<size_t>(got));
  }
}

Result<bool> wants_terminal(const Options& options) {
  if (options.is_exec()) {
    TRY_ASSIGN(const std::string text, read_file(AT_FDCWD, options.exec_process));
    TRY_ASSIGN(const TerminalProbe probe, json::parse<TerminalProbe>(text, options.exec_process));
    return probe.terminal;
  }
  const std::string path = options.bundle + "/config.json";
  TRY_ASSIGN(const std::string text, read_file(AT_FDCWD, path));
  TRY_ASSIGN(const SpecProbe probe, json::parse<SpecProbe>(text, path));
  return probe.process.terminal;
}

Result<Fd> receive_terminal(int socket) {
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  char name[256];
  struct iovec bytes = {name, sizeof(name)};
  struct msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  while (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0) {
    if (errno != EINTR) return Error::system("recvmsg", "console socket");
  }
  const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    return Error::invalid("console socket", "the runtime sent no terminal");
  }
  int master = -1;
  memcpy(&master, CMSG_DATA(header), sizeof(int));
  return Fd(master);
}

}  // namespace slipway::monitor

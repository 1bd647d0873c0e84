#include "core/container/start.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>

#include "core/container/hooks.h"
#include "core/container/seccomp_agent.h"
#include "core/fd_passing.h"
#include "core/files.h"

namespace slipway::container {
namespace {

constexpr std::string_view go = "start";

std::string socket_path(const StateDirectory& directory) {
  return "/proc/self/fd/" + std::to_string(directory.fd()) + "/start.sock";
}

Result<Fd> wait_for_start(int socket) {
  while (true) {
    TRY_ASSIGN(ReceivedFd received, receive_fd(socket));
    if (received.text == go && received.fd) return std::move(received.fd);
  }
}

}  // namespace

Result<Fd> make_start_socket(const StateDirectory& directory) {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return Error::system("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path(directory).copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return Error::system("bind", directory.path() + "/start.sock");
  return socket;
}

bool waits_for_start(const StateDirectory& directory) {
  return static_cast<bool>(connect_unix(socket_path(directory), SOCK_DGRAM));
}

Result<void> send_start(const StateDirectory& directory) {
  TRY_ASSIGN(const Fd socket, connect_unix(socket_path(directory), SOCK_DGRAM));
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return Error::system("pipe2");
  const Fd reader(fds[0]);
  Fd writer(fds[1]);
  TRY(send_fd(socket.get(), go, writer.get()));
  writer.reset();
  TRY_ASSIGN(const std::string reply, read_all(reader.get(), 65536, "start"));
  ::unlinkat(directory.fd(), "start.sock", 0);
  if (!reply.empty()) return decode(reply);
  return {};
}

Result<void> run_program(const Setup& setup, const Program& program) {
  Fd reply;
  if (setup.start_socket) {
    TRY_ASSIGN(reply, wait_for_start(setup.start_socket.get()));
  }
  const auto run = [&]() -> Result<void> {
    if (!setup.spec->hooks.start_container.empty()) {
      State state = setup.state;
      state.status = Status::created;
      TRY(run_hooks(setup.spec->hooks.start_container, "hooks.startContainer",
                    to_oci_json(with_own_pid(state, setup.trusted)), "/"));
    }
    std::string agent_message;  // made before the filter is in force
    if (setup.agent_socket) {
      const State state = with_own_pid(setup.state, setup.trusted);
      agent_message = agent_state(state, state.pid, setup.spec->linux.seccomp->listener_metadata);
    }
    return execute(setup.process, program,
                   [&](int listener) { return send_to_agent(setup.agent_socket.get(), agent_message, listener); });
  };
  Result<void> failed = run();
  if (reply) {
    const std::string message = encode(failed.error());
    auto told = write_all(reply.get(), message, "start");
    (void)told;
  }
  return failed;
}

}  // namespace slipway::container

#include "core/container/seccomp_agent.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>

#include "core/fd_passing.h"

namespace slipway::container {

std::string agent_state(const State& state, pid_t pid, const std::string& metadata) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("ociVersion");
  writer.String(state.oci_version.c_str());
  writer.Key("fds");
  writer.StartArray();
  writer.String("seccompFd");
  writer.EndArray();
  writer.Key("pid");
  writer.Int(pid);
  writer.Key("metadata");
  writer.String(metadata.c_str());
  writer.Key("state");
  const std::string nested = to_oci_json(state);
  writer.RawValue(nested.data(), nested.size(), rapidjson::kObjectType);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

State with_own_pid(State state, const Trusted& trusted) {
  std::array<char, 32> text{};
  if (::readlinkat(trusted.proc.get(), "self", text.data(), text.size() - 1) > 0)
    state.pid = static_cast<pid_t>(strtol(text.data(), nullptr, 10));
  return state;
}

Result<void> send_to_agent(int socket, const std::string& process_state, int listener) {
  auto sent = send_fd(socket, process_state, listener);
  if (!sent) return std::move(sent.error()).with_context("linux.seccomp.listenerPath");
  return {};
}

}  // namespace slipway::container

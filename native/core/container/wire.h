// What a container's first process and its creator tell each other while it is set up, over a SOCK_SEQPACKET pair whose
// ends are close-on-exec: the end of the conversation without an error means that the program runs.
#pragma once

#include <optional>
#include <string_view>

#include "core/fd.h"
#include "core/result.h"

namespace slipway::container {

enum class Signal : char {
  // to the child
  mapped = 'm',     // the user namespace has its ids, the process is in its cgroup
  hooks_ran = 'h',  // createRuntime hooks are through
  commit = 'c',     // the state is saved: from here on the container may outlive its creator
  // to the creator
  namespaces_ready = 'n',
  prepared = 'p',  // waits for start
};

struct Pair {
  Fd creator;
  Fd child;
};

class Wire {
 public:
  static Result<Pair> make();
  explicit Wire(int fd) : fd_(fd) {}

  Result<void> send(Signal signal) const;
  // Sends an error; what doesn't fit into one message is cut.
  void send(const Error& error) const;
  // Waits for exactly this signal. An error that comes instead is returned as such. The end of the conversation is an
  // error with code EPIPE.
  Result<void> expect(Signal signal) const;
  // Waits for the end of the conversation (success) or an error.
  Result<void> expect_end() const;

 private:
  // Empty at the end.
  Result<std::optional<Signal>> receive() const;
  int fd_;
};

// For other carriers of the same errors.
std::string encode(const Error& error);
Error decode(std::string_view message);

}  // namespace slipway::container

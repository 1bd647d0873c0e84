// The container's stdio while it is being set up.
#pragma once

#include <array>

#include "core/fd.h"
#include "core/result.h"

namespace slipway::monitor {

struct Stdio {
  // Pipes, not sockets: a program must be able to open /dev/stdout, which a socket refuses. With a terminal there are
  // none.
  static Result<Stdio> make(bool open_stdin, bool terminal);

  std::array<int, 3> container_side() const;
  void close_container_side();

  // Our ends; none of them blocks. No standard_input: it is /dev/null.
  Fd standard_input;
  Fd standard_output;
  Fd standard_error;

  int terminal = -1;  // the master, owned by Output
  Fd peer;            // its other side

 private:
  std::array<Fd, 3> container_side_;
};

}  // namespace slipway::monitor

#include "oci/monitor/stdio.h"

#include <fcntl.h>

namespace slipway::monitor {
namespace {

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return Error::system("pipe2");
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

Result<Stdio> Stdio::make(bool open_stdin, bool terminal) {
  Stdio out;
  if (terminal) return out;
  if (open_stdin) {
    TRY_ASSIGN(Pipe input, make_pipe());
    out.container_side_[0] = std::move(input.read_end);
    out.standard_input = std::move(input.write_end);
    fcntl(out.standard_input.get(), F_SETFL, O_NONBLOCK);
  } else {
    out.container_side_[0] = Fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!out.container_side_[0]) return Error::system("open", "/dev/null");
  }
  for (Fd* const near : {&out.standard_output, &out.standard_error}) {
    TRY_ASSIGN(Pipe output, make_pipe());
    out.container_side_[near == &out.standard_output ? 1 : 2] = std::move(output.write_end);
    *near = std::move(output.read_end);
    fcntl(near->get(), F_SETFL, O_NONBLOCK);
  }
  return out;
}

std::array<int, 3> Stdio::container_side() const {
  return {container_side_[0].get(), container_side_[1].get(), container_side_[2].get()};
}

void Stdio::close_container_side() {
  for (Fd& fd : container_side_) fd.reset();
}

}  // namespace slipway::monitor

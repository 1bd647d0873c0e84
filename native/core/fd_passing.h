// Descriptors sent over unix sockets.
#pragma once

#include <string>
#include <string_view>

#include "core/fd.h"
#include "core/result.h"

namespace slipway {

// One message with `text` (not empty) and the descriptor.
Result<void> send_fd(int socket, std::string_view text, int fd);

struct ReceivedFd {
  std::string text;  // at most 4 KiB
  Fd fd;             // close-on-exec; empty if none came
};
Result<ReceivedFd> receive_fd(int socket);

// A socket of this type connected to the path, however long that is.
Result<Fd> connect_unix(const std::string& path, int type);

}  // namespace slipway

#include "addon/process.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>

#include "addon/async.h"

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

namespace slipway::addon {
namespace {

constexpr size_t most_descriptors = 253;  // the kernel's SCM_MAX_FD
constexpr size_t most_bytes = 64 * 1024;

[[noreturn]] void throw_system_error(Napi::Env env, const char* step, std::string_view what = {}) {
  const Napi::Value error = to_js_error(env, Error::system(step, what));
  throw Napi::Error(env, error);
}

std::vector<std::string> strings(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> out;
  for (uint32_t index = 0; index < array.Length(); ++index) out.push_back(Napi::Value(array[index]).As<Napi::String>());
  return out;
}

// spawnDetached(path, arguments, environment, directory) -> promise of {pid, pidfd, syncFd}
Napi::Value spawn(const Napi::CallbackInfo& info) {
  SpawnRequest request{info[0].As<Napi::String>(), strings(info[1]), strings(info[2]), info[3].As<Napi::String>()};
  return run_async<Spawned>(
      info.Env(), Lane::pool, [request = std::move(request)] { return spawn_detached(request); },
      [](Napi::Env env, Spawned& spawned) {
        const auto out = Napi::Object::New(env);
        out.Set("pid", spawned.pid);
        out.Set("pidfd", spawned.pidfd.release());
        out.Set("syncFd", spawned.sync_fd.release());
        return out;
      });
}

Napi::Value pidfd_open(const Napi::CallbackInfo& info) {
  const auto pid = info[0].As<Napi::Number>().Int32Value();
  const auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));  // closes on exec by itself
  if (fd < 0) throw_system_error(info.Env(), "pidfd_open", std::to_string(pid));
  return Napi::Number::New(info.Env(), fd);
}

void pidfd_send_signal(const Napi::CallbackInfo& info) {
  const auto fd = info[0].As<Napi::Number>().Int32Value();
  const auto number = info[1].As<Napi::Number>().Int32Value();
  if (syscall(SYS_pidfd_send_signal, fd, number, nullptr, 0) < 0) {
    throw_system_error(info.Env(), "pidfd_send_signal");
  }
}

Napi::Value peer_credentials(const Napi::CallbackInfo& info) {
  struct ucred peer = {};
  socklen_t size = sizeof(peer);
  if (getsockopt(info[0].As<Napi::Number>().Int32Value(), SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
    throw_system_error(info.Env(), "getsockopt(SO_PEERCRED)");
  }
  const auto out = Napi::Object::New(info.Env());
  out.Set("pid", peer.pid);
  out.Set("uid", peer.uid);
  out.Set("gid", peer.gid);
  return out;
}

// Waits until the socket can be used, whether it blocks or (as Node's own) does not.
Result<void> wait_for(int socket, short events) {
  struct pollfd entry = {socket, events, 0};
  while (poll(&entry, 1, -1) < 0) {
    if (errno != EINTR) return Error::system("poll");
  }
  return {};
}

using Control = std::array<char, CMSG_SPACE(sizeof(int) * most_descriptors)>;

Result<size_t> send_descriptors(int socket, std::string data, const std::vector<int>& descriptors) {
  alignas(struct cmsghdr) Control control = {};
  struct iovec bytes = {data.data(), data.size()};
  struct msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
    memcpy(CMSG_DATA(header), descriptors.data(), sizeof(int) * descriptors.size());
  }
  while (true) {
    const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<size_t>(sent);
    if (errno == EAGAIN) {
      TRY(wait_for(socket, POLLOUT));
    } else if (errno != EINTR) {
      return Error::system("sendmsg");
    }
  }
}

struct Received {
  std::string data;
  std::vector<Fd> descriptors;
};

Result<Received> receive_descriptors(int socket) {
  alignas(struct cmsghdr) Control control = {};
  Received received;
  received.data.resize(most_bytes);
  struct iovec bytes = {received.data.data(), received.data.size()};
  struct msghdr message = {};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = -1;
  while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0) {
    if (errno == EAGAIN) {
      TRY(wait_for(socket, POLLIN));
    } else if (errno != EINTR) {
      return Error::system("recvmsg");
    }
  }
  received.data.resize(static_cast<size_t>(size));
  for (struct cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; ++index) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
      received.descriptors.emplace_back(fd);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) return Error::from_errno(EMFILE, "recvmsg", "descriptors");
  return received;
}

std::string bytes_of(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(array.Data()), array.ByteLength()};
}

// sendFds(socket, data, descriptors) -> promise of the number of bytes sent
Napi::Value send_fds(const Napi::CallbackInfo& info) {
  const int socket = info[0].As<Napi::Number>().Int32Value();
  std::string data = bytes_of(info[1]);
  const auto array = info[2].As<Napi::Array>();
  std::vector<int> descriptors;
  for (uint32_t index = 0; index < array.Length(); ++index) {
    descriptors.push_back(Napi::Value(array[index]).As<Napi::Number>().Int32Value());
  }
  if (data.empty() || descriptors.size() > most_descriptors) {
    throw Napi::TypeError::New(info.Env(), "sendFds needs at least one byte and at most 253 descriptors");
  }
  return run_async<size_t>(
      info.Env(), Lane::own_thread,
      [socket, data = std::move(data), descriptors] { return send_descriptors(socket, data, descriptors); },
      [](Napi::Env env, size_t& sent) { return Napi::Number::New(env, static_cast<double>(sent)); });
}

// recvFds(socket) -> promise of {data, fds}
Napi::Value receive_fds(const Napi::CallbackInfo& info) {
  const int socket = info[0].As<Napi::Number>().Int32Value();
  return run_async<Received>(
      info.Env(), Lane::own_thread, [socket] { return receive_descriptors(socket); },
      [](Napi::Env env, Received& received) {
        const auto descriptors = Napi::Array::New(env, received.descriptors.size());
        for (uint32_t index = 0; index < received.descriptors.size(); ++index) {
          descriptors.Set(index, received.descriptors[index].release());
        }
        const auto out = Napi::Object::New(env);
        out.Set("data", Napi::Buffer<char>::Copy(env, received.data.data(), received.data.size()));
        out.Set("fds", descriptors);
        return out;
      });
}

}  // namespace

void register_process(Napi::Env env, Napi::Object exports) {
  exports.Set("spawnDetached", Napi::Function::New(env, spawn));
  exports.Set("waitPidfd", Napi::Function::New(env, wait_pidfd));
  exports.Set("pidfdOpen", Napi::Function::New(env, pidfd_open));
  exports.Set("pidfdSendSignal", Napi::Function::New(env, pidfd_send_signal));
  exports.Set("peerCredentials", Napi::Function::New(env, peer_credentials));
  exports.Set("sendFds", Napi::Function::New(env, send_fds));
  exports.Set("recvFds", Napi::Function::New(env, receive_fds));
}

}  // namespace slipway::addon

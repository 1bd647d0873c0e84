#include "oci/monitor/control.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>

#include "oci/monitor/json_text.h"

namespace slipway::monitor {
namespace {

constexpr size_t longest_command = 4096;
constexpr size_t most_waiting = size_t{64} * 1024;

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words;
  size_t start = 0;
  while (start <= line.size()) {
    const size_t space = std::min(line.find(' ', start), line.size());
    words.push_back(line.substr(start, space - start));
    start = space + 1;
  }
  return words;
}

}  // namespace

ControlConnection::ControlConnection(ControlServer& server, Fd fd, bool is_spawner)
    : server_(server), fd_(std::move(fd)), is_spawner_(is_spawner) {
  update_watch();
}

void ControlConnection::drop() {
  if (!fd_) return;
  server_.loop_.forget(fd_.get());
  fd_.reset();
  waiting_ = std::string();
  line_ = std::string();
  server_.connection_dropped(*this);
}

void ControlConnection::update_watch() {
  if (!fd_) return;
  uint32_t events = EPOLLIN;
  if (!waiting_.empty()) events |= EPOLLOUT;
  server_.loop_.watch(fd_.get(), events, *this);
}

void ControlConnection::send(const std::string& line) {
  if (!fd_) return;
  waiting_ += line;
  waiting_ += '\n';
  // Of a peer that hung up the commands are still to be read; one that does not read is dropped.
  if (!send_some(fd_.get(), waiting_)) waiting_ = std::string();
  if (waiting_.size() > most_waiting) return drop();
  update_watch();
}

void ControlConnection::fail(std::string_view command, std::string_view why) {
  send(JsonText().add("event", "failed").add("command", command).add("message", why).str());
}

void ControlConnection::succeed(std::string_view command) {
  send(JsonText().add("event", "ok").add("command", command).str());
}

void ControlConnection::on_ready(uint32_t events) {
  if ((events & EPOLLOUT) != 0 && !send_some(fd_.get(), waiting_)) waiting_ = std::string();
  if ((events & EPOLLIN) != 0) {
    receive();
  } else if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
    return drop();
  }
  update_watch();
}

void ControlConnection::receive() {
  char bytes[512];
  const ssize_t got = recv(fd_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop();
  for (const char byte : std::string_view(bytes, static_cast<size_t>(got))) {
    if (byte != '\n') {
      line_ += byte;
      if (line_.size() > longest_command) return drop();
      continue;
    }
    const std::vector<std::string> words = split(line_);
    line_ = std::string();
    server_.on_command(*this, words);
    if (!fd_) return;
  }
}

ControlServer::ControlServer(Loop& loop)
    : loop_(loop),
      listener_(loop, [this](Fd fd) { accept(std::move(fd), false); }),
      cleaner_(loop, [this] { remove_dead(); }) {}

Result<void> ControlServer::open(int directory) {
  return listener_.open(directory, "control.sock");
}

void ControlServer::accept(Fd fd, bool is_spawner) {
  connections_.push_back(std::make_unique<ControlConnection>(*this, std::move(fd), is_spawner));
  on_connected(*connections_.back());
}

void ControlServer::adopt_spawner(Fd fd) {
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  accept(std::move(fd), true);
}

void ControlServer::tell(const std::string& line) {
  for (const auto& connection : connections_) connection->send(line);
}

bool ControlServer::all_told() const {
  return std::none_of(connections_.begin(), connections_.end(),
                      [](const auto& connection) { return connection->has_waiting(); });
}

void ControlServer::connection_dropped(const ControlConnection& connection) {
  cleaner_.set(0);
  if (connection.is_spawner()) on_spawner_gone();
}

void ControlServer::remove_dead() {
  std::erase_if(connections_, [](const auto& connection) { return connection->is_dead(); });
  on_gone();
}

}  // namespace slipway::monitor

#include "oci/monitor/attach.h"

#include <sys/socket.h>

#include <algorithm>

#include "oci/monitor/json_text.h"

namespace slipway::monitor {
namespace {

constexpr int frame_hello = 16;
constexpr int frame_gap = 17;
constexpr int frame_exit = 18;
constexpr int frame_error = 19;
constexpr int wish_stdin = 0;
constexpr int wish_close_stdin = 16;
constexpr int wish_resize = 17;

constexpr size_t most_payload = 4096;  // of frames other than stdin
constexpr size_t read_size = size_t{16} * 1024;
constexpr int64_t patience_milliseconds = 10000;

}  // namespace

// FrameReader

bool FrameReader::feed(std::string_view bytes, Handler& handler) {
  while (!bytes.empty()) {
    if (header_size_ < header_.size()) {
      header_[header_size_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (header_size_ == header_.size() && !begin()) return false;
    } else {
      const std::string_view part = bytes.substr(0, left_);
      bytes.remove_prefix(part.size());
      left_ -= part.size();
      if (header_[0] == wish_stdin) {
        handler.on_stdin(part);
      } else {
        payload_.append(part);
      }
    }
    if (header_size_ == header_.size() && left_ == 0 && !end(handler)) return false;
  }
  return true;
}

bool FrameReader::begin() {
  left_ = size_t{header_[4]} << 24 | size_t{header_[5]} << 16 | size_t{header_[6]} << 8 | size_t{header_[7]};
  if (header_[0] == wish_stdin || left_ <= most_payload) return true;
  error_ = "a frame other than stdin is longer than 4096 bytes";
  return false;
}

bool FrameReader::end(Handler& handler) {
  header_size_ = 0;
  const std::string payload = std::move(payload_);
  payload_ = std::string();
  if (header_[0] == wish_close_stdin) handler.on_close_stdin();
  if (header_[0] != wish_resize) return true;
  if (payload.size() != 4) {
    error_ = "a resize frame needs 4 bytes: rows and columns";
    return false;
  }
  const auto number = [&payload](size_t at) {
    return static_cast<unsigned char>(payload[at]) << 8 | static_cast<unsigned char>(payload[at + 1]);
  };
  handler.on_resize(number(0), number(2));
  return true;
}

// AttachClient

AttachClient::~AttachClient() {
  drop();
}

void AttachClient::drop() {
  if (!fd_) return;
  server_.loop_.forget(fd_.get());
  fd_.reset();
  frame_ = {};
  offered_ = 0;
  waiting_ = std::string();
  server_.client_dropped();
}

void AttachClient::update_watch() {
  if (!fd_ || unwatched_) return;
  uint32_t events = 0;
  if (!read_closed_ && !ending_ && !server_.input_.is_full()) events |= EPOLLIN;
  if (!waiting_.empty() || is_pending()) events |= EPOLLOUT;
  server_.loop_.watch(fd_.get(), events, *this);
}

// What the client sent before it hung up counts, so its input is still read to the end.
void AttachClient::lose_output() {
  output_closed_ = true;
  frame_ = {};
  offered_ = 0;
  waiting_ = std::string();
  if (read_closed_ || ending_) drop();
  update_watch();
}

void AttachClient::push(const std::string& frame) {
  if (!fd_ || output_closed_) return;
  waiting_ += frame;
  if (!send_waiting()) return lose_output();
  update_watch();
}

void AttachClient::skip(Stream stream, size_t bytes) {
  if (skipped_[0] + skipped_[1] == 0) skipped_since_ = wall_clock();
  skipped_[stream == Stream::standard_error ? 1 : 0] += bytes;
}

bool AttachClient::offer(Stream stream, std::string_view frame) {
  if (!fd_ || output_closed_) return true;
  if (lagging_) {
    skip(stream, frame.size() - Output::frame_header);
    return true;
  }
  frame_ = frame;
  offered_ = 0;
  if (!send_waiting() || (waiting_.empty() && !send_frame())) {
    lose_output();
    return true;
  }
  if (!is_pending()) return true;
  update_watch();
  return false;
}

// True unless the peer is gone.
bool AttachClient::send_frame() {
  while (is_pending()) {
    const ssize_t count =
        send(fd_.get(), frame_.data() + offered_, frame_.size() - offered_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    offered_ += static_cast<size_t>(count);
  }
  frame_ = {};
  offered_ = 0;
  return true;
}

void AttachClient::keep_offered() {
  if (!is_pending()) return;
  waiting_ += frame_.substr(offered_);
  frame_ = {};
  offered_ = 0;
}

void AttachClient::offer_last(Stream stream, std::string_view frame) {
  if (lagging_) return skip(stream, frame.size() - Output::frame_header);
  push(std::string(frame));
}

void AttachClient::lag() {
  if (!is_pending()) return;
  keep_offered();
  lagging_ = true;
}

void AttachClient::push_gap() {
  const JsonText text =
      JsonText().add("stdout", skipped_[0]).add("stderr", skipped_[1]).add("since", format_time(skipped_since_));
  waiting_ += make_frame(frame_gap, text.str());
  skipped_[0] = skipped_[1] = 0;
}

// Sends what goes before the chunk; a lagging client that has taken it all is told of its gap and joins the others.
// True unless the peer is gone.
bool AttachClient::send_waiting() {
  while (true) {
    if (!waiting_.empty() && !send_some(fd_.get(), waiting_)) return false;
    if (!waiting_.empty() || !lagging_) return true;
    lagging_ = skipped_[0] + skipped_[1] > 0;
    if (lagging_) push_gap();
  }
}

void AttachClient::end(const std::string& frame) {
  if (!fd_) return;
  if (skipped_[0] + skipped_[1] > 0) push_gap();
  lagging_ = false;
  ending_ = true;
  push(frame);
  if (fd_ && waiting_.empty()) drop();
}

void AttachClient::on_ready(uint32_t events) {
  const bool was_pending = is_pending();
  if ((events & EPOLLOUT) != 0 && (!send_waiting() || (waiting_.empty() && !send_frame()))) lose_output();
  if (fd_ && (events & EPOLLIN) != 0) receive();
  if (fd_ && (events & (EPOLLHUP | EPOLLERR)) != 0) hang_up(events);
  if (fd_ && ending_ && waiting_.empty()) drop();
  update_watch();
  if (was_pending && !is_pending()) server_.client_caught_up();
}

void AttachClient::hang_up(uint32_t events) {
  lose_output();
  if (!fd_) return;
  if (server_.input_.is_full()) {
    unwatched_ = true;  // it would wake us without end; see resume_input()
    server_.loop_.forget(fd_.get());
  } else if ((events & EPOLLIN) == 0) {
    drop();
  }
}

void AttachClient::receive() {
  const auto buffer = std::make_unique_for_overwrite<char[]>(read_size);
  const ssize_t got = recv(fd_.get(), buffer.get(), read_size, MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || (errno == EAGAIN && !unwatched_))) return;
  if (got < 0 || (got == 0 && output_closed_)) return drop();
  if (got == 0) {
    read_closed_ = true;
    return;
  }
  if (reader_.feed({buffer.get(), static_cast<size_t>(got)}, server_)) return;
  if (output_closed_) return drop();
  read_closed_ = true;
  end(make_frame(frame_error, JsonText().add("message", reader_.error()).str()));
}

void AttachClient::resume_input() {
  while (fd_ && unwatched_ && !server_.input_.is_full()) receive();
}

// AttachServer

AttachServer::AttachServer(Loop& loop, Input& input)
    : loop_(loop),
      input_(input),
      listener_(loop, [this](Fd fd) { accept(std::move(fd)); }),
      patience_(loop, [this] { lag_behind(); }),
      cleaner_(loop, [this] { remove_dead(); }) {
  input_.on_room = [this] { input_has_room(); };
}

Result<void> AttachServer::open(int directory) {
  return listener_.open(directory, "attach.sock");
}

void AttachServer::accept(Fd fd) {
  clients_.push_back(std::make_unique<AttachClient>(*this, std::move(fd)));
  clients_.back()->push(make_frame(frame_hello, hello()));
}

bool AttachServer::anybody_pending() const {
  return std::any_of(clients_.begin(), clients_.end(), [](const auto& client) { return client->is_pending(); });
}

bool AttachServer::offer(Stream stream, std::string_view frame) {
  offering_ = true;
  bool all = true;
  for (const auto& client : clients_) all = client->offer(stream, frame) && all;
  offering_ = false;
  if (!all) patience_.set(patience_milliseconds);
  return all;
}

void AttachServer::keep_offered() {
  patience_.cancel();
  for (const auto& client : clients_) client->keep_offered();
}

void AttachServer::offer_last(Stream stream, std::string_view frame) {
  for (const auto& client : clients_) client->offer_last(stream, frame);
}

void AttachServer::client_caught_up() {
  if (offering_ || !patience_.is_set() || anybody_pending()) return;
  patience_.cancel();
  on_taken();
}

void AttachServer::client_dropped() {
  cleaner_.set(0);
  client_caught_up();
}

void AttachServer::lag_behind() {
  for (const auto& client : clients_) client->lag();
  on_taken();
}

// Later, by the loop: a client may drop itself in the middle of its own work.
void AttachServer::remove_dead() {
  std::erase_if(clients_, [](const auto& client) { return client->is_dead(); });
  if (clients_.empty()) on_client_gone();
}

void AttachServer::input_has_room() {
  for (const auto& client : clients_) {
    client->resume_input();
    if (input_.is_full()) break;
  }
  for (const auto& client : clients_) client->update_watch();
}

void AttachServer::end(const std::string& exit_record) {
  const std::string frame = make_frame(frame_exit, exit_record);
  for (const auto& client : clients_) client->end(frame);
}

}  // namespace slipway::monitor

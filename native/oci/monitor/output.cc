#include "oci/monitor/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>

namespace slipway::monitor {
namespace {

constexpr int rounds_per_event = 8;  // then others get their turn
constexpr int large_pipe = 256 * 1024;
constexpr size_t most_terminal_rest = size_t{1024} * 1024;
constexpr int64_t retry_milliseconds = 1000;
constexpr int64_t idle_milliseconds = 500;

}  // namespace

void write_frame_header(char* out, int type, size_t length) {
  out[0] = static_cast<char>(type);
  out[1] = out[2] = out[3] = 0;
  for (int index = 0; index < 4; ++index) out[4 + index] = static_cast<char>(length >> (24 - 8 * index));
}

std::string make_frame(int type, std::string_view payload) {
  std::string frame(Output::frame_header, '\0');
  write_frame_header(frame.data(), type, payload.size());
  frame.append(payload);
  return frame;
}

Output::Output(Loop& loop, JsonLog* log, OutputSink& sink)
    : loop_(loop), log_(log), sink_(sink), retry_timer_(loop, [this] { retry(); }), idle_timer_(loop, [this] {
        go_idle();
      }) {
  if (log_ == nullptr) null_ = Fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

Output::~Output() {
  forget_all();
}

void Output::add(Stream stream, Fd fd, bool is_terminal) {
  pipes_.push_back(std::make_unique<Pipe>(*this, stream, std::move(fd), is_terminal));
  if (filled_ == 0) loop_.watch(pipes_.back()->fd.get(), EPOLLIN, *pipes_.back());
}

void Output::watch_all() {
  for (const auto& pipe : pipes_) loop_.watch(pipe->fd.get(), EPOLLIN, *pipe);
}

// Not watch() with no events: a pipe whose writers are gone would still wake us without end.
void Output::forget_all() {
  for (const auto& pipe : pipes_) loop_.forget(pipe->fd.get());
}

void Output::close(Pipe& pipe) {
  loop_.forget(pipe.fd.get());
  std::erase_if(pipes_, [&pipe](const auto& each) { return each.get() == &pipe; });
}

void Output::read_from(Pipe& pipe) {
  idle_timer_.set(idle_milliseconds);
  for (int round = 0; round < rounds_per_event; ++round) {
    if (null_ && !pipe.is_terminal && !sink_.wants_output()) {
      if (!discard_from(pipe)) return;
      continue;
    }
    const ssize_t got = read(pipe.fd.get(), buffer_.data() + frame_header, chunk_size);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return close(pipe);
    enlarge_if_busy(pipe, static_cast<size_t>(got));
    stream_ = pipe.stream;
    filled_ = static_cast<size_t>(got);
    logged_ = 0;
    offered_ = false;
    if (!deliver()) return forget_all();
    if (static_cast<size_t>(got) < chunk_size / 2) return;
  }
}

// With no log and no client the bytes never need to enter this process. False: nothing more to do for now.
bool Output::discard_from(Pipe& pipe) {
  const ssize_t moved = splice(pipe.fd.get(), nullptr, null_.get(), nullptr, chunk_size * 4, SPLICE_F_NONBLOCK);
  if (moved == 0) close(pipe);
  return moved > 0;
}

// A container that keeps its pipe full gets a larger one: fewer switches between it and us.
void Output::enlarge_if_busy(Pipe& pipe, size_t got) {
  if (pipe.is_terminal || pipe.is_large) return;
  pipe.full_reads = got == chunk_size ? pipe.full_reads + 1 : 0;
  if (pipe.full_reads < 4) return;
  fcntl(pipe.fd.get(), F_SETPIPE_SZ, large_pipe);  // refused beyond the user's limit, and then it stays as it is
  pipe.is_large = true;
}

std::string_view Output::frame() {
  write_frame_header(buffer_.data(), static_cast<int>(stream_), filled_);
  return {buffer_.data(), frame_header + filled_};
}

// Gives the chunk in hand to the log, then to the clients. False: somebody has not taken it yet.
bool Output::deliver() {
  if (!write_log()) return false;
  if (!offered_) {
    offered_ = true;
    if (sink_.wants_output() && !sink_.offer(stream_, frame())) return false;
  }
  filled_ = 0;
  return true;
}

bool Output::write_log() {
  if (log_ == nullptr) return true;
  const std::string_view data(buffer_.data() + frame_header, filled_);
  bool done = !stalled_ || log_->flush();
  if (done) logged_ += log_->feed(stream_, data.substr(logged_));
  done = done && logged_ == filled_ && log_->flush();
  set_stalled(!done);
  return done;
}

void Output::set_stalled(bool stalled) {
  if (stalled) retry_timer_.set(retry_milliseconds);
  if (stalled == stalled_) return;
  stalled_ = stalled;
  if (stalled) {
    on_log_stalled(log_->stalled());
  } else {
    on_log_resumed();
  }
}

void Output::taken() {
  if (finished_) return;
  filled_ = 0;
  watch_all();
}

void Output::retry() {
  if (finished_) return log_rest();
  if (filled_ == 0 || !deliver()) return;
  watch_all();
}

void Output::collect_rest(Pipe& pipe) {
  int available = 0;
  ioctl(pipe.fd.get(), FIONREAD, &available);
  // A terminal tells of what its line discipline has seen, not of what is on the way to it: read until it is empty.
  size_t wanted = pipe.is_terminal ? most_terminal_rest : static_cast<size_t>(std::max(available, 0));
  while (wanted > 0) {
    const ssize_t got = read(pipe.fd.get(), buffer_.data() + frame_header, std::min(chunk_size, wanted));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    wanted -= static_cast<size_t>(got);
    stream_ = pipe.stream;
    filled_ = static_cast<size_t>(got);
    sink_.offer_last(stream_, frame());
    rest_.push_back({stream_, std::string(buffer_.data() + frame_header, filled_)});
  }
}

void Output::finish() {
  finished_ = true;
  forget_all();
  sink_.keep_offered();
  if (filled_ > 0) {
    if (!offered_) sink_.offer_last(stream_, frame());
    rest_.push_back({stream_, std::string(buffer_.data() + frame_header + logged_, filled_ - logged_)});
  }
  for (const auto& pipe : pipes_) collect_rest(*pipe);
  filled_ = 0;
  pipes_.clear();
  log_rest();
}

void Output::log_rest() {
  if (log_ == nullptr) {
    rest_.clear();
    log_finished_ = true;
    return;
  }
  while (!rest_.empty()) {
    Piece& piece = rest_.front();
    piece.bytes.erase(0, log_->feed(piece.stream, piece.bytes));
    if (!piece.bytes.empty() && !log_->flush()) return set_stalled(true);
    if (piece.bytes.empty()) rest_.erase(rest_.begin());
  }
  log_finished_ = log_->finish();
  set_stalled(!log_finished_);
  if (log_finished_) on_log_complete();
}

size_t Output::log_bytes_missing() const {
  if (log_ == nullptr) return 0;
  size_t missing = log_->unwritten();
  for (const Piece& piece : rest_) missing += piece.bytes.size();
  return missing;
}

void Output::go_idle() {
  if (filled_ != 0) return;
  buffer_.release();
  if (log_ != nullptr) log_->release();
}

}  // namespace slipway::monitor

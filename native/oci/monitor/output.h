// Moves the container's output: from its pipes or terminal to the log, then to the attach clients. It holds one chunk
// and reads no more before everybody has taken it; so a full pipe slows the container.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.h"
#include "oci/monitor/json_log.h"
#include "oci/monitor/loop.h"
#include "oci/monitor/page_buffer.h"

namespace slipway::monitor {

// Who gets the output besides the log.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual bool wants_output() const = 0;
  // One frame, header included; it stays where it is until Output::taken() is called. True: everybody has it already.
  virtual bool offer(Stream stream, std::string_view frame) = 0;
  // Copies what is still to be sent of an offered frame: its place is going to be used again.
  virtual void keep_offered() = 0;
  // The last ones: collected if need be, nobody is waited for.
  virtual void offer_last(Stream stream, std::string_view frame) = 0;
};

class Output {
 public:
  static constexpr size_t frame_header = 8;

  Output(Loop& loop, JsonLog* log, OutputSink& sink);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // `fd` does not block.
  void add(Stream stream, Fd fd, bool is_terminal);

  // The sink has the frame.
  void taken();

  // The container has ended: reads what it left, gives it to the sink, and to the log as far as that can be written.
  // Processes that still hold the pipes are not waited for.
  void finish();
  bool is_finished() const { return finished_; }
  // After finish(): true once the log has everything. Else on_log_complete() is called when it has.
  bool log_complete() const { return finished_ && rest_.empty() && log_finished_; }
  size_t log_bytes_missing() const;

  std::function<void(const std::string&)> on_log_stalled = [](const std::string&) {};
  std::function<void()> on_log_resumed = [] {};
  std::function<void()> on_log_complete = [] {};
  bool log_stalled() const { return stalled_; }

 private:
  static constexpr size_t chunk_size = size_t{64} * 1024;

  struct Pipe : Source {
    Pipe(Output& its_owner, Stream its_stream, Fd its_fd, bool terminal)
        : owner(its_owner), stream(its_stream), fd(std::move(its_fd)), is_terminal(terminal) {}
    void on_ready(uint32_t) override { owner.read_from(*this); }
    Output& owner;
    Stream stream;
    Fd fd;
    bool is_terminal;
    int full_reads = 0;
    bool is_large = false;
  };

  struct Piece {
    Stream stream;
    std::string bytes;
  };

  void read_from(Pipe& pipe);
  bool discard_from(Pipe& pipe);
  void enlarge_if_busy(Pipe& pipe, size_t got);
  void close(Pipe& pipe);
  void watch_all();
  void forget_all();
  bool deliver();
  bool write_log();
  void set_stalled(bool stalled);
  void retry();
  void collect_rest(Pipe& pipe);
  void log_rest();
  void go_idle();
  std::string_view frame();

  Loop& loop_;
  JsonLog* log_;
  OutputSink& sink_;
  std::vector<std::unique_ptr<Pipe>> pipes_;
  Fd null_;  // where output goes that nobody wants

  PageBuffer buffer_{frame_header + chunk_size};
  Stream stream_ = Stream::standard_output;
  size_t filled_ = 0;  // payload of the chunk in hand; 0: none
  size_t logged_ = 0;  // of it, taken by the log
  bool offered_ = false;

  bool stalled_ = false;
  bool finished_ = false;
  bool log_finished_ = false;
  std::vector<Piece> rest_;  // after finish(): what the log has still to take
  Timer retry_timer_;
  Timer idle_timer_;
};

// Docker's stream header.
void write_frame_header(char* out, int type, size_t length);
std::string make_frame(int type, std::string_view payload);

}  // namespace slipway::monitor

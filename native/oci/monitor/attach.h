// attach.sock: the clients that see the container's output and feed its input. Frames: PROTOCOL.md.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.h"
#include "oci/monitor/input.h"
#include "oci/monitor/loop.h"
#include "oci/monitor/output.h"
#include "oci/monitor/socket.h"

namespace slipway::monitor {

class AttachServer;

// Reads frames from a stream of bytes that comes in pieces of any size.
class FrameReader {
 public:
  struct Handler {
    virtual ~Handler() = default;
    virtual void on_stdin(std::string_view data) = 0;
    virtual void on_close_stdin() = 0;
    virtual void on_resize(int rows, int columns) = 0;
  };
  // False: the client broke the protocol; see error().
  bool feed(std::string_view bytes, Handler& handler);
  const char* error() const { return error_; }

 private:
  bool begin();
  bool end(Handler& handler);

  std::array<unsigned char, Output::frame_header> header_{};
  size_t header_size_ = 0;
  size_t left_ = 0;      // of the payload
  std::string payload_;  // of a frame other than stdin
  const char* error_ = "";
};

class AttachClient : public Source {
 public:
  AttachClient(AttachServer& server, Fd fd) : server_(server), fd_(std::move(fd)) {}
  ~AttachClient() override;
  AttachClient(const AttachClient&) = delete;
  AttachClient& operator=(const AttachClient&) = delete;

  void on_ready(uint32_t events) override;

  // Puts a frame behind what waits already.
  void push(const std::string& frame);
  // True: it has it, or will not be waited for.
  bool offer(Stream stream, std::string_view frame);
  void keep_offered();
  void offer_last(Stream stream, std::string_view frame);
  // From now on the others do not wait for this client.
  void lag();
  // Sends what waits, then closes.
  void end(const std::string& frame);

  // The container's input has room again, for what a client that hung up had sent.
  void resume_input();

  void update_watch();
  bool is_pending() const { return offered_ < frame_.size(); }
  bool is_dead() const { return !fd_; }
  void drop();

 private:
  bool send_waiting();
  bool send_frame();
  void push_gap();
  void receive();
  void lose_output();
  void hang_up(uint32_t events);
  void skip(Stream stream, size_t bytes);

  AttachServer& server_;
  Fd fd_;
  FrameReader reader_;
  std::string waiting_;     // goes first
  std::string_view frame_;  // the chunk that Output holds
  size_t offered_ = 0;      // of it, sent
  bool lagging_ = false;
  uint64_t skipped_[2] = {};  // bytes of stdout and stderr
  int64_t skipped_since_ = 0;
  bool read_closed_ = false;    // the client sends no more
  bool output_closed_ = false;  // the client reads no more
  bool unwatched_ = false;      // it hung up while its input could not be taken
  bool ending_ = false;
};

class AttachServer : public OutputSink, private FrameReader::Handler {
 public:
  AttachServer(Loop& loop, Input& input);

  Result<void> open(int directory);
  void close_listener() { listener_.close(); }

  bool wants_output() const override { return !clients_.empty(); }
  bool offer(Stream stream, std::string_view frame) override;
  void keep_offered() override;
  void offer_last(Stream stream, std::string_view frame) override;

  // The container has ended: tells each client, and closes it when it has everything.
  void end(const std::string& exit_record);

  std::function<std::string()> hello = [] { return std::string("{}"); };
  std::function<void()> on_taken = [] {};
  std::function<void(int rows, int columns)> on_resize_wish = [](int, int) {};
  std::function<void()> on_client_gone = [] {};

 private:
  friend class AttachClient;
  void accept(Fd fd);
  void client_caught_up();
  void client_dropped();
  void lag_behind();
  void remove_dead();
  bool anybody_pending() const;
  void input_has_room();

  void on_stdin(std::string_view data) override { input_.write(data); }
  void on_close_stdin() override { input_.close(); }
  void on_resize(int rows, int columns) override { on_resize_wish(rows, columns); }

  Loop& loop_;
  Input& input_;
  Listener listener_;
  std::vector<std::unique_ptr<AttachClient>> clients_;
  bool offering_ = false;
  Timer patience_;
  Timer cleaner_;
};

}  // namespace slipway::monitor

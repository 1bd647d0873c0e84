// control.sock and the spawner's socket: events as JSON lines, commands as lines of words. PROTOCOL.md lists both.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/fd.h"
#include "core/result.h"
#include "oci/monitor/loop.h"
#include "oci/monitor/socket.h"

namespace slipway::monitor {

class ControlServer;

class ControlConnection : public Source {
 public:
  ControlConnection(ControlServer& server, Fd fd, bool is_spawner);
  ~ControlConnection() override { drop(); }
  ControlConnection(const ControlConnection&) = delete;
  ControlConnection& operator=(const ControlConnection&) = delete;

  void on_ready(uint32_t events) override;

  // Adds the end of the line.
  void send(const std::string& line);
  void fail(std::string_view command, std::string_view why);
  void succeed(std::string_view command);

  bool is_spawner() const { return is_spawner_; }
  bool is_dead() const { return !fd_; }
  bool has_waiting() const { return !waiting_.empty(); }
  void drop();

 private:
  void receive();
  void update_watch();

  ControlServer& server_;
  Fd fd_;
  bool is_spawner_;
  std::string line_;  // the start of a command
  std::string waiting_;
};

class ControlServer {
 public:
  explicit ControlServer(Loop& loop);

  Result<void> open(int directory);
  void close_listener() { listener_.close(); }
  // Takes the spawner's socket into the row of connections.
  void adopt_spawner(Fd fd);

  // To every connection.
  void tell(const std::string& line);
  bool all_told() const;

  std::function<void(ControlConnection&)> on_connected = [](ControlConnection&) {};
  std::function<void(ControlConnection&, const std::vector<std::string>& words)> on_command =
      [](ControlConnection&, const std::vector<std::string>&) {};
  std::function<void()> on_spawner_gone = [] {};
  std::function<void()> on_gone = [] {};

 private:
  friend class ControlConnection;
  void accept(Fd fd, bool is_spawner);
  void connection_dropped(const ControlConnection& connection);
  void remove_dead();

  Loop& loop_;
  Listener listener_;
  std::vector<std::unique_ptr<ControlConnection>> connections_;
  Timer cleaner_;
};

}  // namespace slipway::monitor

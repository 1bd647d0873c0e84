// A batch of nf_tables messages that the kernel takes as a whole or not at all.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/json.h"
#include "core/netlink/message.h"
#include "core/nft/set_types.h"

namespace slipway::nft {

uint16_t message_type(int message);
uint8_t family_number(std::string_view name);  // 0 if unknown
std::string family_name(uint8_t number);

// The kernel leaves the format of user data to nft(8): type, length, value. Type 0 is the comment of a rule and of a
// set's element.
std::string comment_data(const std::string& comment);

struct SetDescription {
  SetTypes key;
  SetTypes value;
  bool is_map = false;
  bool verdicts = false;
  bool interval = false;
};

class Transaction {
 public:
  explicit Transaction(netlink::Socket& socket) : socket_(socket) {}

  void add(const json::Field& statement, size_t index);
  Result<void> commit();

 private:
  struct Target {
    uint8_t family = 0;
    std::string table;
  };

  netlink::Message& message(int type, uint16_t flags, const Target& target);
  Target target_of(const json::Field& body);

  void table(const json::Field& body, const std::string& kind);
  void chain(const json::Field& body);
  void delete_chain(const json::Field& body);
  void flush(const json::Field& body);
  void rule(const json::Field& body);
  void delete_rule(const json::Field& body);
  void set(const json::Field& body);
  void delete_set(const json::Field& body);
  void elements(const json::Field& body, bool add);
  void put_element(netlink::Message& message, const json::Field& element, const SetDescription& set, bool add);
  void put_value(netlink::Message& message, const json::Field& element, const SetDescription& set);

  // From an earlier statement, or from the kernel.
  const SetDescription* describe(const json::Field& body, const Target& target, const std::string& name);

  netlink::Socket& socket_;
  std::vector<netlink::Message> messages_;
  std::vector<std::string> names_;  // of the statement behind each message
  std::string name_;                // of the current one
  std::map<std::tuple<uint8_t, std::string, std::string>, SetDescription> sets_;
  uint32_t set_id_ = 0;
};

}  // namespace slipway::nft

// Forgetting tracked connections (linux/netfilter/nfnetlink_conntrack.h).
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "core/netlink/ip.h"
#include "core/netlink/network.h"

namespace slipway::netlink {
namespace {

struct Tuple {
  std::string source;
  std::string destination;
  uint8_t protocol = 0;
  uint16_t destination_port = 0;
};

Tuple decode_tuple(Bytes tuple) {
  Tuple out;
  for_each_attribute(tuple, [&](uint16_t type, Bytes part) {
    for_each_attribute(part, [&](uint16_t inner, Bytes value) {
      const std::string bytes(value.data(), value.size());
      if (type == CTA_TUPLE_IP) {
        if (inner == CTA_IP_V4_SRC || inner == CTA_IP_V6_SRC) out.source = bytes;
        if (inner == CTA_IP_V4_DST || inner == CTA_IP_V6_DST) out.destination = bytes;
      } else if (type == CTA_TUPLE_PROTO) {
        if (inner == CTA_PROTO_NUM) out.protocol = number_of<uint8_t>(value);
        if (inner == CTA_PROTO_DST_PORT) out.destination_port = ntohs(number_of<uint16_t>(value));
      }
    });
  });
  return out;
}

struct Connection {
  uint8_t family = 0;
  std::string original;  // the attribute's bytes, as a deletion wants them back
  std::string id;
  std::string zone;
};

struct Wanted {
  ConntrackFilter filter;
  std::optional<Ip> destination;
  std::optional<Ip> reply_source;

  bool matches(const Tuple& original, const Tuple& reply) const {
    return original.protocol == filter.protocol &&
           (!filter.destination_port || original.destination_port == *filter.destination_port) &&
           (!destination || original.destination == destination->bytes) &&
           (!reply_source || reply.source == reply_source->bytes);
  }
};

constexpr uint16_t message_type(int message) {
  return static_cast<uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

Result<std::vector<Connection>> find(Socket& socket, const Wanted& wanted) {
  Message message(message_type(IPCTNL_MSG_CT_GET), NLM_F_DUMP);
  message.payload(nfgenmsg{AF_UNSPEC, NFNETLINK_V0, 0});
  std::vector<Connection> found;
  TRY(socket.dump(message, "list connections", [&](const Answer& answer) {
    if (answer.payload.size() < sizeof(nfgenmsg)) return;
    Connection connection;
    connection.family = number_of<nfgenmsg>(answer.payload).nfgen_family;
    Tuple reply;
    for_each_attribute(answer.payload.subspan(sizeof(nfgenmsg)), [&](uint16_t type, Bytes value) {
      if (type == CTA_TUPLE_ORIG) connection.original.assign(value.data(), value.size());
      if (type == CTA_TUPLE_REPLY) reply = decode_tuple(value);
      if (type == CTA_ID) connection.id.assign(value.data(), value.size());
      if (type == CTA_ZONE) connection.zone.assign(value.data(), value.size());
    });
    if (wanted.matches(decode_tuple(connection.original), reply)) found.push_back(std::move(connection));
  }));
  return found;
}

}  // namespace

Result<uint64_t> flush_conntrack(const ConntrackFilter& filter, int network_namespace) {
  Wanted wanted{filter, {}, {}};
  if (!filter.destination.empty()) {
    TRY_ASSIGN(wanted.destination, parse_ip(filter.destination));
  }
  if (!filter.reply_source.empty()) {
    TRY_ASSIGN(wanted.reply_source, parse_ip(filter.reply_source));
  }
  TRY_ASSIGN(Socket socket, Socket::open(NETLINK_NETFILTER, network_namespace));
  TRY_ASSIGN(const std::vector<Connection> found, find(socket, wanted));
  uint64_t forgotten = 0;
  for (const Connection& connection : found) {
    Message message(message_type(IPCTNL_MSG_CT_DELETE), NLM_F_ACK);
    message.payload(nfgenmsg{connection.family, NFNETLINK_V0, 0});
    message.put(CTA_TUPLE_ORIG | NLA_F_NESTED, connection.original);
    message.put(CTA_ID, connection.id);
    if (!connection.zone.empty()) message.put(CTA_ZONE, connection.zone);
    auto deleted = socket.request(message, "forget connection");
    if (deleted) {
      forgotten++;
    } else if (deleted.error().code != ENOENT) {
      return std::move(deleted.error());
    }
  }
  return forgotten;
}

}  // namespace slipway::netlink

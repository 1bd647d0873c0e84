// What is in nf_tables.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "core/nft/nftables.h"
#include "core/nft/transaction.h"

namespace slipway::nft {
namespace {

using netlink::Answer;
using netlink::be32_of;
using netlink::be64_of;
using netlink::Bytes;
using netlink::text_of;

constexpr const char* hook_names[] = {"prerouting", "input", "forward", "output", "postrouting"};

// Asks for a list of one table's objects until it was not disturbed; `begin` empties what an earlier try found.
Result<void> dump(netlink::Socket& socket, int type, const TableName& name, uint16_t table_attribute,
                  const std::function<void()>& begin, const std::function<void(Bytes)>& visit,
                  const std::function<void(netlink::Message&)>& more = nullptr) {
  for (;;) {
    begin();
    netlink::Message request(message_type(type), NLM_F_DUMP);
    request.payload(nfgenmsg{family_number(name.family), NFNETLINK_V0, 0});
    if (!name.table.empty()) request.put_string(table_attribute, name.table);
    if (more) more(request);
    auto done = socket.dump(request, "list nftables", [&](const Answer& answer) {
      if (answer.payload.size() >= sizeof(nfgenmsg)) visit(answer.payload.subspan(sizeof(nfgenmsg)));
    });
    if (done || done.error().code != EINTR) return done;
  }
}

Table::Chain decode_chain(Bytes attributes, std::string& table) {
  Table::Chain chain;
  netlink::for_each_attribute(attributes, [&](uint16_t type, Bytes value) {
    if (type == NFTA_CHAIN_TABLE) table = text_of(value);
    if (type == NFTA_CHAIN_NAME) chain.name = text_of(value);
    if (type == NFTA_CHAIN_HANDLE) chain.handle = be64_of(value);
    if (type == NFTA_CHAIN_TYPE) chain.type = text_of(value);
    if (type == NFTA_CHAIN_POLICY) chain.policy = be32_of(value) == NF_ACCEPT ? "accept" : "drop";
    if (type != NFTA_CHAIN_HOOK) return;
    netlink::for_each_attribute(value, [&](uint16_t inner, Bytes part) {
      if (inner == NFTA_HOOK_PRIORITY) chain.priority = static_cast<int32_t>(be32_of(part));
      if (inner == NFTA_HOOK_HOOKNUM && be32_of(part) < std::size(hook_names)) chain.hook = hook_names[be32_of(part)];
    });
  });
  return chain;
}

std::string comment_of(Bytes data) {
  while (data.size() >= 2) {
    const auto size = static_cast<unsigned char>(data[1]);
    if (data.size() < 2U + size) break;
    if (data[0] == 0) return text_of(data.subspan(2, size));
    data = data.subspan(2U + size);
  }
  return {};
}

Table::Rule decode_rule(Bytes attributes, std::string& table) {
  Table::Rule rule;
  netlink::for_each_attribute(attributes, [&](uint16_t type, Bytes value) {
    if (type == NFTA_RULE_TABLE) table = text_of(value);
    if (type == NFTA_RULE_CHAIN) rule.chain = text_of(value);
    if (type == NFTA_RULE_HANDLE) rule.handle = be64_of(value);
    if (type == NFTA_RULE_USERDATA) rule.comment = comment_of(value);
    if (type != NFTA_RULE_EXPRESSIONS) return;
    netlink::for_each_attribute(value, [&](uint16_t, Bytes expression) {
      netlink::for_each_attribute(expression, [&](uint16_t inner, Bytes part) {
        if (inner == NFTA_EXPR_NAME) rule.expressions.push_back(text_of(part));
      });
    });
  });
  return rule;
}

Table::Set decode_set(Bytes attributes, std::string& table, uint32_t& flags) {
  Table::Set set;
  flags = 0;
  netlink::for_each_attribute(attributes, [&](uint16_t type, Bytes value) {
    if (type == NFTA_SET_TABLE) table = text_of(value);
    if (type == NFTA_SET_NAME) set.name = text_of(value);
    if (type == NFTA_SET_HANDLE) set.handle = be64_of(value);
    if (type == NFTA_SET_FLAGS) flags = be32_of(value);
  });
  set.map = (flags & NFT_SET_MAP) != 0;
  return set;
}

uint64_t count_elements(Bytes attributes) {
  uint64_t count = 0;
  netlink::for_each_attribute(attributes, [&](uint16_t type, Bytes elements) {
    if (type != NFTA_SET_ELEM_LIST_ELEMENTS) return;
    netlink::for_each_attribute(elements, [&](uint16_t, Bytes element) {
      uint32_t flags = 0;
      netlink::for_each_attribute(element, [&](uint16_t inner, Bytes value) {
        if (inner == NFTA_SET_ELEM_FLAGS) flags = be32_of(value);
      });
      if ((flags & NFT_SET_ELEM_INTERVAL_END) == 0) count++;
    });
  });
  return count;
}

Result<void> list_sets(netlink::Socket& socket, const TableName& name, Table& table) {
  TRY(dump(
      socket, NFT_MSG_GETSET, name, NFTA_SET_TABLE, [&] { table.sets.clear(); },
      [&](Bytes attributes) {
        std::string owner;
        uint32_t flags = 0;
        Table::Set set = decode_set(attributes, owner, flags);
        if (owner == name.table && (flags & NFT_SET_ANONYMOUS) == 0) table.sets.push_back(std::move(set));
      }));
  for (Table::Set& set : table.sets) {
    TRY(dump(
        socket, NFT_MSG_GETSETELEM, name, NFTA_SET_ELEM_LIST_TABLE, [&] { set.elements = 0; },
        [&](Bytes attributes) { set.elements += count_elements(attributes); },
        [&](netlink::Message& request) { request.put_string(NFTA_SET_ELEM_LIST_SET, set.name); }));
  }
  return {};
}

}  // namespace

Result<std::vector<TableName>> list_tables(int network_namespace) {
  TRY_ASSIGN(netlink::Socket socket, netlink::Socket::open(NETLINK_NETFILTER, network_namespace));
  netlink::Message request(message_type(NFT_MSG_GETTABLE), NLM_F_DUMP);
  request.payload(nfgenmsg{});
  std::vector<TableName> tables;
  TRY(socket.dump(request, "list nftables", [&](const Answer& answer) {
    if (answer.payload.size() < sizeof(nfgenmsg)) return;
    TableName name{family_name(netlink::number_of<nfgenmsg>(answer.payload).nfgen_family), {}};
    netlink::for_each_attribute(answer.payload.subspan(sizeof(nfgenmsg)), [&](uint16_t type, Bytes value) {
      if (type == NFTA_TABLE_NAME) name.table = text_of(value);
    });
    tables.push_back(std::move(name));
  }));
  return tables;
}

Result<std::optional<Table>> list_table(const TableName& name, int network_namespace) {
  if (family_number(name.family) == 0) return Error::invalid("family", "must be inet, ip or ip6");
  TRY_ASSIGN(netlink::Socket socket, netlink::Socket::open(NETLINK_NETFILTER, network_namespace));
  Table table{{name}};
  netlink::Message request(message_type(NFT_MSG_GETTABLE), NLM_F_ACK);
  request.payload(nfgenmsg{family_number(name.family), NFNETLINK_V0, 0});
  request.put_string(NFTA_TABLE_NAME, name.table);
  auto found = socket.dump(request, "find table", [&](const Answer& answer) {
    if (answer.payload.size() < sizeof(nfgenmsg)) return;
    netlink::for_each_attribute(answer.payload.subspan(sizeof(nfgenmsg)), [&](uint16_t type, Bytes value) {
      if (type == NFTA_TABLE_HANDLE) table.handle = be64_of(value);
    });
  });
  if (!found) {
    if (found.error().code == ENOENT) return std::optional<Table>();
    return std::move(found.error());
  }
  // Older kernels don't filter by table; what belongs to others is left out here.
  TRY(dump(
      socket, NFT_MSG_GETCHAIN, name, NFTA_CHAIN_TABLE, [&] { table.chains.clear(); },
      [&](Bytes attributes) {
        std::string owner;
        Table::Chain chain = decode_chain(attributes, owner);
        if (owner == name.table) table.chains.push_back(std::move(chain));
      }));
  TRY(dump(
      socket, NFT_MSG_GETRULE, name, NFTA_RULE_TABLE, [&] { table.rules.clear(); },
      [&](Bytes attributes) {
        std::string owner;
        Table::Rule rule = decode_rule(attributes, owner);
        if (owner == name.table) table.rules.push_back(std::move(rule));
      }));
  TRY(list_sets(socket, name, table));
  return std::optional(std::move(table));
}

}  // namespace slipway::nft

#include "core/nft/transaction.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "core/nft/expressions.h"
#include "core/nft/nftables.h"
#include "core/nft/rule.h"

namespace slipway::nft {
namespace {

constexpr const char* hook_names[] = {"prerouting", "input", "forward", "output", "postrouting"};

}  // namespace

std::string comment_data(const std::string& comment) {
  std::string data{'\0', static_cast<char>(comment.size() + 1)};
  return data + comment + '\0';
}

uint16_t message_type(int message) {
  return static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

uint8_t family_number(std::string_view name) {
  if (name == "inet") return NFPROTO_INET;
  if (name == "ip") return NFPROTO_IPV4;
  return name == "ip6" ? NFPROTO_IPV6 : 0;
}

std::string family_name(uint8_t number) {
  if (number == NFPROTO_INET) return "inet";
  if (number == NFPROTO_IPV4) return "ip";
  if (number == NFPROTO_IPV6) return "ip6";
  return number == NFPROTO_ARP ? "arp" : number == NFPROTO_BRIDGE ? "bridge" : "netdev";
}

netlink::Message& Transaction::message(int type, uint16_t flags, const Target& target) {
  netlink::Message& added = messages_.emplace_back(message_type(type), static_cast<uint16_t>(flags | NLM_F_ACK));
  added.payload(nfgenmsg{target.family, NFNETLINK_V0, 0});
  names_.push_back(name_);
  return added;
}

Transaction::Target Transaction::target_of(const json::Field& body) {
  std::string family;
  Target target;
  body.required("family", family);
  body.required("table", target.table);
  target.family = family_number(family);
  if (target.family == 0) body.fail("family must be inet, ip or ip6");
  return target;
}

void Transaction::add(const json::Field& statement, size_t index) {
  if (!statement.is_object()) return;
  if (statement.value().MemberCount() != 1) return statement.fail("must have exactly one key: what is to be done");
  const auto& [key, value] = *statement.value().MemberBegin();
  const std::string kind(key.GetString(), key.GetStringLength());
  const json::Field body(value, statement, kind);
  if (!body.is_object()) return;
  name_ = "statement " + std::to_string(index) + " (" + kind;
  for (const char* part : {"family", "table", "chain", "set"}) {
    const rapidjson::Value* text = member_of(body, part);
    if (text != nullptr && text->IsString()) {
      name_ += (std::string_view(part) == "family" ? " in "
                : part[0] == 't'                   ? " "
                                                   : "/") +
               std::string(text->GetString());
    }
  }
  name_ += ")";
  if (kind == "addTable" || kind == "createTable" || kind == "deleteTable" || kind == "destroyTable") {
    return table(body, kind);
  }
  if (kind == "flush") return flush(body);
  if (kind == "addChain") return chain(body);
  if (kind == "deleteChain") return delete_chain(body);
  if (kind == "addRule") return rule(body);
  if (kind == "deleteRule") return delete_rule(body);
  if (kind == "addSet") return set(body);
  if (kind == "deleteSet" || kind == "flushSet") return delete_set(body);
  if (kind == "addElements" || kind == "deleteElements") return elements(body, kind == "addElements");
  statement.fail("'" + kind + "' is no statement");
}

void Transaction::table(const json::Field& body, const std::string& kind) {
  const Target target = target_of(body);
  const auto put = [&](int type, uint16_t flags) {
    message(type, flags, target).put_string(NFTA_TABLE_NAME, target.table);
  };
  if (kind == "createTable") return put(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
  // Kernels before 6.3 can't be told to delete what may be missing; added first, it is there.
  if (kind != "deleteTable") put(NFT_MSG_NEWTABLE, NLM_F_CREATE);
  if (kind != "addTable") put(NFT_MSG_DELTABLE, 0);
}

void Transaction::chain(const json::Field& body) {
  const Target target = target_of(body);
  std::string name;
  body.required("chain", name);
  netlink::Message& request = message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, target);
  request.put_string(NFTA_CHAIN_TABLE, target.table);
  request.put_string(NFTA_CHAIN_NAME, name);
  const rapidjson::Value* value = member_of(body, "hook");
  if (value == nullptr || value->IsNull()) return;
  const json::Field hook(*value, body, "hook");
  std::string type;
  std::string place;
  std::string policy = "accept";
  int32_t priority = 0;
  hook.required("type", type);
  hook.required("on", place);
  hook.required("priority", priority);
  hook.member("policy", policy);
  int number = -1;
  for (int i = 0; i < 5; i++) {
    if (place == hook_names[i]) number = i;
  }
  if (number < 0) return hook.fail("on is no hook");
  if (policy != "accept" && policy != "drop") return hook.fail("policy must be accept or drop");
  request.nest(NFTA_CHAIN_HOOK, [&] {
    request.put_be32(NFTA_HOOK_HOOKNUM, static_cast<uint32_t>(number));
    request.put_be32(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(priority));
  });
  request.put_be32(NFTA_CHAIN_POLICY, policy == "accept" ? NF_ACCEPT : NF_DROP);
  request.put_string(NFTA_CHAIN_TYPE, type);
}

void Transaction::delete_chain(const json::Field& body) {
  const Target target = target_of(body);
  std::string name;
  body.required("chain", name);
  netlink::Message& request = message(NFT_MSG_DELCHAIN, 0, target);
  request.put_string(NFTA_CHAIN_TABLE, target.table);
  request.put_string(NFTA_CHAIN_NAME, name);
}

// The deletion of a rule without a handle is the deletion of all.
void Transaction::flush(const json::Field& body) {
  const Target target = target_of(body);
  std::string chain;
  body.member("chain", chain);
  netlink::Message& request = message(NFT_MSG_DELRULE, 0, target);
  request.put_string(NFTA_RULE_TABLE, target.table);
  if (!chain.empty()) request.put_string(NFTA_RULE_CHAIN, chain);
}

void Transaction::rule(const json::Field& body) {
  const Target target = target_of(body);
  std::string chain;
  std::string comment;
  bool first = false;
  body.required("chain", chain);
  body.member("comment", comment);
  body.member("first", first);
  if (comment.size() > 127) return body.fail("comment is longer than 127 bytes");
  const auto flags = static_cast<uint16_t>(first ? NLM_F_CREATE : NLM_F_CREATE | NLM_F_APPEND);
  netlink::Message& request = message(NFT_MSG_NEWRULE, flags, target);
  request.put_string(NFTA_RULE_TABLE, target.table);
  request.put_string(NFTA_RULE_CHAIN, chain);
  const rapidjson::Value* list = member_of(body, "expressions");
  if (list == nullptr || !list->IsArray()) return body.fail("expressions must be an array");
  const json::Field parent(*list, body, "expressions");
  request.nest(NFTA_RULE_EXPRESSIONS, [&] {
    Rule compiled(request, target.family);
    for (rapidjson::SizeType i = 0; i < list->Size() && !body.failed(); i++) {
      compile_expression(json::Field((*list)[i], parent, size_t{i}), compiled);
    }
  });
  if (!comment.empty()) request.put(NFTA_RULE_USERDATA, comment_data(comment));
}

void Transaction::delete_rule(const json::Field& body) {
  const Target target = target_of(body);
  std::string chain;
  uint64_t handle = 0;
  body.required("chain", chain);
  body.required("handle", handle);
  netlink::Message& request = message(NFT_MSG_DELRULE, 0, target);
  request.put_string(NFTA_RULE_TABLE, target.table);
  request.put_string(NFTA_RULE_CHAIN, chain);
  request.put_be64(NFTA_RULE_HANDLE, handle);
}

Result<void> Transaction::commit() {
  const nfgenmsg batch{AF_UNSPEC, NFNETLINK_V0, htons(NFNL_SUBSYS_NFTABLES)};
  netlink::Message begin(NFNL_MSG_BATCH_BEGIN, 0);
  begin.payload(batch);
  netlink::Message end(NFNL_MSG_BATCH_END, 0);
  end.payload(batch);
  messages_.insert(messages_.begin(), std::move(begin));
  messages_.push_back(std::move(end));
  return socket_.batch(messages_, [&](size_t index, Error error) {
    const bool is_statement = index >= 1 && index <= names_.size();
    return std::move(error).with_context(is_statement ? names_[index - 1] : "nftables transaction");
  });
}

Result<void> apply(const json::Field& statements, int network_namespace) {
  TRY_ASSIGN(netlink::Socket socket, netlink::Socket::open(NETLINK_NETFILTER, network_namespace));
  Transaction transaction(socket);
  if (!statements.is_array()) return {};
  const auto& list = statements.value();
  for (rapidjson::SizeType i = 0; i < list.Size() && !statements.failed(); i++) {
    transaction.add(json::Field(list[i], statements, size_t{i}), i);
  }
  if (statements.failed() || list.Empty()) return {};
  return transaction.commit();
}

}  // namespace slipway::nft

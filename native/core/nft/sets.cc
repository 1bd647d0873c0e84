// Sets, maps and their elements.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

#include "core/nft/expressions.h"
#include "core/nft/rule.h"
#include "core/nft/transaction.h"

#ifndef NFT_SET_CONCAT
#define NFT_SET_CONCAT 0x80  // 5.10
#endif

namespace slipway::nft {
namespace {

constexpr rapidjson::SizeType most_elements_per_message = 200;  // an attribute ends at 64 KiB

// The types that a member names; "verdict" is told apart.
void read_types(const json::Field& body, const char* name, SetTypes& types, bool& verdicts) {
  std::vector<std::string> names;
  body.member(name, names);
  for (const std::string& text : names) {
    if (text == "verdict" && names.size() == 1) {
      verdicts = true;
      return;
    }
    const SetType* type = set_type_by_name(text);
    if (type == nullptr) return body.fail(std::string(name) + " has an unknown type '" + text + "'");
    types.push_back(type);
  }
  if (types.size() > 5) body.fail(std::string(name) + " has more than 5 types");
}

// By the user data nft(8) knows in which order to read a key's and a value's bytes: 1 the machine's, 2 the network's.
std::string byte_orders(const SetDescription& set) {
  const auto order = [](const SetTypes& types) {
    const bool machine = types.size() == 1 && (types[0]->name == "ifname" || types[0]->name == "mark");
    return machine_order(machine ? 1 : 2);
  };
  std::string data = std::string{'\0', '\4'} + order(set.key);
  if (!set.value.empty()) data += std::string{'\1', '\4'} + order(set.value);
  return data;
}

Bytes bytes_of(const std::string& text) {
  return {text.data(), text.size()};
}

}  // namespace

void Transaction::set(const json::Field& body) {
  const Target target = target_of(body);
  std::string name;
  SetDescription description;
  bool verdict_key = false;
  body.required("set", name);
  read_types(body, "key", description.key, verdict_key);
  read_types(body, "value", description.value, description.verdicts);
  body.member("interval", description.interval);
  if (description.key.empty() || verdict_key) return body.fail("key must have at least one type, and no verdict");
  description.is_map = description.verdicts || !description.value.empty();

  uint32_t flags = 0;
  if (description.is_map) flags |= NFT_SET_MAP;
  if (description.interval) flags |= NFT_SET_INTERVAL;
  if (description.interval && description.key.size() > 1) flags |= NFT_SET_CONCAT;
  netlink::Message& request = message(NFT_MSG_NEWSET, NLM_F_CREATE, target);
  request.put_string(NFTA_SET_TABLE, target.table);
  request.put_string(NFTA_SET_NAME, name);
  request.put_be32(NFTA_SET_FLAGS, flags);
  request.put_be32(NFTA_SET_KEY_TYPE, type_number(description.key));
  request.put_be32(NFTA_SET_KEY_LEN, static_cast<uint32_t>(types_size(description.key)));
  if (description.verdicts) {
    request.put_be32(NFTA_SET_DATA_TYPE, verdict_type);
    request.put_be32(NFTA_SET_DATA_LEN, 16);
  } else if (description.is_map) {
    request.put_be32(NFTA_SET_DATA_TYPE, type_number(description.value));
    request.put_be32(NFTA_SET_DATA_LEN, static_cast<uint32_t>(types_size(description.value)));
  }
  request.put_be32(NFTA_SET_ID, ++set_id_);
  request.put(NFTA_SET_USERDATA, bytes_of(byte_orders(description)));
  if ((flags & NFT_SET_CONCAT) != 0) {
    request.nest(NFTA_SET_DESC, [&] {
      request.nest(NFTA_SET_DESC_CONCAT, [&] {
        for (const SetType* type : description.key) {
          request.nest(NFTA_LIST_ELEM,
                       [&] { request.put_be32(NFTA_SET_FIELD_LEN, static_cast<uint32_t>((type->size + 3) / 4 * 4)); });
        }
      });
    });
  }
  sets_[{target.family, target.table, name}] = std::move(description);
}

void Transaction::delete_set(const json::Field& body) {
  const Target target = target_of(body);
  std::string name;
  body.required("set", name);
  // A set's elements go by deleting elements without naming any.
  if (name_.find("flushSet") != std::string::npos) {
    netlink::Message& flush = message(NFT_MSG_DELSETELEM, 0, target);
    flush.put_string(NFTA_SET_ELEM_LIST_TABLE, target.table);
    flush.put_string(NFTA_SET_ELEM_LIST_SET, name);
    return;
  }
  netlink::Message& request = message(NFT_MSG_DELSET, 0, target);
  request.put_string(NFTA_SET_TABLE, target.table);
  request.put_string(NFTA_SET_NAME, name);
}

const SetDescription* Transaction::describe(const json::Field& body, const Target& target, const std::string& name) {
  const auto key = std::tuple(target.family, target.table, name);
  if (const auto known = sets_.find(key); known != sets_.end()) return &known->second;
  netlink::Message request(message_type(NFT_MSG_GETSET), NLM_F_ACK);
  request.payload(nfgenmsg{target.family, NFNETLINK_V0, 0});
  request.put_string(NFTA_SET_TABLE, target.table);
  request.put_string(NFTA_SET_NAME, name);
  uint32_t flags = 0;
  uint32_t key_type = 0;
  uint32_t data_type = 0;
  const auto done = socket_.dump(request, "find set", [&](const netlink::Answer& answer) {
    if (answer.payload.size() < sizeof(nfgenmsg)) return;
    netlink::for_each_attribute(answer.payload.subspan(sizeof(nfgenmsg)), [&](uint16_t type, Bytes value) {
      if (type == NFTA_SET_FLAGS) flags = netlink::be32_of(value);
      if (type == NFTA_SET_KEY_TYPE) key_type = netlink::be32_of(value);
      if (type == NFTA_SET_DATA_TYPE) data_type = netlink::be32_of(value);
    });
  });
  if (!done) {
    body.fail(done.error().code == ENOENT ? "there is no set '" + name + "'" : done.error().message);
    return nullptr;
  }
  SetDescription found;
  found.interval = (flags & NFT_SET_INTERVAL) != 0;
  found.is_map = (flags & NFT_SET_MAP) != 0;
  found.verdicts = found.is_map && data_type == verdict_type;
  const auto keys = types_of_number(key_type);
  const auto values = found.verdicts ? SetTypes() : types_of_number(data_type);
  if (!keys || !values) {
    body.fail("set '" + name + "' has types that are not known here");
    return nullptr;
  }
  found.key = *keys;
  found.value = *values;
  return &sets_.emplace(key, std::move(found)).first->second;
}

void Transaction::elements(const json::Field& body, bool add) {
  const Target target = target_of(body);
  std::string name;
  body.required("set", name);
  const rapidjson::Value* list = member_of(body, "elements");
  if (list == nullptr || !list->IsArray()) return body.fail("elements must be an array");
  if (body.failed() || list->Empty()) return;
  const SetDescription* set = describe(body, target, name);
  if (set == nullptr) return;
  const json::Field parent(*list, body, "elements");
  for (rapidjson::SizeType begin = 0; begin < list->Size() && !body.failed(); begin += most_elements_per_message) {
    netlink::Message& request = message(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, add ? NLM_F_CREATE : 0, target);
    request.put_string(NFTA_SET_ELEM_LIST_TABLE, target.table);
    request.put_string(NFTA_SET_ELEM_LIST_SET, name);
    request.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
      const auto end = std::min(list->Size(), begin + most_elements_per_message);
      for (rapidjson::SizeType i = begin; i < end && !body.failed(); i++) {
        put_element(request, json::Field((*list)[i], parent, size_t{i}), *set, add);
      }
    });
  }
}

void Transaction::put_element(netlink::Message& request, const json::Field& element, const SetDescription& set,
                              bool add) {
  std::vector<std::string> texts;
  std::string comment;
  element.required("key", texts);
  element.member("comment", comment);
  if (element.failed()) return;
  const auto key = encode_key(set.key, texts);
  if (!key) return element.fail(key.error().message);
  if (!key->high.empty() && !set.interval) return element.fail("key is a range, but the set is not made for them");
  const auto put_key = [&](uint16_t attribute, const std::string& bytes) {
    request.nest(attribute, [&] { request.put(NFTA_DATA_VALUE, bytes_of(bytes)); });
  };
  const bool concatenated = set.key.size() > 1;
  const std::string& high = key->high.empty() ? key->low : key->high;
  request.nest(NFTA_LIST_ELEM, [&] {
    put_key(NFTA_SET_ELEM_KEY, key->low);
    if (set.interval && concatenated) put_key(NFTA_SET_ELEM_KEY_END, high);
    if (add && set.is_map) put_value(request, element, set);
    if (add && !comment.empty()) {
      if (comment.size() > 127) return element.fail("comment is longer than 127 bytes");
      request.put(NFTA_SET_ELEM_USERDATA, bytes_of(comment_data(comment)));
    }
  });
  // An interval of a plain set is two elements: its first value, and the first one behind it.
  if (!set.interval || concatenated) return;
  const auto behind = next_value(high);
  if (!behind) return;
  request.nest(NFTA_LIST_ELEM, [&] {
    put_key(NFTA_SET_ELEM_KEY, *behind);
    request.put_be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
  });
}

void Transaction::put_value(netlink::Message& request, const json::Field& element, const SetDescription& set) {
  const rapidjson::Value* value = member_of(element, "value");
  if (value == nullptr) return element.fail("value is required: the set is a map");
  if (set.verdicts) {
    Verdict verdict;
    const json::Field field(*value, element, "value");
    if (!read_verdict(field, verdict)) return field.fail("is no verdict");
    request.nest(NFTA_SET_ELEM_DATA, [&] {
      request.nest(NFTA_DATA_VERDICT, [&] {
        request.put_be32(NFTA_VERDICT_CODE, static_cast<uint32_t>(verdict.code));
        if (!verdict.chain.empty()) request.put_string(NFTA_VERDICT_CHAIN, verdict.chain);
      });
    });
    return;
  }
  std::vector<std::string> texts;
  element.required("value", texts);
  if (element.failed()) return;
  const auto data = encode_key(set.value, texts);
  if (!data) return element.fail(data.error().message);
  request.nest(NFTA_SET_ELEM_DATA, [&] { request.put(NFTA_DATA_VALUE, bytes_of(data->low)); });
}

}  // namespace slipway::nft

// The expressions of a rule as JSON (Expression in runtime/native/nftables.ts), compiled.
#pragma once

#include <string>

#include "core/json.h"
#include "core/nft/rule.h"

namespace slipway::nft {

// A verdict: "accept", {"jump": "chain"}, …
struct Verdict {
  int code = 0;
  std::string chain;
};
// False (and the field says why) if it is none.
bool read_verdict(const json::Field& field, Verdict& out);

// The member of an object, or null.
const rapidjson::Value* member_of(const json::Field& field, const char* name);

void compile_expression(const json::Field& field, Rule& rule);

}  // namespace slipway::nft

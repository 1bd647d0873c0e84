// nf_tables in transactions, described by JSON as runtime/native/nftables.ts tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace slipway::nft {

// `statements`: the array of Statement. What is wrong with it is remembered in the field; the result is the kernel's
// word.
Result<void> apply(const json::Field& statements, int network_namespace);

struct TableName {
  std::string family;
  std::string table;
};

struct Table : TableName {
  uint64_t handle = 0;
  struct Chain {
    std::string name;
    uint64_t handle = 0;
    std::string hook;
    std::string type;
    int32_t priority = 0;
    std::string policy;
  };
  std::vector<Chain> chains;
  struct Rule {
    std::string chain;
    uint64_t handle = 0;
    std::string comment;
    std::vector<std::string> expressions;
  };
  std::vector<Rule> rules;
  struct Set {
    std::string name;
    uint64_t handle = 0;
    bool map = false;
    uint64_t elements = 0;
  };
  std::vector<Set> sets;
};

Result<std::vector<TableName>> list_tables(int network_namespace);
// nullopt: no such table.
Result<std::optional<Table>> list_table(const TableName& name, int network_namespace);

}  // namespace slipway::nft

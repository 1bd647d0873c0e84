// Users and groups of a container, read from its own /etc/passwd and /etc/group. Both files belong to somebody who may
// be hostile: reads are bounded, numbers never wrap around, odd lines are passed over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/inside.h"
#include "core/result.h"

namespace slipway {

struct Account {
  std::string name;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string home;
};

// A decimal id from 0 to 4294967294, digits only.
std::optional<uint32_t> parse_id(std::string_view text);

// Pure: the first matching line of a passwd file.
std::optional<Account> find_account(std::string_view passwd, uint32_t uid);
std::optional<Account> find_account(std::string_view passwd, std::string_view name);
std::optional<uint32_t> find_group(std::string_view group, std::string_view name);

struct Ids {
  uint32_t uid = 0;
  uint32_t gid = 0;
};
// "uid", "uid:gid", "name", "name:group" as on a command line. A number is always a number, even where an account has
// it as its name. Without a group it is 0 for a number, and the account's own for a name.
Result<Ids> resolve_user(std::string_view text, const Inside& rootfs);

// What HOME should be; "/" if the account has none or there is no account.
std::string home_of(uint32_t uid, const Inside& rootfs);

}  // namespace slipway

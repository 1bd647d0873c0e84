#include "core/users.h"

#include "core/testing.h"

namespace slipway {
namespace {

TEST(ids_never_wrap_around) {
  CHECK_EQ(parse_id("0").value_or(9), 0U);
  CHECK_EQ(parse_id("4294967294").value_or(9), 4294967294U);
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "0x1", "4294967295", "4294967296", "99999999999999999999"})
    CHECK(!parse_id(text));
}

TEST(accounts_are_found_by_number_and_name) {
  constexpr std::string_view passwd =
      "bad\n:::\nroot:x:0:0::/root:/bin/sh\nwrap:x:4294967296:0::/w:\nuser:x:7:8:c:/home/u";
  CHECK_EQ(find_account(passwd, 7U)->home, "/home/u");
  CHECK_EQ(find_account(passwd, std::string_view("user"))->gid, 8U);
  CHECK_EQ(find_account(passwd, 0U)->name, "root");
  CHECK(!find_account(passwd, std::string_view("wrap")));
}

TEST(groups_are_found_by_name) {
  CHECK_EQ(find_group("a:x:1:\nb:x:2:u,v\n", "b").value_or(0), 2U);
  CHECK(!find_group("b:x:-2:\nb:x\n", "b"));
}

}  // namespace
}  // namespace slipway

#include "core/capabilities.h"

#include <fstream>

#include "core/testing.h"

using namespace slipway;

TEST(capability_names_and_numbers) {
  CHECK_EQ(capabilities::number("CAP_CHOWN").value_or(-1), 0);
  CHECK_EQ(capabilities::number("sys_admin").value_or(-1), 21);
  CHECK_EQ(capabilities::number("CAP_CHECKPOINT_RESTORE").value_or(-1), 40);
  CHECK(!capabilities::number("CAP_NO_SUCH"));
  CHECK(!capabilities::number(""));
  CHECK_EQ(capabilities::name(31), "CAP_SETFCAP");
  CHECK_EQ(capabilities::name(41), "");
  CHECK_EQ(capabilities::name(-1), "");
}

TEST(the_kernels_last_capability) {
  std::ifstream file("/proc/sys/kernel/cap_last_cap");
  int last = -1;
  file >> last;
  CHECK_EQ(capabilities::last_of_kernel(), last);
}

TEST(unknown_capabilities_are_reported_once_and_left_out) {
  spec::Capabilities wanted;
  wanted.bounding = {"CAP_KILL", "CAP_FROM_THE_FUTURE"};
  wanted.permitted = {"CAP_FROM_THE_FUTURE", "kill"};
  std::vector<std::string> unknown;
  const auto sets = capabilities::from_spec(wanted, &unknown);
  CHECK_EQ(sets.bounding, uint64_t{1} << 5);
  CHECK_EQ(sets.permitted, uint64_t{0});
  CHECK_EQ(unknown.size(), size_t{2});
  CHECK_EQ(unknown[0], "CAP_FROM_THE_FUTURE");
  CHECK_EQ(unknown[1], "kill");
}

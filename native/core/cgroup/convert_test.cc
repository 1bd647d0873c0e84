#include "core/cgroup/convert.h"

#include "core/testing.h"

using namespace slipway::cgroup;

TEST(shares_become_weights) {
  CHECK_EQ(weight_from_shares(0), uint64_t{0});
  CHECK_EQ(weight_from_shares(1), uint64_t{1});
  CHECK_EQ(weight_from_shares(2), uint64_t{1});
  CHECK_EQ(weight_from_shares(1024), uint64_t{100});
  CHECK_EQ(weight_from_shares(262144), uint64_t{10000});
  CHECK_EQ(weight_from_shares(1000000), uint64_t{10000});
  uint64_t before = 0;
  for (uint64_t shares = 2; shares <= 262144; shares += 97) {
    const uint64_t weight = weight_from_shares(shares);
    CHECK(weight >= before && weight >= 1 && weight <= 10000);
    before = weight;
  }
}

TEST(block_io_weights) {
  CHECK_EQ(io_weight_from_blkio(0), uint64_t{0});
  CHECK_EQ(io_weight_from_blkio(10), uint64_t{1});
  CHECK_EQ(io_weight_from_blkio(500), uint64_t{4950});
  CHECK_EQ(io_weight_from_blkio(1000), uint64_t{10000});
  CHECK_EQ(io_weight_from_blkio(5), uint64_t{1});
}

TEST(swap_without_memory) {
  CHECK_EQ(*swap_alone(300, 100), 200);
  CHECK_EQ(*swap_alone(100, 100), 0);
  CHECK_EQ(*swap_alone(-1, 100), -1);
  CHECK_EQ(*swap_alone(0, 100), 0);
  CHECK_EQ(*swap_alone(0, -1), -1);
  CHECK_EQ(*swap_alone(500, -1), 500);
  CHECK(!swap_alone(50, 100));
  CHECK(!swap_alone(50, 0));
  CHECK(!swap_alone(50, -7));
}

#include <linux/bpf.h>

#include "core/cgroup/v1/controllers.h"
#include "core/cgroup/v2/controllers.h"
#include "core/testing.h"

using namespace slipway;
using namespace slipway::cgroup;

namespace {

std::string planned(const std::vector<spec::DeviceRule>& rules) {
  const auto writes = v1::plan_devices(rules);
  CHECK_OK(writes);
  std::string text;
  for (const auto& write : *writes) text += write.file.substr(8, 1) + " " + write.rule + "\n";
  return text;
}

// Runs the program as the kernel would: just the instructions that device_program() makes.
bool permitted(const std::vector<bpf_insn>& program, char type, uint32_t major, uint32_t minor, uint32_t access) {
  const uint32_t context[3] = {access << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major, minor};
  int64_t registers[11] = {};
  for (size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& each = program[at];
    int64_t& to = registers[each.dst_reg];
    switch (each.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        to = context[each.off / 4];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_X:
        to = registers[each.src_reg];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
        to = each.imm;
        break;
      case BPF_ALU64 | BPF_AND | BPF_K:
        to &= each.imm;
        break;
      case BPF_ALU64 | BPF_RSH | BPF_K:
        to = static_cast<int64_t>(static_cast<uint64_t>(to) >> each.imm);
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
        at += to != each.imm ? static_cast<size_t>(each.off) : 0;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += to == each.imm ? static_cast<size_t>(each.off) : 0;
        break;
      case BPF_JMP | BPF_EXIT:
        return registers[0] == 1;
      default:
        CHECK(!"an instruction that this test knows");
    }
  }
  CHECK(!"an exit before the end");
  return false;
}

std::vector<bpf_insn> program_for(const std::vector<spec::DeviceRule>& rules) {
  const auto matches = device_matches(rules);
  CHECK_OK(matches);
  return v2::device_program(*matches);
}

constexpr uint32_t rd = BPF_DEVCG_ACC_READ;
constexpr uint32_t wr = BPF_DEVCG_ACC_WRITE;
constexpr uint32_t mk = BPF_DEVCG_ACC_MKNOD;

}  // namespace

TEST(v1_with_no_rules_denies_all_but_the_default_devices) {
  CHECK_EQ(planned({}),
           "d a\na c *:* m\na b *:* m\na c 1:3 rw\na c 1:5 rw\na c 1:7 rw\na c 1:8 rw\na c 1:9 rw\na c 5:0 rw\n"
           "a c 5:2 rw\na c 136:* rw\n");
}

TEST(v1_rules_before_one_for_everything_are_not_written) {
  const std::string text = planned({{true, 'c', 10, 200, "rwm"}, {false, 'a', {}, {}, "rwm"}, {true, 'b', 8, 0, "r"}});
  CHECK(text.starts_with("d a\na b 8:0 r\n"));
  CHECK(text.find("10:200") == std::string::npos);
}

TEST(v1_everything_allowed_with_an_exception) {
  CHECK_EQ(planned({{true, 'a', {}, {}, ""}, {false, 'b', 8, 0, "w"}}), "a a\nd b 8:0 w\n");
  // The exception taken back.
  CHECK_EQ(planned({{true, 'a', -1, -1, "rwm"}, {false, 'b', 8, 0, "w"}, {true, 'b', 8, -1, "rw"}}),
           "a a\nd b 8:0 w\na b 8:0 w\n");
}

TEST(v1_cannot_cut_a_hole_into_a_wildcard) {
  const auto writes = v1::plan_devices({{true, 'c', 10, {}, "rw"}, {false, 'c', 10, 200, "rw"}});
  CHECK(!writes);
  CHECK(writes.error().message.starts_with("linux.resources.devices[1]: "));
}

TEST(device_access_is_checked) {
  const auto writes = v1::plan_devices({{true, 'c', 10, 200, "rx"}});
  CHECK(!writes);
  CHECK(writes.error().message.starts_with("linux.resources.devices[0].access: "));
}

TEST(v2_program_default_devices) {
  const auto program = program_for({{false, 'a', {}, {}, "rwm"}});
  CHECK(permitted(program, 'c', 1, 3, rd | wr));
  CHECK(permitted(program, 'c', 136, 7, rd | wr));
  CHECK(permitted(program, 'c', 10, 200, mk));
  CHECK(permitted(program, 'b', 8, 0, mk));
  CHECK(!permitted(program, 'c', 10, 200, rd));
  CHECK(!permitted(program, 'b', 8, 0, rd));
  CHECK(!permitted(program, 'b', 8, 0, mk | rd));
}

TEST(v2_program_the_last_rule_decides_per_access) {
  const auto program = program_for({{true, 'c', 10, {}, "rw"}, {false, 'c', 10, 200, "w"}});
  CHECK(permitted(program, 'c', 10, 1, rd | wr));
  CHECK(permitted(program, 'c', 10, 200, rd));
  CHECK(!permitted(program, 'c', 10, 200, wr));
  CHECK(!permitted(program, 'c', 10, 200, rd | wr));
  // Two rules together allow what neither allows alone.
  const auto both = program_for({{true, 'b', 8, 1, "r"}, {true, 'b', 8, 1, "w"}});
  CHECK(permitted(both, 'b', 8, 1, rd | wr));
  CHECK(!permitted(both, 'b', 8, 2, rd));
  CHECK(!permitted(both, 'c', 8, 1, rd));
}

TEST(v2_program_everything_allowed) {
  const auto program = program_for({{true, 'a', {}, {}, "rwm"}});
  CHECK(permitted(program, 'b', 8, 0, rd | wr | mk));
  CHECK(permitted(program, 'c', 4095, 1048575, rd));
}

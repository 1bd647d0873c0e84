#include <linux/bpf.h>

#include <vector>

#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {
namespace {

// Registers: r1 is the kernel's struct bpf_cgroup_dev_ctx at the start.
constexpr uint8_t result = BPF_REG_0;
constexpr uint8_t context = BPF_REG_1;
constexpr uint8_t type = BPF_REG_2;
constexpr uint8_t access = BPF_REG_3;
constexpr uint8_t major = BPF_REG_4;
constexpr uint8_t minor = BPF_REG_5;
constexpr uint8_t scratch = BPF_REG_6;

bpf_insn load(uint8_t to, int16_t offset) {
  return {BPF_LDX | BPF_MEM | BPF_W, to, context, offset, 0};
}
bpf_insn copy(uint8_t to, uint8_t from) {
  return {BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0};
}
bpf_insn set(uint8_t to, int32_t value) {
  return {BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value};
}
bpf_insn mask(uint8_t to, int32_t value) {
  return {BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, value};
}
bpf_insn shift_right(uint8_t to, int32_t bits) {
  return {BPF_ALU64 | BPF_RSH | BPF_K, to, 0, 0, bits};
}
// Skips `count` instructions.
bpf_insn skip_unless_equal(uint8_t what, int32_t value, int16_t count) {
  return {BPF_JMP | BPF_JNE | BPF_K, what, 0, count, value};
}
bpf_insn skip_if_equal(uint8_t what, int32_t value, int16_t count) {
  return {BPF_JMP | BPF_JEQ | BPF_K, what, 0, count, value};
}
bpf_insn leave() {
  return {BPF_JMP | BPF_EXIT, 0, 0, 0, 0};
}

int32_t kernel_access(uint32_t bits) {
  return ((bits & device_read) ? BPF_DEVCG_ACC_READ : 0) | ((bits & device_write) ? BPF_DEVCG_ACC_WRITE : 0) |
         ((bits & device_mknod) ? BPF_DEVCG_ACC_MKNOD : 0);
}

// What a rule does once type and numbers match.
std::vector<bpf_insn> verdict(const DeviceMatch& match) {
  if (match.allow)  // these accesses are settled; allowed when no other is asked for
    return {mask(access, ~kernel_access(match.access)), skip_unless_equal(access, 0, 2), set(result, 1), leave()};
  return {copy(scratch, access), mask(scratch, kernel_access(match.access)), skip_if_equal(scratch, 0, 2),
          set(result, 0), leave()};
}

}  // namespace

std::vector<bpf_insn> device_program(const std::vector<DeviceMatch>& matches) {
  // access_type holds the access in the upper and the device's type in the lower half.
  std::vector<bpf_insn> program = {load(type, 0),           copy(access, type), mask(type, 0xffff),
                                   shift_right(access, 16), load(major, 4),     load(minor, 8)};
  // The last rule that speaks of an access decides, so the rules are asked from the last to the first.
  for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
    const std::vector<bpf_insn> then = verdict(*match);
    std::vector<bpf_insn> tests = {
        skip_unless_equal(type, match->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, 0)};
    if (match->major >= 0) tests.push_back(skip_unless_equal(major, static_cast<int32_t>(match->major), 0));
    if (match->minor >= 0) tests.push_back(skip_unless_equal(minor, static_cast<int32_t>(match->minor), 0));
    for (size_t i = 0; i < tests.size(); ++i) tests[i].off = static_cast<int16_t>(tests.size() - i - 1 + then.size());
    program.insert(program.end(), tests.begin(), tests.end());
    program.insert(program.end(), then.begin(), then.end());
  }
  program.push_back(set(result, 0));
  program.push_back(leave());
  return program;
}

}  // namespace slipway::cgroup::v2

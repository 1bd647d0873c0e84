#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>

#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {
namespace {

constexpr const char* field = "linux.resources.devices";

int bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

// Before 5.11 a program's memory counts against RLIMIT_MEMLOCK, for all of the user's programs together.
void lift_memlock() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

Result<Fd> load(const std::vector<bpf_insn>& program) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<uint64_t>(program.data());
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.license = reinterpret_cast<uint64_t>("Apache-2.0");
  constexpr char name[] = "slipway_devices";
  static_assert(sizeof name <= sizeof attributes.prog_name);
  std::memcpy(attributes.prog_name, name, sizeof name);
  int fd = bpf(BPF_PROG_LOAD, attributes);
  if (fd < 0 && errno == EPERM) {
    lift_memlock();
    fd = bpf(BPF_PROG_LOAD, attributes);
  }
  if (fd < 0) return Error::system("bpf(BPF_PROG_LOAD)").with_context(field);
  return Fd(fd);
}

// Ids of the device programs that are attached to this very cgroup.
Result<std::vector<uint32_t>> attached(int cgroup) {
  std::array<uint32_t, 64> ids{};
  bpf_attr attributes{};
  attributes.query.target_fd = static_cast<uint32_t>(cgroup);
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = reinterpret_cast<uint64_t>(ids.data());
  attributes.query.prog_cnt = ids.size();
  if (bpf(BPF_PROG_QUERY, attributes) < 0) return Error::system("bpf(BPF_PROG_QUERY)").with_context(field);
  return std::vector<uint32_t>(ids.begin(), ids.begin() + attributes.query.prog_cnt);
}

Fd program_by_id(uint32_t id) {
  bpf_attr attributes{};
  attributes.prog_id = id;
  return Fd(bpf(BPF_PROG_GET_FD_BY_ID, attributes));
}

Result<void> attach(int cgroup, int program, int replaced, const std::string& path) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  // MULTI: a program further down can only restrict more.
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (replaced >= 0) {
    attributes.attach_flags |= BPF_F_REPLACE;  // kernel 5.6: no moment without a program
    attributes.replace_bpf_fd = static_cast<uint32_t>(replaced);
  }
  if (bpf(BPF_PROG_ATTACH, attributes) < 0) return Error::system("bpf(BPF_PROG_ATTACH)", path).with_context(field);
  return {};
}

Result<void> detach(int cgroup, int program) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<uint32_t>(cgroup);
  attributes.attach_bpf_fd = static_cast<uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_DETACH, attributes) < 0) return Error::system("bpf(BPF_PROG_DETACH)").with_context(field);
  return {};
}

}  // namespace

Result<void> set_devices(const Directory& directory, const std::vector<spec::DeviceRule>& rules) {
  TRY_ASSIGN(const std::vector<DeviceMatch> matches, device_matches(rules));
  const Fd cgroup(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!cgroup) return Error::system("open", directory.path()).with_context(field);
  TRY_ASSIGN(const std::vector<uint32_t> old_ids, attached(cgroup.get()));
  TRY_ASSIGN(const Fd program, load(device_program(matches)));

  if (old_ids.size() == 1) {
    const Fd old = program_by_id(old_ids[0]);
    if (old && attach(cgroup.get(), program.get(), old.get(), directory.path())) return {};
  }
  TRY(attach(cgroup.get(), program.get(), -1, directory.path()));
  for (const uint32_t id : old_ids)
    if (const Fd old = program_by_id(id)) TRY(detach(cgroup.get(), old.get()));
  return {};
}

}  // namespace slipway::cgroup::v2

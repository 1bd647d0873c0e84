#include "core/cgroup/hierarchy.h"

#include "core/cgroup/paths.h"
#include "core/testing.h"

using namespace slipway::cgroup;

namespace {

constexpr const char* v1_mounts =
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpuacct,cpu\n"
    "33 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "34 31 0:31 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n";
constexpr const char* v2_hybrid_mount = "35 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
constexpr const char* v2_mount = "35 31 0:38 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw\n";

}  // namespace

TEST(hierarchies_of_a_legacy_machine) {
  const auto found =
      parse_hierarchies(v1_mounts, "4:memory:/a\n3:cpu,cpuacct:/b/c\n2:pids:/not/mounted\n1:name=systemd:/\n");
  CHECK(found.mode() == Mode::legacy);
  CHECK_EQ(found.all.size(), size_t{3});
  CHECK_EQ(found.find_v1("cpuacct")->mount, "/sys/fs/cgroup/cpu,cpuacct");
  CHECK_EQ(found.find_v1("cpu")->own, "/b/c");
  CHECK_EQ(found.find_v1("memory")->own, "/a");
  CHECK_EQ(found.find_v1("name=systemd")->mount, "/sys/fs/cgroup/systemd");
  CHECK(found.find_v1("pids") == nullptr);
  CHECK(found.find_unified() == nullptr);
}

TEST(hierarchies_of_hybrid_and_unified_machines) {
  const auto hybrid = parse_hierarchies(std::string(v1_mounts) + v2_hybrid_mount, "4:memory:/\n0::/x\n");
  CHECK(hybrid.mode() == Mode::hybrid);
  CHECK_EQ(hybrid.find_unified()->mount, "/sys/fs/cgroup/unified");
  CHECK_EQ(hybrid.find_unified()->own, "/x");
  const auto unified = parse_hierarchies(v2_mount, "0::/user.slice/user-1000.slice\n");
  CHECK(unified.mode() == Mode::unified);
  CHECK_EQ(unified.find_unified()->mount, "/sys/fs/cgroup");
  CHECK(parse_hierarchies("", "0::/\n").mode() == Mode::none);
}

TEST(a_mount_of_a_part_of_the_hierarchy) {
  // A container with the host's cgroup namespace: the mount's root is the container's own group.
  const auto nested = parse_hierarchies("33 31 0:30 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
                                        "4:memory:/docker/abc/inner\n");
  CHECK_EQ(nested.find_v1("memory")->own, "/inner");
  const auto at_root = parse_hierarchies("33 31 0:30 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
                                         "4:memory:/docker/abc\n");
  CHECK_EQ(at_root.find_v1("memory")->own, "/");
  // Names that only look alike are not below it.
  const auto beside = parse_hierarchies("33 31 0:30 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
                                        "4:memory:/docker/abcdef\n");
  CHECK_EQ(beside.find_v1("memory")->own, "/");
}

TEST(a_cgroup_namespace_hides_the_names_above) {
  const auto hidden = parse_hierarchies("33 31 0:30 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n");
  CHECK_EQ(hidden.find_unified()->own, "/");
  const auto outside = parse_hierarchies(v2_mount, "0::/../sibling\n");
  CHECK_EQ(outside.find_unified()->own, "/");
}

TEST(the_mount_that_shows_our_own_group_counts) {
  const auto found = parse_hierarchies(
      "33 31 0:30 /other /mnt/partial rw - cgroup2 cgroup2 rw\n"
      "34 31 0:30 / /sys/fs/with\\040space rw - cgroup2 cgroup2 rw\n",
      "0::/mine\n");
  CHECK_EQ(found.find_unified()->mount, "/sys/fs/with space");
  CHECK_EQ(found.find_unified()->own, "/mine");
}

TEST(cgroup_paths) {
  const Hierarchy v1{false, "memory", "/sys/fs/cgroup/memory", "/session"};
  CHECK_EQ(group_path(v1, Mode::hybrid, "/docker/abc", "id"), "/sys/fs/cgroup/memory/docker/abc");
  CHECK_EQ(group_path(v1, Mode::hybrid, "part", "id"), "/sys/fs/cgroup/memory/session/part");
  CHECK_EQ(group_path(v1, Mode::hybrid, "", "id"), "/sys/fs/cgroup/memory/session/id");
  CHECK_EQ(group_path(v1, Mode::hybrid, "/a/../../../b/./c//", "id"), "/sys/fs/cgroup/memory/b/c");
  CHECK_EQ(group_path(v1, Mode::hybrid, "../../../up", "id"), "/sys/fs/cgroup/memory/session/up");

  const Hierarchy v2{true, "", "/sys/fs/cgroup", "/user.slice/session.scope"};
  CHECK_EQ(group_path(v2, Mode::unified, "/docker/abc", "id"), "/sys/fs/cgroup/docker/abc");
  CHECK_EQ(group_path(v2, Mode::unified, "part", "id"), "/sys/fs/cgroup/user.slice/part");
  const Hierarchy root{true, "", "/sys/fs/cgroup", "/"};
  CHECK_EQ(group_path(root, Mode::unified, "", "id"), "/sys/fs/cgroup/id");
}

TEST(systemd_unit_names) {
  const auto docker = unit_name("system.slice:docker:abc", "id", false);
  CHECK_OK(docker);
  CHECK_EQ(docker->slice, "system.slice");
  CHECK_EQ(docker->unit, "docker-abc.scope");
  CHECK_EQ(unit_name(":libpod:x", "id", true)->slice, "user.slice");
  CHECK_EQ(unit_name("a.slice::x", "id", false)->unit, "x.scope");
  CHECK_EQ(unit_name("", "id", false)->unit, "slipway-id.scope");
  for (const char* bad : {"/docker/abc", "a.slice:b", "a.slice:b:c:d", "a:b:c", "a.slice:b:", "a.slice:b:c/d"})
    CHECK(!unit_name(bad, "id", false));
}

// The whole life of a cgroup on this machine's own trees.
#include "core/cgroup/cgroup.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/testing.h"

using namespace slipway;
using namespace slipway::cgroup;

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Cgroup planned(const std::string& name) {
  Options options;
  options.id = "slipway-test-" + name + "-" + std::to_string(::getpid());
  options.cgroups_path = "/" + options.id;
  auto cgroup = Cgroup::plan(options);
  CHECK_OK(cgroup);
  return *std::move(cgroup);
}

void needs_root() {
  if (::geteuid() != 0) SKIP("only root may make cgroups here");
}

// A child that enters by itself, says so, and then waits for a signal.
pid_t start_child(const Cgroup& cgroup) {
  auto entrance = cgroup.entrance();
  CHECK_OK(entrance);
  int ready[2];
  CHECK_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const char* failed = nullptr;
    const char answer = entrance->enter(false, &failed) == 0 ? 'y' : 'n';
    (void)!::write(ready[1], &answer, 1);
    for (;;) ::pause();
  }
  char answer = 0;
  CHECK_EQ(::read(ready[0], &answer, 1), ssize_t{1});
  ::close(ready[0]);
  ::close(ready[1]);
  CHECK_EQ(answer, 'y');
  return child;
}

}  // namespace

TEST(planning_makes_nothing_and_destroying_nothing_is_fine) {
  needs_root();
  const Cgroup cgroup = planned("plan");
  CHECK(!cgroup.saved().paths.empty());
  for (const auto& [controllers, path] : cgroup.saved().paths) CHECK(!exists(path));
  CHECK_OK(cgroup.destroy());
}

TEST(a_process_enters_every_hierarchy_is_frozen_counted_and_killed) {
  needs_root();
  Cgroup cgroup = planned("life");
  CHECK_OK(cgroup.make(nullptr));
  const pid_t child = start_child(cgroup);
  const std::string where = contents("/proc/" + std::to_string(child) + "/cgroup");
  for (const auto& [controllers, path] : cgroup.saved().paths)
    if (controllers != "cpuset") CHECK(where.find(":" + controllers + ":/slipway-test-") != std::string::npos);

  const auto pids = cgroup.pids();
  CHECK_OK(pids);
  CHECK_EQ(pids->size(), size_t{1});
  CHECK_EQ(pids->front(), child);

  CHECK_OK(cgroup.freeze());
  CHECK(*cgroup.frozen());
  CHECK_OK(cgroup.kill_all(SIGKILL));  // kills frozen processes too
  int status = 0;
  CHECK_EQ(::waitpid(child, &status, 0), child);
  CHECK_EQ(WTERMSIG(status), SIGKILL);
  CHECK_OK(cgroup.destroy());
  for (const auto& [controllers, path] : cgroup.saved().paths) CHECK(!exists(path));
}

TEST(a_group_below_is_found_and_removed) {
  needs_root();
  Cgroup cgroup = planned("below");
  CHECK_OK(cgroup.make(nullptr));
  std::string path;
  for (const auto& [controllers, each] : cgroup.saved().paths)
    if (controllers != "cpuset") {
      ::mkdir((each + "/inner").c_str(), 0755);
      path = each;
    }
  const pid_t child = start_child(cgroup);
  const std::string unified = cgroup.path("");
  std::ofstream((unified.empty() ? path : unified) + "/inner/cgroup.procs") << child << std::endl;
  const auto pids = cgroup.pids();
  CHECK_OK(pids);
  CHECK(std::find(pids->begin(), pids->end(), child) != pids->end());
  CHECK_OK(cgroup.kill_all(SIGTERM));
  ::waitpid(child, nullptr, 0);
  CHECK_OK(cgroup.destroy());
  CHECK(!exists(path));
}

TEST(a_cgroup_in_use_is_refused) {
  needs_root();
  Cgroup first = planned("shared");
  CHECK_OK(first.make(nullptr));
  const pid_t child = start_child(first);
  Cgroup second = planned("shared");
  const auto made = second.make(nullptr);
  CHECK(!made);
  CHECK(made.error().message.find("already has processes") != std::string::npos);
  CHECK(made.error().message.starts_with("linux.cgroupsPath"));
  CHECK_OK(first.kill_all(SIGKILL));
  ::waitpid(child, nullptr, 0);
  CHECK_OK(first.destroy());
}

TEST(limits_are_written_and_a_cpuset_comes_when_it_is_needed) {
  needs_root();
  Cgroup cgroup = planned("limits");
  CHECK_OK(cgroup.make(nullptr));
  const pid_t child = start_child(cgroup);
  spec::Resources resources;
  resources.memory = spec::Memory{.limit = 64 << 20};
  resources.cpu = spec::Cpu{.quota = 50000, .period = 100000, .cpus = "0"};
  const auto applied = cgroup.apply(resources, true);
  CHECK_OK(applied);
  if (const std::string memory = cgroup.path("memory"); !memory.empty())
    CHECK_EQ(contents(memory + "/memory.limit_in_bytes"), "67108864\n");
  if (const std::string cpuset = cgroup.path("cpuset"); !cpuset.empty()) {
    CHECK_EQ(contents(cpuset + "/cpuset.cpus"), "0\n");
    CHECK_EQ(contents(cpuset + "/cgroup.procs"), std::to_string(child) + "\n");
  }
  const auto stats = cgroup.stats();
  CHECK_OK(stats);
  CHECK(stats->memory && stats->memory->usage.limit == 67108864);
  CHECK_OK(cgroup.kill_all(SIGKILL));
  ::waitpid(child, nullptr, 0);
  CHECK_OK(cgroup.destroy());
}

TEST(a_limit_that_the_kernel_refuses_names_the_field_and_the_file) {
  needs_root();
  Cgroup cgroup = planned("refused");
  CHECK_OK(cgroup.make(nullptr));
  spec::Resources resources;
  resources.cpu = spec::Cpu{.quota = 7};
  const auto applied = cgroup.apply(resources, false);
  CHECK(!applied);
  CHECK(applied.error().message.starts_with("linux.resources.cpu.quota: cannot set 7"));
  resources.cpu.reset();
  resources.rdma["nothing0"] = spec::Rdma{.hca_handles = 1};
  const auto lacking = cgroup.apply(resources, false);
  if (cgroup.path("rdma").empty()) CHECK(!lacking && lacking.error().message.starts_with("linux.resources.rdma"));
  CHECK_OK(cgroup.destroy());
}

#include "core/cgroup/stats.h"

#include <rapidjson/document.h>

#include "core/cgroup/text.h"
#include "core/cgroup/wishes.h"
#include "core/testing.h"

using namespace slipway;
using namespace slipway::cgroup;

TEST(kernel_texts) {
  CHECK_EQ(split("a,,b,", ',').size(), size_t{2});
  CHECK_EQ(parse_number("42\n").value_or(0), uint64_t{42});
  CHECK_EQ(parse_number("max\n").value_or(0), UINT64_MAX);
  CHECK(!parse_number("4x"));
  CHECK(!parse_number(""));
  CHECK_EQ(keyed_number("populated 1\nfrozen 0\n", "frozen").value_or(9), uint64_t{0});
  CHECK(!keyed_number("oom_kill_disable 1\n", "oom_kill"));
  CHECK_EQ(keyed_numbers("a 1\nb 2\nodd\n").size(), size_t{2});
}

TEST(stats_as_runc_prints_them) {
  Stats stats;
  stats.cpu = CpuStats{.total = 30, .user = 20, .kernel = 10, .per_cpu = {14, 16}};
  stats.memory = MemoryStats{};
  stats.memory->usage = {1000, 500, 700, 2};
  stats.memory->raw = {{"cache", 12}};
  stats.pids = PidsStats{3, 10};
  stats.block_io = BlockIoStats{{{8, 0, "Read", 4096}}, {}};
  stats.hugetlb["2MB"] = {1, 2, 3};
  rapidjson::Document json;
  json.Parse(to_json(stats).c_str());
  CHECK(!json.HasParseError());
  CHECK_EQ(json["cpu"]["usage"]["total"].GetUint64(), uint64_t{30});
  CHECK_EQ(json["cpu"]["usage"]["percpu"][1].GetUint64(), uint64_t{16});
  CHECK_EQ(json["memory"]["usage"]["max"].GetUint64(), uint64_t{700});
  CHECK_EQ(json["memory"]["raw"]["cache"].GetUint64(), uint64_t{12});
  CHECK_EQ(json["pids"]["limit"].GetUint64(), uint64_t{10});
  CHECK_EQ(json["blkio"]["ioServiceBytesRecursive"][0]["op"].GetString(), std::string("Read"));
  CHECK_EQ(json["hugetlb"]["2MB"]["failcnt"].GetUint64(), uint64_t{3});
  CHECK(json["network_interfaces"].IsNull());
}

TEST(wishes_name_the_first_field) {
  spec::Resources resources;
  CHECK(wishes(resources).empty());
  resources.memory = spec::Memory{.limit = 0, .swap = 5};
  resources.pids = spec::Pids{-1};
  resources.cpu = spec::Cpu{.cpus = "0"};
  resources.network = spec::Network{.class_id = 7, .priorities = {}};
  const auto all = wishes(resources);
  CHECK_EQ(all.size(), size_t{3});
  CHECK_EQ(all[0].field, "linux.resources.memory.swap");
  CHECK_EQ(all[1].field, "linux.resources.cpu.cpus");
  CHECK_EQ(all[2].field, "linux.resources.network.classID");
}

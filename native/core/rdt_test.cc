#include "core/rdt.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "core/testing.h"

using namespace slipway;

TEST(rdt_where_there_is_none_is_an_error_that_says_so) {
  const auto made = rdt::make({}, "box", "/no/such/resctrl");
  CHECK(!made);
  CHECK(made.error().message.starts_with("linux.intelRdt: cannot be applied: "));
  CHECK(!rdt::available("/no/such/resctrl"));
}

TEST(a_class_that_exists_must_have_the_same_schemata) {
  char name[] = "/tmp/slipway-rdt-XXXXXX";
  const std::string mount = ::mkdtemp(name);
  std::ofstream(mount + "/schemata") << "";
  ::mkdir((mount + "/gold").c_str(), 0755);
  std::ofstream(mount + "/gold/schemata") << "    L3:0=ff\n    MB:0=50\n";
  spec::IntelRdt wanted;
  wanted.clos_id = "gold";
  wanted.l3_cache_schema = "L3:0=ff";
  const auto found = rdt::make(wanted, "box", mount);
  CHECK_OK(found);
  CHECK(!found->ours);
  wanted.mem_bw_schema = "MB:0=50";
  wanted.schemata = {"L3:0=ff", "MB:0=50"};
  CHECK_OK(rdt::make(wanted, "box", mount));
  wanted.schemata = {"MB:0=51"};
  CHECK(!rdt::make(wanted, "box", mount));
  wanted.schemata.clear();
  wanted.mem_bw_schema = "MB:0=51";
  CHECK(!rdt::make(wanted, "box", mount));
  wanted.mem_bw_schema.clear();
  wanted.l3_cache_schema = "L3:0=0f";
  CHECK(!rdt::make(wanted, "box", mount));
  wanted.clos_id = "../gold";
  CHECK(!rdt::make(wanted, "box", mount));
  (void)!::system(("rm -r " + mount).c_str());  // NOLINT: the name is our own
}

TEST(monitoring_is_a_group_of_the_containers_own_in_the_class) {
  char name[] = "/tmp/slipway-rdt-XXXXXX";
  const std::string mount = ::mkdtemp(name);
  std::ofstream(mount + "/schemata") << "";
  ::mkdir((mount + "/gold").c_str(), 0755);
  ::mkdir((mount + "/gold/mon_groups").c_str(), 0755);
  std::ofstream(mount + "/gold/schemata") << "L3:0=ff\n";
  spec::IntelRdt wanted;
  wanted.clos_id = "gold";
  wanted.enable_monitoring = true;
  CHECK_OK(rdt::make(wanted, "box", mount));
  struct stat status {};
  CHECK(::stat((mount + "/gold/mon_groups/box").c_str(), &status) == 0);
  (void)!::system(("rm -r " + mount).c_str());  // NOLINT: the name is our own
}

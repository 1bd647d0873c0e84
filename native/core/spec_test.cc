#include "core/spec.h"

#include "core/testing.h"

namespace slipway {
namespace {

const std::string head = R"({"ociVersion":"1.2.0","root":{"path":"r"},)";

std::string error_of(const std::string& rest) {
  const auto spec = parse_spec(head + rest, "c");
  return spec ? "" : spec.error().message;
}

TEST(absent_and_null_fields_are_empty) {
  const auto spec = parse_spec(head + R"("process":null,"linux":{"resources":{"memory":{"limit":null}}}})", "c");
  CHECK_OK(spec);
  CHECK(!spec->process);
  CHECK(spec->linux.resources->memory.has_value());
  CHECK(!spec->linux.resources->memory->limit);
  CHECK(!spec->linux.resources->cpu);
}

TEST(of_a_key_that_is_there_twice_the_last_counts) {
  const auto spec = parse_spec(head + R"("hostname":"a","hostname":"b","linux":{"namespaces":[{"type":"uts"}]}})", "c");
  CHECK_OK(spec);
  CHECK_EQ(spec->hostname, "b");
}

TEST(integers_keep_their_range) {
  CHECK_EQ(error_of(R"("linux":{"resources":{"pids":{"limit":1.5}}}})"),
           "c: linux.resources.pids.limit: must be an integer from -9223372036854775808 to 9223372036854775807");
  CHECK_EQ(error_of(R"("linux":{"resources":{"network":{"classID":4294967296}}}})"),
           "c: linux.resources.network.classID: must be an integer from 0 to 4294967295");
  const auto spec = parse_spec(head + R"("linux":{"resources":{"cpu":{"shares":18446744073709551615}}}})", "c");
  CHECK_OK(spec);
  CHECK_EQ(*spec->linux.resources->cpu->shares, UINT64_MAX);
}

TEST(paths_of_fields_name_list_members_and_keys) {
  CHECK_EQ(error_of(R"("mounts":[{"destination":"/a"},{"destination":7}]})"),
           "c: mounts[1].destination: must be a string");
  CHECK_EQ(error_of(R"("annotations":{"org.x":1}})"), "c: annotations.org.x: must be a string");
}

TEST(relative_destinations_are_below_the_root) {
  const auto spec =
      parse_spec(head + R"("mounts":[{"destination":"data"}],"linux":{"namespaces":[{"type":"mount"}]}})", "c");
  CHECK_OK(spec);
  CHECK_EQ(spec->mounts[0].destination, "/data");
}

TEST(a_process_document_needs_arguments_and_a_directory) {
  CHECK(!parse_process(R"({"args":["a"]})", "p"));
  CHECK(!parse_process(R"({"cwd":"/"})", "p"));
  const auto process = parse_process(R"({"args":["a"],"cwd":"/","env":["A=b=c"]})", "p");
  CHECK_OK(process);
  CHECK_EQ(process->env[0], "A=b=c");
}

TEST(deep_nesting_is_no_danger) {
  const std::string deep(1 << 20, '[');
  CHECK(!parse_spec(deep, "c"));
}

}  // namespace
}  // namespace slipway

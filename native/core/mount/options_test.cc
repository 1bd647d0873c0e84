#include "core/mount/options.h"

#include <sys/mount.h>

#include "core/kernel.h"
#include "core/testing.h"

namespace slipway::mount {
namespace {

Options parse(std::vector<std::string> words) {
  return parse_options({"/d", "tmpfs", "s", std::move(words), {}, {}});
}

TEST(the_later_of_two_opposites_wins) {
  CHECK_EQ(parse({"ro", "rw"}).set & MOUNT_ATTR_RDONLY, 0U);
  CHECK_EQ(parse({"rw", "ro"}).set & MOUNT_ATTR_RDONLY, uint64_t{MOUNT_ATTR_RDONLY});
}

TEST(recursive_attributes_are_apart) {
  const Options options = parse({"rro", "rnosuid"});
  CHECK_EQ(options.set, 0U);
  CHECK_EQ(options.set_below, uint64_t{MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID});
}

TEST(setting_an_access_time_mode_clears_the_others) {
  const Options options = parse({"noatime"});
  CHECK_EQ(options.set, uint64_t{MOUNT_ATTR_NOATIME});
  CHECK_EQ(options.clear, uint64_t{MOUNT_ATTR__ATIME});
}

TEST(propagation_and_binding) {
  CHECK_EQ(parse({"rslave"}).propagation, uint64_t{MS_SLAVE});
  CHECK(parse({"rslave"}).propagation_below);
  CHECK(parse({"rbind"}).bind == Bind::recursive);
  CHECK(parse({"bind", "rbind"}).bind == Bind::recursive);
  CHECK(parse({"idmap"}).id_map == IdMap::one);
}

TEST(what_is_unknown_is_the_file_systems) {
  const Options options = parse({"size=1k", "newinstance", "defaults"});
  CHECK_EQ(options.parameters.size(), 2U);
  CHECK_EQ(options.parameters[0].key, "size");
  CHECK_EQ(options.parameters[0].value, "1k");
  CHECK(options.parameters[1].flag);
}

}  // namespace
}  // namespace slipway::mount

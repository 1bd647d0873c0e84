#include "core/cgroup/systemd/dbus.h"
#include "core/cgroup/systemd/gvariant.h"
#include "core/testing.h"

using namespace slipway;
using namespace slipway::cgroup;

namespace {

template <typename T>
T value_of(std::string_view text) {
  const auto value = systemd::parse_gvariant(text, "field");
  CHECK_OK(value);
  CHECK(std::holds_alternative<T>(*value));
  return std::get<T>(*value);
}

}  // namespace

TEST(dbus_messages_survive_the_way) {
  dbus::Writer body;
  body.string("unit.scope");
  body.boolean(true);
  const size_t begin = body.begin_array(8);
  body.align(8);
  body.string("Delegate");
  body.end_array(begin, 8);
  dbus::Message message;
  message.serial = 7;
  message.path = "/org/freedesktop/systemd1";
  message.interface = "org.freedesktop.systemd1.Manager";
  message.member = "SetUnitProperties";
  message.signature = "sba(s)";
  message.body = body.bytes();
  const std::string bytes = dbus::encode(message);
  CHECK_EQ(dbus::message_size(bytes).value_or(0), bytes.size());
  CHECK_EQ((bytes.size() - message.body.size()) % 8, size_t{0});
  const auto decoded = dbus::decode(bytes);
  CHECK_OK(decoded);
  CHECK_EQ(decoded->serial, 7U);
  CHECK_EQ(decoded->path, message.path);
  CHECK_EQ(decoded->member, message.member);
  CHECK_EQ(decoded->signature, message.signature);
  dbus::Reader reader(decoded->body);
  CHECK_EQ(reader.string(), "unit.scope");
  CHECK_EQ(reader.uint32(), 1U);
  CHECK(reader.ok());
}

TEST(malformed_dbus_messages_are_refused) {
  CHECK(!dbus::message_size("l"));
  CHECK_EQ(dbus::message_size(std::string(16, 'B')).value_or(1), size_t{0});
  dbus::Message message;
  message.path = "/x";
  std::string bytes = dbus::encode(message);
  bytes[20] = '\x7f';  // the length of the path
  CHECK(!dbus::decode(bytes));
  dbus::Reader reader("\xff\xff\xff\xff");
  CHECK_EQ(reader.string(), "");
  CHECK(!reader.ok());
}

TEST(gvariant_texts) {
  CHECK_EQ(value_of<bool>("true"), true);
  CHECK_EQ(value_of<int32_t>("5"), 5);
  CHECK_EQ(value_of<uint64_t>("uint64 5000000"), uint64_t{5000000});
  CHECK_EQ(value_of<std::string>("'inactive-or-failed'"), "inactive-or-failed");
  CHECK_EQ(value_of<std::vector<std::string>>("['a.service', \"b\"]").size(), size_t{2});
  for (const char* bad : {"", "maybe", "'open", "uint32 -1", "['a' 'b']", "uint64 99999999999999999999"})
    CHECK(!systemd::parse_gvariant(bad, "field"));
}

TEST(cpu_masks) {
  const auto mask = systemd::cpu_mask("0-2,9", "field");
  CHECK_OK(mask);
  CHECK_EQ(mask->size(), size_t{2});
  CHECK_EQ(int{(*mask)[0]}, 7);
  CHECK_EQ(int{(*mask)[1]}, 2);
  CHECK(!systemd::cpu_mask("2-1", "field"));
  CHECK(!systemd::cpu_mask("x", "field"));
}

#include "core/users.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>

#include "core/files.h"

namespace slipway {
namespace {

constexpr size_t largest_file = 4 << 20;

// A hostile file can be a FIFO, a device, endless or missing; then there are no accounts.
std::string read_accounts(const Inside& rootfs, const char* path) {
  const Result<Fd> fd = rootfs.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  struct stat status {};
  if (!fd || ::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  Result<std::string> content = read_all(fd->get(), largest_file, path);
  return content ? *std::move(content) : std::string();
}

// The first `count` of the line's colon-separated fields; false if it has fewer.
template <size_t count>
bool split(std::string_view line, std::array<std::string_view, count>& fields) {
  for (size_t i = 0; i < count; ++i) {
    const size_t colon = line.find(':');
    fields[i] = line.substr(0, colon);
    if (colon == line.npos) return i + 1 == count;
    line.remove_prefix(colon + 1);
  }
  return true;
}

template <typename Match>
std::optional<Account> find(std::string_view passwd, Match match) {
  while (!passwd.empty()) {
    const std::string_view line = passwd.substr(0, passwd.find('\n'));
    passwd.remove_prefix(std::min(line.size() + 1, passwd.size()));
    std::array<std::string_view, 6> fields;
    if (!split(line, fields)) continue;
    const auto uid = parse_id(fields[2]);
    const auto gid = parse_id(fields[3]);
    if (!uid || !gid || !match(fields[0], *uid)) continue;
    return Account{std::string(fields[0]), *uid, *gid, std::string(fields[5])};
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint32_t> parse_id(std::string_view text) {
  if (text.empty() || text.size() > 10) return std::nullopt;
  uint64_t number = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  // The highest value means "no id" to the kernel.
  if (number >= UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(number);
}

std::optional<Account> find_account(std::string_view passwd, uint32_t uid) {
  return find(passwd, [&](std::string_view, uint32_t its) { return its == uid; });
}

std::optional<Account> find_account(std::string_view passwd, std::string_view name) {
  return find(passwd, [&](std::string_view its, uint32_t) { return its == name; });
}

std::optional<uint32_t> find_group(std::string_view group, std::string_view name) {
  while (!group.empty()) {
    const std::string_view line = group.substr(0, group.find('\n'));
    group.remove_prefix(std::min(line.size() + 1, group.size()));
    std::array<std::string_view, 3> fields;
    if (!split(line, fields) || fields[0] != name) continue;
    if (const auto gid = parse_id(fields[2])) return gid;
  }
  return std::nullopt;
}

Result<Ids> resolve_user(std::string_view text, const Inside& rootfs) {
  // "-1" too is meant as a number, and refused as one: never a name that the image's files may give any meaning
  // (CVE-2026-46680).
  const auto is_number = [](std::string_view part) {
    if (part.starts_with('-') || part.starts_with('+')) part.remove_prefix(1);
    return !part.empty() && part.find_first_not_of("0123456789") == part.npos;
  };
  const size_t colon = text.find(':');
  const std::string_view user = text.substr(0, colon);
  Ids ids;
  if (is_number(user)) {
    const auto uid = parse_id(user);
    if (!uid) return Error::invalid("user", "'" + std::string(user) + "' is no user id (0 to 4294967294)");
    ids.uid = *uid;
  } else {
    const auto account = user.empty() ? std::nullopt : find_account(read_accounts(rootfs, "/etc/passwd"), user);
    if (!account)
      return Error::invalid("user",
                            "'" + std::string(user) + "' is neither a number nor in the container's /etc/passwd");
    ids = {account->uid, account->gid};
  }
  if (colon == text.npos) return ids;
  const std::string_view group = text.substr(colon + 1);
  const auto gid = is_number(group) ? parse_id(group) : find_group(read_accounts(rootfs, "/etc/group"), group);
  if (!gid || group.empty())
    return Error::invalid("group",
                          "'" + std::string(group) + "' is neither a number nor in the container's /etc/group");
  ids.gid = *gid;
  return ids;
}

std::string home_of(uint32_t uid, const Inside& rootfs) {
  const auto account = find_account(read_accounts(rootfs, "/etc/passwd"), uid);
  return account && account->home.starts_with('/') ? account->home : "/";
}

}  // namespace slipway

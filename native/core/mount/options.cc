#include "core/mount/options.h"

#include <sys/mount.h>

#include <algorithm>

#include "core/kernel.h"

namespace slipway::mount {
namespace {

// An option that changes attributes: the bits go into `set`, and for their opposites into `clear`.
struct Attribute {
  std::string_view name;
  uint64_t set;
  uint64_t clear;
};

// Every access-time mode is one value in the same bits, which have to be cleared before one of them is set.
constexpr uint64_t atime = MOUNT_ATTR__ATIME;

constexpr Attribute attributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"noatime", MOUNT_ATTR_NOATIME, atime},
    {"atime", MOUNT_ATTR_RELATIME, atime},
    {"relatime", MOUNT_ATTR_RELATIME, atime},
    {"norelatime", MOUNT_ATTR_STRICTATIME, atime},
    {"strictatime", MOUNT_ATTR_STRICTATIME, atime},
    {"nostrictatime", MOUNT_ATTR_RELATIME, atime},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

struct Propagation {
  std::string_view name;
  uint64_t type;
  bool below;
};

constexpr Propagation propagations[] = {
    {"private", MS_PRIVATE, false},       {"shared", MS_SHARED, false},         {"slave", MS_SLAVE, false},
    {"unbindable", MS_UNBINDABLE, false}, {"rprivate", MS_PRIVATE, true},       {"rshared", MS_SHARED, true},
    {"rslave", MS_SLAVE, true},           {"runbindable", MS_UNBINDABLE, true},
};

// Options of mount(8) that mean nothing, or what is so anyway; the kernel's file systems would refuse them as unknown.
constexpr std::string_view ignored[] = {"defaults", "async", "nomand", "noiversion", "nolazytime", "loud", "silent"};

// Flags of the superblock; to fsconfig(2) they are parameters like any other.
constexpr std::string_view super_flags[] = {"sync", "dirsync", "mand", "lazytime", "iversion"};

bool take_attribute(Options& out, std::string_view name) {
  for (const Attribute& attribute : attributes) {
    if (attribute.name == name) {
      out.clear = (out.clear & ~attribute.set) | attribute.clear;
      out.set = (out.set & ~attribute.clear) | attribute.set;
      return true;
    }
    if (name.size() == attribute.name.size() + 1 && name[0] == 'r' && name.substr(1) == attribute.name) {
      out.clear_below = (out.clear_below & ~attribute.set) | attribute.clear;
      out.set_below = (out.set_below & ~attribute.clear) | attribute.set;
      return true;
    }
  }
  return false;
}

bool take_propagation(Options& out, std::string_view name) {
  for (const Propagation& propagation : propagations) {
    if (propagation.name != name) continue;
    out.propagation = propagation.type;
    out.propagation_below = propagation.below;
    return true;
  }
  return false;
}

bool take_word(Options& out, std::string_view name) {
  if (name == "bind") {
    if (out.bind == Bind::no) out.bind = Bind::one;
  } else if (name == "rbind") {
    out.bind = Bind::recursive;
  } else if (name == "idmap") {
    out.id_map = IdMap::one;
  } else if (name == "ridmap") {
    out.id_map = IdMap::recursive;
  } else if (name == "tmpcopyup") {
    out.copy_up = true;
  } else if (name == "remount") {
    out.remount = true;
  } else {
    return std::find(std::begin(ignored), std::end(ignored), name) != std::end(ignored);
  }
  return true;
}

}  // namespace

Options parse_options(const spec::Mount& mount) {
  Options out;
  if (mount.type == "bind") out.bind = Bind::one;
  for (const std::string& option : mount.options) {
    if (option.empty() || take_attribute(out, option) || take_propagation(out, option) || take_word(out, option))
      continue;
    const size_t equals = option.find('=');
    if (equals == std::string::npos)
      out.parameters.push_back({option, "", true});
    else
      out.parameters.push_back({option.substr(0, equals), option.substr(equals + 1), false});
  }
  // Mappings without the option mean the same as with it.
  if (!mount.uid_mappings.empty() && out.id_map == IdMap::no)
    out.id_map = out.bind == Bind::recursive ? IdMap::recursive : IdMap::one;
  return out;
}

std::vector<std::string> known_options() {
  std::vector<std::string> names{"bind", "rbind", "idmap", "ridmap", "tmpcopyup", "remount"};
  for (const Attribute& attribute : attributes) {
    names.emplace_back(attribute.name);
    names.push_back("r" + std::string(attribute.name));
  }
  for (const Propagation& propagation : propagations) names.emplace_back(propagation.name);
  names.insert(names.end(), std::begin(ignored), std::end(ignored));
  names.insert(names.end(), std::begin(super_flags), std::end(super_flags));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace slipway::mount

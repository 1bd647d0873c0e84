// The options of a mount in config.json, sorted by what they do.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/spec.h"

namespace slipway::mount {

enum class Bind { no, one, recursive };
enum class IdMap { no, one, recursive };

struct Options {
  Bind bind = Bind::no;
  IdMap id_map = IdMap::no;
  bool copy_up = false;
  bool remount = false;

  // MOUNT_ATTR_* of this mount: to be set, and to be cleared. Setting wins.
  uint64_t set = 0;
  uint64_t clear = 0;
  // The same for it and all mounts below (rro, rnosuid, …).
  uint64_t set_below = 0;
  uint64_t clear_below = 0;

  // MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE or 0, and whether for all mounts below, too.
  uint64_t propagation = 0;
  bool propagation_below = false;

  // The file system's own parameters, in order; a parameter without "=" has an empty second part and is a flag.
  struct Parameter {
    std::string key;
    std::string value;
    bool flag = false;
  };
  std::vector<Parameter> parameters;
};

Options parse_options(const spec::Mount& mount);

// All that parse_options understands itself, for `features`.
std::vector<std::string> known_options();

}  // namespace slipway::mount

// Names of archive entries as paths inside a root.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace slipway::archive {

// The path without "", "." and ".." parts and without slashes at its ends: "usr/bin"; "" is the root itself. ".." takes
// back the part before it, by name; an error if it leads above the root.
Result<std::string> clean_path(std::string_view path);

struct SplitPath {
  std::string_view parent;  // "" for the root
  std::string_view name;
};
// Splits a clean path that is not "".
SplitPath split_path(std::string_view clean);

// OCI image-spec, "Whiteouts"; the names with two ".wh." are AUFS's own and the opaque mark.
inline constexpr std::string_view whiteout_prefix = ".wh.";
inline constexpr std::string_view whiteout_meta_prefix = ".wh..wh.";
inline constexpr std::string_view opaque_whiteout = ".wh..wh..opq";

// Attributes by which overlayfs itself works. An archive may not set them: a redirect would show any directory.
bool is_overlay_xattr(std::string_view name);
inline std::string opaque_xattr(bool user) {
  return user ? "user.overlay.opaque" : "trusted.overlay.opaque";
}

}  // namespace slipway::archive

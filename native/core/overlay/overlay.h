// Overlay mounts of any number of layers with paths of any length.
#pragma once

#include <string>
#include <vector>

#include "core/mount/options.h"
#include "core/result.h"

namespace slipway::overlay {

struct Options {
  std::vector<std::string> lower;  // topmost first
  std::string upper;               // both or none; none: read-only
  std::string work;
  std::string target;
  bool user_xattr = false;
  bool is_volatile = false;  // (no fsync, ever)
  mount::Options flags;      // nosuid, ro, …
};

// Mounts with redirect_dir=nofollow, metacopy=off and index=off: the upper directory always is a plain difference that
// can be packed as a layer, and layers from strangers can't redirect into other layers. Takes the new mount API where
// the kernel has "lowerdir+" (6.8), else mount(2) with descriptors' numbers for paths: its options must fit a page.
Result<void> mount(const Options& options);

// How mount() does it on older kernels; public for its tests. Runs a thread of its own.
Result<void> mount_classic(const Options& options);

}  // namespace slipway::overlay

// libFuzzer target for the reader of config.json: any bytes are either a configuration or one clear line. What is
// accepted is used as the runtime would use it before a container exists.
// Sources: core/json.cc core/spec*.cc core/mount/options.cc core/capabilities.cc core/seccomp_names.cc
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/mount/options.h"
#include "core/spec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto spec = slipway::parse_spec(text, "config.json");
  if (spec) {
    for (const slipway::spec::Mount& mount : spec->mounts) slipway::mount::parse_options(mount);
  } else if (spec.error().message.empty()) {
    ::abort();
  }
  (void)slipway::parse_process(text, "process.json");
  (void)slipway::parse_resources(text, "resources.json");
  return 0;
}

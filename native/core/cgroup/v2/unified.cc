#include <string>

#include "core/cgroup/text.h"
#include "core/cgroup/v2/controllers.h"

namespace slipway::cgroup::v2 {

Result<void> set_unified(const Directory& directory, const spec::StringMap& unified) {
  for (const auto& [file, value] : unified) {
    const std::string field = "linux.resources.unified['" + file + "']";
    if (file.empty() || file == "." || file == ".." || file.find('/') != std::string::npos)
      return Error::invalid(field, "is not the name of a file in a cgroup directory");
    if (!directory.has(file)) {
      const std::string controller = file.substr(0, file.find('.'));
      return unsupported(field, "'" + directory.file(file) + "' does not exist; is the controller '" + controller +
                                    "' in the parent's cgroup.subtree_control?");
    }
    // Files with a line per device take one line per write.
    for (std::string_view line : split(value, '\n')) TRY(directory.write(file, line, field));
  }
  return {};
}

}  // namespace slipway::cgroup::v2

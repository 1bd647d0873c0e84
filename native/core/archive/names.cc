#include "core/archive/names.h"

#include <climits>

namespace slipway::archive {

Result<std::string> clean_path(std::string_view path) {
  std::string out;
  for (std::string_view rest = path; !rest.empty();) {
    const size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (out.empty()) return Error::invalid("name", "'" + std::string(path) + "' leads out of the directory");
      const size_t last = out.rfind('/');
      out.resize(last == std::string::npos ? 0 : last);
      continue;
    }
    if (part.size() > NAME_MAX) return Error::from_errno(ENAMETOOLONG, "name", std::string(part.substr(0, 40)) + "…");
    if (!out.empty()) out.push_back('/');
    out.append(part);
  }
  return out;
}

SplitPath split_path(std::string_view clean) {
  const size_t slash = clean.rfind('/');
  if (slash == std::string_view::npos) return {{}, clean};
  return {clean.substr(0, slash), clean.substr(slash + 1)};
}

bool is_overlay_xattr(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
}

}  // namespace slipway::archive

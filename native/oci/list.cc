#include <algorithm>

#include "oci/args.h"
#include "oci/context.h"
#include "oci/state_json.h"

namespace slipway::oci {
namespace {

std::string table(const std::vector<container::State>& all) {
  std::vector<std::vector<std::string>> rows{{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const container::State& state : all)
    rows.push_back({state.id, std::to_string(state.status == container::Status::stopped ? 0 : state.pid),
                    std::string(container::to_string(state.status)), state.bundle, state.created,
                    state.owner == 0 ? "root" : std::to_string(state.owner)});
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows)
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());
  std::string text;
  for (const auto& row : rows) {
    for (size_t column = 0; column < row.size(); ++column) {
      text += row[column];
      if (column + 1 < row.size()) text.append(std::max<size_t>(widths[column] + 3, 12) - row[column].size(), ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace

Result<int> list(const Context& context, const std::vector<std::string>& words) {
  const std::array flags{value("format", "f"), on_off("quiet", "q")};
  TRY_ASSIGN(const Arguments arguments, Arguments::parse(words, flags, false));
  const std::string format = arguments.get("format", "table");
  if (format != "table" && format != "json") return Error::invalid("--format", "must be table or json");
  TRY_ASSIGN(const std::vector<container::State> all, container::list(context.runtime));
  std::string text;
  if (arguments.on("quiet")) {
    for (const container::State& state : all) text += state.id + "\n";
    return print(text);
  }
  if (format == "table") return print(table(all));
  for (const container::State& state : all) text += (text.empty() ? "" : ",") + state_json(state);
  return print("[" + text + "]\n");
}

}  // namespace slipway::oci

#include "oci/state_json.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

namespace slipway::oci {

std::string state_json(const container::State& state) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  const auto string = [&](const char* key, const std::string& text) {
    writer.Key(key);
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  };
  writer.StartObject();
  string("ociVersion", state.oci_version.empty() ? "1.2.0" : state.oci_version);
  string("id", state.id);
  writer.Key("pid");
  writer.Int(state.status == container::Status::stopped ? 0 : state.pid);
  string("status", std::string(container::to_string(state.status)));
  string("bundle", state.bundle);
  string("rootfs", state.rootfs);
  string("created", state.created);
  if (!state.annotations.empty()) {
    writer.Key("annotations");
    writer.StartObject();
    for (const auto& [key, text] : state.annotations) string(key.c_str(), text);
    writer.EndObject();
  }
  string("owner", state.owner == 0 ? "root" : std::to_string(state.owner));
  writer.EndObject();
  return buffer.GetString();
}

}  // namespace slipway::oci

// archive.*: see runtime/native/archive.ts for what the parameters mean.
#include <sched.h>
#include <sys/stat.h>

#include <array>

#include "addon/calls.h"
#include "core/archive/compression.h"
#include "core/archive/fd_stream.h"
#include "core/archive/unpack.h"

namespace slipway::archive {
namespace {

// One of a few names, as the option's values are written in TypeScript.
template <typename T, size_t N>
void read_choice(const json::Field& field, const std::array<std::pair<std::string_view, T>, N>& choices, T& out) {
  std::string text;
  read(field, text);
  for (const auto& [name, value] : choices) {
    if (name == text) {
      out = value;
      return;
    }
  }
  std::string names;
  for (const auto& [name, value] : choices) names += (names.empty() ? "" : ", ") + std::string(name);
  field.fail("must be one of: " + names);
}

}  // namespace

// Found by the JSON reader through their argument's namespace, so not in the unnamed one.
static void read(const json::Field& field, Compression& out) {
  read_choice(field,
              std::array<std::pair<std::string_view, Compression>, 4>{{{"none", Compression::none},
                                                                       {"gzip", Compression::gzip},
                                                                       {"zstd", Compression::zstd},
                                                                       {"auto", Compression::automatic}}},
              out);
}

static void read(const json::Field& field, Whiteouts& out) {
  read_choice(field,
              std::array<std::pair<std::string_view, Whiteouts>, 3>{
                  {{"overlay", Whiteouts::overlay}, {"apply", Whiteouts::apply}, {"keep", Whiteouts::keep}}},
              out);
}

static void read(const json::Field& field, Ownership& out) {
  read_choice(field,
              std::array<std::pair<std::string_view, Ownership>, 3>{
                  {{"keep", Ownership::keep}, {"try", Ownership::attempt}, {"ignore", Ownership::ignore}}},
              out);
}

static void read(const json::Field& field, Devices& out) {
  read_choice(field,
              std::array<std::pair<std::string_view, Devices>, 3>{
                  {{"create", Devices::create}, {"refuse", Devices::refuse}, {"skip", Devices::skip}}},
              out);
}

static void read(const json::Field& field, Xattrs& out) {
  read_choice(field,
              std::array<std::pair<std::string_view, Xattrs>, 3>{
                  {{"keep", Xattrs::keep}, {"try", Xattrs::attempt}, {"ignore", Xattrs::ignore}}},
              out);
}

namespace {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};
void read(const json::Field& field, Owner& out) {
  field.required("uid", out.uid);
  field.required("gid", out.gid);
}

struct Limits {
  std::optional<uint64_t> entries;
  std::optional<uint64_t> bytes;
  std::optional<uint64_t> header;
};
void read(const json::Field& field, Limits& out) {
  field.member("entries", out.entries);
  field.member("bytes", out.bytes);
  field.member("header", out.header);
}

struct UnpackRequest {
  int fd = -1;
  int cancel_fd = -1;
  Compression compression = Compression::none;
  bool hash = false;
  UnpackOptions options;
};

void read(const json::Field& field, UnpackRequest& out) {
  field.required("fd", out.fd);
  field.member("cancelFd", out.cancel_fd);
  field.member("compression", out.compression);
  field.member("hash", out.hash);
  UnpackOptions& options = out.options;
  field.required("target", options.target);
  field.member("whiteouts", options.whiteouts);
  field.member("userXattr", options.user_xattr);
  field.member("lower", options.lower);
  field.member("ownership", options.ownership);
  std::optional<Owner> owner;
  field.member("owner", owner);
  if (owner) options.owner = {owner->uid, owner->gid};
  field.member("devices", options.devices);
  field.member("xattrs", options.xattrs);
  field.member("refuseTypeChange", options.refuse_type_change);
  field.member("sync", options.sync);
  Limits limits;
  field.member("limits", limits);
  options.entry_limit = limits.entries.value_or(options.entry_limit);
  options.byte_limit = limits.bytes.value_or(options.byte_limit);
  options.header_limit = limits.header.value_or(options.header_limit);
}

Result<std::string> run_unpack(const std::string& parameters) {
  TRY_ASSIGN(UnpackRequest request, json::parse<UnpackRequest>(parameters, "archive.unpack"));
  // This thread's own working directory and umask: it ends with the call.
  request.options.umask_is_zero = unshare(CLONE_FS) == 0;
  if (request.options.umask_is_zero) umask(0);

  FdSource stream(request.fd, request.cancel_fd);
  HashingSource hashed_stream(stream);
  const bool compressed = request.compression != Compression::none;
  Source& input = request.hash && compressed ? static_cast<Source&>(hashed_stream) : stream;
  std::unique_ptr<Source> decompressed;
  if (compressed) {
    TRY_ASSIGN(decompressed, decompressor(input, request.compression));
  }
  HashingSource hashed(compressed ? *decompressed : input);
  TRY_ASSIGN(const UnpackResult result, unpack(request.hash ? static_cast<Source&>(hashed)
                                               : compressed ? *decompressed
                                                            : input,
                                               request.options));

  rapidjson::StringBuffer text;
  addon::JsonWriter writer(text);
  writer.StartObject();
  writer.Key("entries");
  writer.Uint64(result.entries);
  writer.Key("bytes");
  writer.Uint64(result.bytes);
  writer.Key("size");
  writer.Uint64(result.size);
  writer.Key("read");
  writer.Uint64(stream.count());
  if (request.hash) {
    const std::string diff_id = hashed.digest();
    writer.Key("diffId");
    addon::write_string(writer, diff_id);
    writer.Key("digest");
    addon::write_string(writer, compressed ? hashed_stream.digest() : diff_id);
  }
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

constexpr addon::Call calls[] = {
    {"archive.unpack", addon::Lane::own_thread, run_unpack},
};

}  // namespace
}  // namespace slipway::archive

namespace slipway::addon {
std::span<const Call> archive_calls() {
  return archive::calls;
}
}  // namespace slipway::addon

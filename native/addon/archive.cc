// archive.*: see runtime/native/archive.ts for what the parameters mean.
#include <sched.h>
#include <sys/stat.h>

#include <array>

#include "addon/calls.h"
#include "core/archive/compression.h"
#include "core/archive/fd_stream.h"
#include "core/archive/pack.h"
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

static void read(const json::Field& field, PackKind& out) {
  read_choice(field,
              std::array<std::pair<std::string_view, PackKind>, 4>{{{"tree", PackKind::tree},
                                                                    {"path", PackKind::path},
                                                                    {"overlay", PackKind::overlay},
                                                                    {"difference", PackKind::difference}}},
              out);
}

static void read(const json::Field& field, PackSource& out) {
  field.required("kind", out.kind);
  if (out.kind == PackKind::tree || out.kind == PackKind::path) field.required("root", out.root);
  if (out.kind == PackKind::path) field.required("path", out.path);
  if (out.kind == PackKind::overlay || out.kind == PackKind::difference) field.required("upper", out.upper);
  if (out.kind == PackKind::difference) field.required("lower", out.lower);
  field.member("as", out.as);
  field.member("follow", out.follow);
  field.member("crossMounts", out.cross_mounts);
  field.member("userXattr", out.user_xattr);
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
  field.member("linkFrom", options.link_from);
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

struct PackRequest {
  int fd = -1;
  int cancel_fd = -1;
  Compression compression = Compression::none;
  int level = 0;
  bool hash = false;
  PackSource source;
  PackOptions options;
};

void read(const json::Field& field, PackRequest& out) {
  field.required("fd", out.fd);
  field.member("cancelFd", out.cancel_fd);
  field.required("source", out.source);
  field.member("compression", out.compression);
  field.member("level", out.level);
  field.member("hash", out.hash);
  field.member("clampTime", out.options.clamp_time);
  field.member("nanoseconds", out.options.nanoseconds);
}

// Counts; hashes if it is asked to.
class Meter : public Sink {
 public:
  Meter(Sink& sink, bool hash) : sink_(sink), hashing_(hash) {}
  Result<void> write(std::span<const char> data) override {
    size_ += data.size();
    if (hashing_) hash_.update(data);
    return sink_.write(data);
  }
  Result<void> finish() override { return sink_.finish(); }
  uint64_t size() const { return size_; }
  std::string digest() { return hash_.digest(); }

 private:
  Sink& sink_;
  bool hashing_;
  Sha256 hash_;
  uint64_t size_ = 0;
};

// Gathers the many small pieces of an archive.
class BufferedSink : public Sink {
 public:
  explicit BufferedSink(Sink& sink) : sink_(sink) { buffer_.reserve(capacity); }
  Result<void> write(std::span<const char> data) override {
    if (buffer_.size() + data.size() > capacity) TRY(flush());
    if (data.size() >= capacity) return sink_.write(data);
    buffer_.insert(buffer_.end(), data.begin(), data.end());
    return {};
  }
  Result<void> finish() override {
    TRY(flush());
    return sink_.finish();
  }

 private:
  static constexpr size_t capacity = 256 * 1024;
  Result<void> flush() {
    TRY(sink_.write(buffer_));
    buffer_.clear();
    return {};
  }
  Sink& sink_;
  std::vector<char> buffer_;
};

Result<std::string> run_pack(const std::string& parameters) {
  TRY_ASSIGN(const PackRequest request, json::parse<PackRequest>(parameters, "archive.pack"));
  FdSink stream(request.fd, request.cancel_fd);
  const bool compressed = request.compression != Compression::none;
  Meter output(stream, request.hash && compressed);
  TRY_ASSIGN(const std::unique_ptr<Sink> compressing, compressor(output, request.compression, request.level));
  Meter archive(*compressing, request.hash);
  BufferedSink buffered(archive);
  TRY_ASSIGN(const uint64_t entries, pack(buffered, request.source, request.options));

  rapidjson::StringBuffer text;
  addon::JsonWriter writer(text);
  writer.StartObject();
  writer.Key("entries");
  writer.Uint64(entries);
  writer.Key("size");
  writer.Uint64(archive.size());
  writer.Key("written");
  writer.Uint64(stream.count());
  if (request.hash) {
    const std::string diff_id = archive.digest();
    writer.Key("diffId");
    addon::write_string(writer, diff_id);
    writer.Key("digest");
    addon::write_string(writer, compressed ? output.digest() : diff_id);
  }
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

struct ChangesRequest {
  PackKind kind = PackKind::overlay;
  std::string upper;
  std::vector<std::string> layers;
  std::string tree;
  bool user_xattr = false;
};

void read(const json::Field& field, ChangesRequest& out) {
  field.required("kind", out.kind);
  field.required("upper", out.upper);
  if (out.kind == PackKind::overlay) {
    field.required("lower", out.layers);
  } else if (out.kind == PackKind::difference) {
    field.required("lower", out.tree);
  } else {
    field.fail("kind must be overlay or difference");
  }
  field.member("userXattr", out.user_xattr);
}

Result<std::string> run_changes(const std::string& parameters) {
  TRY_ASSIGN(const ChangesRequest request, json::parse<ChangesRequest>(parameters, "archive.changes"));
  TRY_ASSIGN(const std::vector<Change> changes, request.kind == PackKind::overlay
                                                    ? overlay_changes(request.upper, request.layers, request.user_xattr)
                                                    : tree_changes(request.tree, request.upper));
  rapidjson::StringBuffer text;
  addon::JsonWriter writer(text);
  writer.StartArray();
  for (const Change& change : changes) {
    writer.StartObject();
    writer.Key("path");
    addon::write_string(writer, change.path);
    writer.Key("kind");
    writer.String(&change.kind, 1);
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(text.GetString(), text.GetSize());
}

constexpr addon::Call calls[] = {
    {"archive.unpack", addon::Lane::own_thread, run_unpack},
    {"archive.pack", addon::Lane::own_thread, run_pack},
    {"archive.changes", addon::Lane::own_thread, run_changes},
};

}  // namespace
}  // namespace slipway::archive

namespace slipway::addon {
std::span<const Call> archive_calls() {
  return archive::calls;
}
}  // namespace slipway::addon

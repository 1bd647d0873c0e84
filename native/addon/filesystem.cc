// filesystem.*: see runtime/native/filesystem.ts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "addon/calls.h"
#include "core/archive/attributes.h"
#include "core/archive/copy_tree.h"
#include "core/archive/encoding.h"
#include "core/archive/names.h"
#include "core/archive/remove_tree.h"
#include "core/archive/tree.h"
#include "core/archive/tree_stamp.h"
#include "core/files.h"
#include "core/inside.h"

namespace slipway::addon {
namespace {

struct InsideRequest {
  std::string root;
  std::string path;
  bool follow = false;
  int flags = 0;
  unsigned mode = 0;
  uint64_t limit = 0;
  std::string content;
  uid_t uid = 0;
  gid_t gid = 0;
};

void read(const json::Field& field, InsideRequest& out) {
  field.required("root", out.root);
  field.required("path", out.path);
  field.member("follow", out.follow);
  field.member("flags", out.flags);
  field.member("mode", out.mode);
  field.member("limit", out.limit);
  field.member("content", out.content);
  field.member("uid", out.uid);
  field.member("gid", out.gid);
}

Result<Fd> open_directory(const std::string& path, int flags = O_PATH) {
  Fd fd(open(path.c_str(), flags | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Error::system("open", path);
  return fd;
}

// The path of an open file as seen from the root: "/usr/lib".
Result<std::string> path_below(int root, int fd) {
  const auto name_of = [](int descriptor) -> Result<std::string> {
    char target[PATH_MAX];
    const std::string self = archive::fd_path(descriptor);
    const ssize_t size = readlink(self.c_str(), target, sizeof(target));
    if (size < 0) return Error::system("readlink", self);
    return std::string(target, static_cast<size_t>(size));
  };
  TRY_ASSIGN(std::string top, name_of(root));
  TRY_ASSIGN(const std::string below, name_of(fd));
  if (below == top) return std::string("/");
  if (!top.ends_with('/')) top.push_back('/');
  if (!below.starts_with(top)) return Error::from_errno(ENOENT, "open", below);
  return "/" + below.substr(top.size());
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "symlink";
  if (S_ISBLK(mode)) return "block";
  if (S_ISCHR(mode)) return "character";
  if (S_ISFIFO(mode)) return "fifo";
  return S_ISSOCK(mode) ? "socket" : "file";
}

Result<std::string> link_target(int fd, const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = readlinkat(fd, "", target.data(), target.size());
  if (size < 0) return Error::system("readlinkat", path);
  target.resize(static_cast<size_t>(size));
  return target;
}

std::string last_part(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return "/";
  const size_t slash = path.rfind('/', end);
  return path.substr(slash == std::string::npos ? 0 : slash + 1,
                     end - (slash == std::string::npos ? 0 : slash + 1) + 1);
}

Result<std::string> run_stat(const std::string& parameters) {
  TRY_ASSIGN(const InsideRequest request, json::parse<InsideRequest>(parameters, "filesystem.stat"));
  TRY_ASSIGN(const Fd root, open_directory(request.root));
  // A slash at the end asks for what a link leads to, as everywhere.
  const bool follow = request.follow || request.path.ends_with('/');
  TRY_ASSIGN(const Fd fd,
             Inside(root.get()).open(request.path, static_cast<uint64_t>(O_PATH | (follow ? 0 : O_NOFOLLOW))));
  struct stat status {};
  if (fstat(fd.get(), &status) < 0) return Error::system("fstat", request.path);
  if (request.path.ends_with('/') && !S_ISDIR(status.st_mode)) return Error::from_errno(ENOTDIR, "open", request.path);
  TRY_ASSIGN(const std::string resolved, path_below(root.get(), fd.get()));
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  writer.StartObject();
  writer.Key("name");
  write_string(writer, last_part(request.path));
  writer.Key("kind");
  writer.String(kind_of(status.st_mode));
  writer.Key("size");
  writer.Int64(status.st_size);
  writer.Key("mode");
  writer.Uint(status.st_mode & 07777);
  writer.Key("uid");
  writer.Uint(status.st_uid);
  writer.Key("gid");
  writer.Uint(status.st_gid);
  writer.Key("mtime");
  writer.Double(static_cast<double>(status.st_mtim.tv_sec) + static_cast<double>(status.st_mtim.tv_nsec) / 1e9);
  if (S_ISLNK(status.st_mode)) {
    TRY_ASSIGN(const std::string target, link_target(fd.get(), request.path));
    writer.Key("linkTarget");
    write_string(writer, target);
  }
  writer.Key("resolved");
  write_string(writer, resolved);
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

Result<std::string> run_open(const std::string& parameters) {
  TRY_ASSIGN(const InsideRequest request, json::parse<InsideRequest>(parameters, "filesystem.open"));
  TRY_ASSIGN(const Fd root, open_directory(request.root));
  const bool creates = (request.flags & (O_CREAT | __O_TMPFILE)) != 0;
  // openat2() takes no flag beside O_PATH that means nothing with it.
  const int flags = (request.flags & O_PATH) != 0 ? request.flags : request.flags | O_NOCTTY;
  TRY_ASSIGN(Fd fd, Inside(root.get()).open(request.path, static_cast<uint64_t>(flags), creates ? request.mode : 0));
  return std::to_string(fd.release());
}

Result<std::string> json_text(const std::string& value) {
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  write_string(writer, value);
  return std::string(text.GetString(), text.GetSize());
}

Result<std::string> run_read_file(const std::string& parameters) {
  TRY_ASSIGN(const InsideRequest request, json::parse<InsideRequest>(parameters, "filesystem.readFile"));
  TRY_ASSIGN(const Fd root, open_directory(request.root));
  // Without waiting: a fifo in the file's place must not hold up anybody.
  TRY_ASSIGN(const Fd fd, Inside(root.get()).open(request.path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (fstat(fd.get(), &status) < 0) return Error::system("fstat", request.path);
  if (!S_ISREG(status.st_mode)) return Error::invalid(request.path, "it is no regular file");
  TRY_ASSIGN(const std::string content, read_all(fd.get(), request.limit, request.path));
  return json_text(archive::base64_encode(content));
}

Result<std::string> run_write_file(const std::string& parameters) {
  TRY_ASSIGN(const InsideRequest request, json::parse<InsideRequest>(parameters, "filesystem.writeFile"));
  const auto content = archive::base64_decode(request.content);
  if (!content) return Error::invalid("content", "must be base64");
  TRY_ASSIGN(const Fd root, open_directory(request.root));
  TRY_ASSIGN(const Inside::Place place, Inside(root.get()).place(request.path));
  // Written beside and renamed into place, so that nobody sees half of it and no link is written through.
  const std::string temporary = "." + place.name.substr(0, 200) + ".slipway-new";
  const int directory = place.directory.get();
  unlinkat(directory, temporary.c_str(), 0);
  const Fd fd(openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return Error::system("open", request.path);
  Result<void> done = write_all(fd.get(), *content, request.path);
  if (done && fchown(fd.get(), request.uid, request.gid) < 0) done = Error::system("fchown", request.path);
  if (done && fchmod(fd.get(), request.mode) < 0) done = Error::system("fchmod", request.path);
  if (done && renameat(directory, temporary.c_str(), directory, place.name.c_str()) < 0) {
    done = Error::system("rename", request.path);
  }
  if (!done) {
    unlinkat(directory, temporary.c_str(), 0);
    return std::move(done.error());
  }
  return std::string("null");
}

// mkdir -p by name: what is there is entered (links inside the root, too), what is missing is made.
Result<std::string> run_make_directory(const std::string& parameters) {
  TRY_ASSIGN(const InsideRequest request, json::parse<InsideRequest>(parameters, "filesystem.makeDirectory"));
  TRY_ASSIGN(const Fd root, open_directory(request.root));
  TRY_ASSIGN(const std::string path, archive::clean_path(request.path));
  const Inside inside(root.get());
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  writer.StartArray();
  for (size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    const std::string part = path.substr(0, end);
    const auto there = inside.open(part, O_PATH | O_DIRECTORY);
    if (there) continue;
    if (there.error().code != ENOENT) return there.error();
    TRY_ASSIGN(const Fd made, inside.make_directory(part, 0700));
    const std::string reach = archive::fd_path(made.get());
    if (chown(reach.c_str(), request.uid, request.gid) < 0) return Error::system("chown", part);
    if (chmod(reach.c_str(), request.mode) < 0) return Error::system("chmod", part);
    write_string(writer, "/" + part);
  }
  writer.EndArray();
  return std::string(text.GetString(), text.GetSize());
}

struct TreeRequest {
  std::string path;
};
void read(const json::Field& field, TreeRequest& out) {
  field.required("path", out.path);
}

Result<std::string> run_remove_tree(const std::string& parameters) {
  TRY_ASSIGN(const TreeRequest request, json::parse<TreeRequest>(parameters, "filesystem.removeTree"));
  if (request.path.find_first_not_of('/') == std::string::npos) return Error::invalid("path", "is the root directory");
  TRY(archive::remove_tree_at(AT_FDCWD, request.path));
  return std::string("null");
}

std::string size_text(uint64_t entries, uint64_t bytes, const uint64_t* blocks) {
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  writer.StartObject();
  writer.Key("entries");
  writer.Uint64(entries);
  writer.Key("bytes");
  writer.Uint64(bytes);
  if (blocks != nullptr) {
    writer.Key("blocks");
    writer.Uint64(*blocks);
  }
  writer.EndObject();
  return {text.GetString(), text.GetSize()};
}

Result<std::string> run_tree_size(const std::string& parameters) {
  TRY_ASSIGN(const TreeRequest request, json::parse<TreeRequest>(parameters, "filesystem.treeSize"));
  TRY_ASSIGN(const Fd top, open_directory(request.path, O_RDONLY));
  TRY_ASSIGN(const archive::TreeSize size, archive::tree_size(top.get()));
  return size_text(size.entries, size.bytes, &size.blocks);
}

struct StampRequest {
  std::string root;
  std::string paths;
};
void read(const json::Field& field, StampRequest& out) {
  field.required("root", out.root);
  field.required("paths", out.paths);
}

Result<std::string> run_stamp(const std::string& parameters) {
  TRY_ASSIGN(const StampRequest request, json::parse<StampRequest>(parameters, "filesystem.stamp"));
  TRY_ASSIGN(const Fd root, open_directory(request.root));
  const archive::TreeStamp stamp = archive::stamp_paths(root.get(), request.paths);
  rapidjson::StringBuffer text;
  JsonWriter writer(text);
  writer.StartObject();
  writer.Key("digest");
  write_string(writer, stamp.digest);
  writer.Key("newest");
  writer.Int64(stamp.newest);
  writer.Key("isCoarse");
  writer.Bool(stamp.is_coarse);
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize());
}

struct CopyRequest {
  std::string from;
  std::string to;
  std::string ownership = "keep";
  bool replace = false;
};
void read(const json::Field& field, CopyRequest& out) {
  field.required("from", out.from);
  field.required("to", out.to);
  field.member("ownership", out.ownership);
  field.member("replace", out.replace);
}

Result<std::string> run_copy_tree(const std::string& parameters) {
  TRY_ASSIGN(const CopyRequest request, json::parse<CopyRequest>(parameters, "filesystem.copyTree"));
  TRY_ASSIGN(const Fd from, open_directory(request.from, O_RDONLY));
  TRY_ASSIGN(const Fd to, open_directory(request.to, O_RDONLY));
  archive::Ownership ownership = archive::Ownership::keep;
  if (request.ownership == "try") ownership = archive::Ownership::attempt;
  if (request.ownership == "ignore") ownership = archive::Ownership::ignore;
  TRY_ASSIGN(const archive::CopyResult result, archive::copy_tree(from.get(), to.get(), ownership, request.replace));
  return size_text(result.entries, result.bytes, nullptr);
}

constexpr Call calls[] = {
    {"filesystem.stat", Lane::pool, run_stat},
    {"filesystem.open", Lane::pool, run_open},
    {"filesystem.readFile", Lane::pool, run_read_file},
    {"filesystem.writeFile", Lane::pool, run_write_file},
    {"filesystem.makeDirectory", Lane::pool, run_make_directory},
    {"filesystem.removeTree", Lane::own_thread, run_remove_tree},
    {"filesystem.copyTree", Lane::own_thread, run_copy_tree},
    {"filesystem.treeSize", Lane::own_thread, run_tree_size},
    {"filesystem.stamp", Lane::own_thread, run_stamp},
};

}  // namespace

std::span<const Call> filesystem_calls() {
  return calls;
}

}  // namespace slipway::addon

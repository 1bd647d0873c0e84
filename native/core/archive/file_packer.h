// Turns files into archive entries.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "core/archive/pack.h"
#include "core/archive/tar_writer.h"
#include "core/archive/tree.h"

namespace slipway::archive {

class FilePacker {
 public:
  FilePacker(Sink& sink, const PackOptions& options) : writer_(sink, options.nanoseconds), options_(options) {}

  // Adds `name` of the open directory `parent`, or with no name the open (O_PATH) file `parent` itself, to the archive
  // as `archive_name`. Sockets are left out. A file that was added before under another name becomes a hard link to
  // that.
  Result<void> add(int parent, const std::string& name, const struct stat& status, const std::string& archive_name);
  // An empty file, the way whiteouts are written: the same bytes whoever hid the file and whenever.
  Result<void> add_whiteout(const std::string& archive_name);
  Result<void> finish() { return writer_.finish(); }
  uint64_t entries() const { return writer_.entries(); }

 private:
  Result<void> add_file(int parent, const std::string& name, Entry& entry);
  Result<void> read_link(int parent, const std::string& name, Entry& entry);

  TarWriter writer_;
  const PackOptions& options_;
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
  std::vector<char> buffer_;
};

}  // namespace slipway::archive

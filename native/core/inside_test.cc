#include "core/inside.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "core/testing.h"

namespace slipway {
namespace {

// A tree with a link that would lead out of it.
struct Tree {
  std::string path = "/tmp/slipway-inside-XXXXXX";
  Fd fd;
  Tree() {
    CHECK(::mkdtemp(path.data()) != nullptr);
    fd = Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  ~Tree() { std::filesystem::remove_all(path); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
};

TEST(directories_are_made_below_the_root_whatever_links_say) {
  const Tree tree;
  std::filesystem::create_symlink("/../../outside", tree.path + "/link");
  CHECK_OK(Inside(tree.fd.get()).make_directory("/link/a/../b"));
  CHECK(std::filesystem::is_directory(tree.path + "/outside/b"));
  CHECK(!std::filesystem::exists("/outside"));
}

TEST(dangling_links_are_made_to_lead_somewhere) {
  const Tree tree;
  std::filesystem::create_directory(tree.path + "/dir");
  std::filesystem::create_symlink("target", tree.path + "/dir/link");
  CHECK_OK(Inside(tree.fd.get()).make_file("/dir/link"));
  CHECK(std::filesystem::is_regular_file(tree.path + "/dir/target"));
}

TEST(circles_end_with_an_error) {
  const Tree tree;
  std::filesystem::create_symlink("b", tree.path + "/a");
  std::filesystem::create_symlink("a", tree.path + "/b");
  CHECK(!Inside(tree.fd.get()).make_directory("/a/x"));
}

TEST(open_without_links_refuses_them) {
  const Tree tree;
  std::filesystem::create_directory(tree.path + "/dir");
  std::filesystem::create_symlink("dir", tree.path + "/link");
  CHECK_OK(Inside(tree.fd.get()).open_without_links("/dir", O_PATH));
  const auto refused = Inside(tree.fd.get()).open_without_links("/link", O_PATH);
  CHECK(!refused);
  CHECK_EQ(refused.error().code, ELOOP);
}

}  // namespace
}  // namespace slipway

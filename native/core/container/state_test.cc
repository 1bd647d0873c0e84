#include "core/container/state.h"

#include <cstdlib>
#include <fstream>

#include "core/testing.h"

using namespace slipway;
using container::StateDirectory;

TEST(of_a_state_file_the_last_whole_line_counts) {
  char name[] = "/tmp/slipway-state-XXXXXX";
  const std::string root = ::mkdtemp(name);
  const auto directory = StateDirectory::make(root, "box");
  CHECK_OK(directory);
  CHECK(directory->load().error().code == ENOENT);
  const std::string file = directory->path() + "/state.json";
  std::ofstream(file) << "{\"id\":\"bo";  // killed in the first line: it is at its beginning
  CHECK(directory->load().error().code == ENOENT);
  ::unlink(file.c_str());

  container::State state;
  state.id = "box";
  for (const int pid : {0, 7}) {
    state.pid = pid;
    CHECK_OK(directory->add(state));
  }
  CHECK_OK(directory->load());
  CHECK(directory->load()->pid == 7);
  std::ofstream(file, std::ios::app) << "{\"id\":\"box\",\"pid\":8";
  CHECK(directory->load()->pid == 7);
  state.pid = 9;
  CHECK_OK(directory->save(state));
  CHECK(directory->load()->pid == 9);
  CHECK_OK(directory->remove());
  CHECK(::rmdir(root.c_str()) == 0);
}

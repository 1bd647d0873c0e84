// The program native-tests: runs every TEST of the files that are linked into it.
#include "core/testing.h"

using slipway::testing::Failure;
using slipway::testing::Skip;
using slipway::testing::Test;

namespace {

bool chosen(const Test& test, int argc, char** argv) {
  if (argc < 2) return true;
  for (int i = 1; i < argc; i++) {
    if (test.name.find(argv[i]) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  int failed = 0;
  int run = 0;
  int skipped = 0;
  for (const Test& test : slipway::testing::tests()) {
    if (!chosen(test, argc, argv)) continue;
    run++;
    try {
      test.body();
    } catch (const Failure& failure) {
      failed++;
      std::cerr << "FAILED  " << test.name << "\n        " << failure.message << "\n";
    } catch (const Skip& skip) {
      skipped++;
      std::cerr << "skipped " << test.name << ": " << skip.reason << "\n";
    }
  }
  std::cout << run << " tests, " << failed << " failed, " << skipped << " skipped\n";
  return failed == 0 ? 0 : 1;
}

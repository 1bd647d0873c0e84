// The unit tests' harness: TEST defines a test, CHECK states what must hold. A failed check names its line and ends its
// test; the others still run. `native-tests WORD…` runs the tests whose name contains one of the words.
#pragma once

#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::testing {

struct Test {
  std::string name;
  void (*body)();
};

struct Failure {
  std::string message;
};

// A test that can't run here throws this with the reason, which is printed.
struct Skip {
  std::string reason;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Register {
  Register(std::string name, void (*body)()) { tests().push_back({std::move(name), body}); }
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& what) {
  throw Failure{std::string(file) + ":" + std::to_string(line) + ": " + what};
}

template <typename A, typename B>
void check_equal(const char* file, int line, const char* text, const A& actual, const B& expected) {
  if (actual == expected) return;
  std::ostringstream out;
  out << text << " is <" << actual << ">, not <" << expected << ">";
  fail(file, line, out.str());
}

// For Result<T>: prints the error that was not expected.
template <typename R>
void check_ok(const char* file, int line, const char* text, const R& result) {
  if (!result) fail(file, line, std::string(text) + " failed: " + result.error().message);
}

}  // namespace slipway::testing

#define TEST(name)                                                                            \
  static void test_##name();                                                                  \
  static const ::slipway::testing::Register register_##name(__FILE__ " " #name, test_##name); \
  static void test_##name()

#define CHECK(condition) \
  if (!(condition)) ::slipway::testing::fail(__FILE__, __LINE__, "not so: " #condition)
#define CHECK_EQ(actual, expected) ::slipway::testing::check_equal(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_OK(result) ::slipway::testing::check_ok(__FILE__, __LINE__, #result, (result))
#define SKIP(reason)               \
  throw ::slipway::testing::Skip { \
    reason                         \
  }

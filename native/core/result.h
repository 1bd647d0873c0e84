// Errors as values: what failed, on which path, with which errno. They gather context on the way up.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace slipway {

struct Error {
  int code = 0;         // errno of the failing call; 0 where no system call failed (bad input, wrong state)
  std::string step;     // the system call or the check that failed: "mount", "openat2", "linux.namespaces[2].path"
  std::string path;     // the file, field or object it failed on; may be empty
  std::string message;  // a sentence for a person; gathers context by with_context()

  // An error of the system call `step`; reads errno, so call it at once.
  static Error system(std::string_view step, std::string_view path = {}) { return from_errno(errno, step, path); }

  static Error from_errno(int code, std::string_view step, std::string_view path = {}) {
    Error error{code, std::string(step), std::string(path), {}};
    error.message = error.step;
    if (!error.path.empty()) error.message += " '" + error.path + "'";
    error.message += std::string(": ") + strerror(code);
    return error;
  }

  // An error of the input or the state, with no errno behind it. `field` names the place: "process.cwd".
  static Error invalid(std::string_view field, std::string_view why) {
    Error error{0, std::string(field), {}, {}};
    error.message = error.step.empty() ? std::string(why) : error.step + ": " + std::string(why);
    return error;
  }

  Error with_context(std::string_view context) && {
    message = std::string(context) + ": " + message;
    return std::move(*this);
  }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design, like std::expected
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design, like std::expected

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  Error& error() { return std::get<1>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}  // NOLINT: implicit by design, like std::expected

  explicit operator bool() const { return ok_; }
  Error& error() { return error_; }
  const Error& error() const { return error_; }

 private:
  Error error_;
  bool ok_ = true;
};

#define SLIPWAY_CONCAT_INNER(a, b) a##b
#define SLIPWAY_CONCAT(a, b) SLIPWAY_CONCAT_INNER(a, b)

// TRY(expression): returns the error to the caller, or goes on.
#define TRY(expression)                                                                    \
  if (auto SLIPWAY_CONCAT(try_, __LINE__) = (expression); !SLIPWAY_CONCAT(try_, __LINE__)) \
  return std::move(SLIPWAY_CONCAT(try_, __LINE__).error())

// TRY_ASSIGN(auto name, expression): the value, or the error returned to the caller.
#define TRY_ASSIGN(declaration, expression)                                                      \
  auto SLIPWAY_CONCAT(try_, __LINE__) = (expression);                                            \
  if (!SLIPWAY_CONCAT(try_, __LINE__)) return std::move(SLIPWAY_CONCAT(try_, __LINE__).error()); \
  /* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none */                     \
  declaration = *std::move(SLIPWAY_CONCAT(try_, __LINE__))

}  // namespace slipway

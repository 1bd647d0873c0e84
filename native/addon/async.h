// Work off Node's main thread, as promises.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "core/result.h"

namespace slipway::addon {

// libuv's pool has four threads, which Node's own file calls use as well: only work that surely ends soon may run
// there. What waits for a peer (a pipe that Node fills, a process that ends) takes a thread of its own; else four such
// calls would block the very calls that feed them.
enum class Lane { pool, own_thread };

// One piece of work. execute() runs off the main thread and must not touch JavaScript; settle() runs on it afterwards.
class Job {
 public:
  explicit Job(Napi::Env env) : deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  virtual void execute() = 0;
  virtual void settle(Napi::Env env) = 0;

  // Starts the job; it deletes itself when it has settled.
  static Napi::Value start(Napi::Env env, std::unique_ptr<Job> job, Lane lane);

 protected:
  const Napi::Promise::Deferred& deferred() const { return deferred_; }

 private:
  static Napi::Value start_in_pool(Napi::Env env, std::unique_ptr<Job> job);
  static Napi::Value start_on_own_thread(Napi::Env env, std::unique_ptr<Job> job);

  Napi::Promise::Deferred deferred_;
};

// The NativeError of runtime/native/native.ts.
Napi::Value to_js_error(Napi::Env env, const Error& error);

namespace detail {

// Runs `work` and turns what it throws (only the standard library does, for want of memory) into an Error.
template <typename T>
Result<T> guarded(const std::function<Result<T>()>& work) {
  try {
    return work();
  } catch (const std::exception& exception) {
    return Error::from_errno(ENOMEM, exception.what());
  }
}

template <typename T>
class FunctionJob : public Job {
 public:
  FunctionJob(Napi::Env env, std::function<Result<T>()> work, std::function<Napi::Value(Napi::Env, T&)> convert)
      : Job(env), work_(std::move(work)), convert_(std::move(convert)) {}

  void execute() override { result_ = guarded<T>(work_); }

  void settle(Napi::Env env) override {
    if (!result_) return deferred().Reject(to_js_error(env, result_.error()));
    try {
      deferred().Resolve(convert_(env, *result_));
    } catch (const Napi::Error& error) {
      deferred().Reject(error.Value());
    }
  }

 private:
  std::function<Result<T>()> work_;
  std::function<Napi::Value(Napi::Env, T&)> convert_;
  Result<T> result_ = Error::from_errno(ECANCELED, "the work did not run");
};

}  // namespace detail

// A promise of what `work` returns, made a JavaScript value by `convert`.
template <typename T>
Napi::Value run_async(Napi::Env env, Lane lane, std::function<Result<T>()> work,
                      std::function<Napi::Value(Napi::Env, T&)> convert) {
  return Job::start(env, std::make_unique<detail::FunctionJob<T>>(env, std::move(work), std::move(convert)), lane);
}

}  // namespace slipway::addon

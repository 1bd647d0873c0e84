#include "addon/async.h"

#include <thread>

#include "addon/instance.h"

namespace slipway::addon {

Napi::Value to_js_error(Napi::Env env, const Error& error) {
  const Napi::Function error_class = instance(env).error_class.Value();
  return error_class.New({Napi::String::New(env, error.message), Napi::Number::New(env, error.code),
                          Napi::String::New(env, error.step), Napi::String::New(env, error.path)});
}

Napi::Value Job::start(Napi::Env env, std::unique_ptr<Job> job, Lane lane) {
  return lane == Lane::pool ? start_in_pool(env, std::move(job)) : start_on_own_thread(env, std::move(job));
}

Napi::Value Job::start_in_pool(Napi::Env env, std::unique_ptr<Job> job) {
  struct Worker : Napi::AsyncWorker {
    Worker(Napi::Env environment, std::unique_ptr<Job> work)
        : Napi::AsyncWorker(environment, "slipway"), job(std::move(work)) {}
    void Execute() override { job->execute(); }
    void OnOK() override { job->settle(Env()); }
    std::unique_ptr<Job> job;
  };
  const Napi::Promise promise = job->deferred().Promise();
  auto* worker = new Worker(env, std::move(job));  // deletes itself when it is done
  worker->Queue();
  return promise;
}

Napi::Value Job::start_on_own_thread(Napi::Env env, std::unique_ptr<Job> job) {
  const Napi::Promise promise = job->deferred().Promise();
  const auto nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  const auto done = Napi::ThreadSafeFunction::New(env, nothing, "slipway", 0, 1);
  Job* running = job.release();  // owned by the thread, then by the call back
  std::thread([running, done]() {
    running->execute();
    const auto settle = [running](Napi::Env environment, Napi::Function) {
      const std::unique_ptr<Job> owned(running);
      if (environment != nullptr) owned->settle(environment);
    };
    // At the end of the process the call is refused; the job then goes with the process.
    done.BlockingCall(settle);
    done.Release();
  }).detach();
  return promise;
}

}  // namespace slipway::addon

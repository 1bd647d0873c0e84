// Waiting for a process through its pidfd on Node's own event loop: no thread, and no signal handler that would
// compete with Node's.
#include <fcntl.h>
#include <sys/wait.h>
#include <uv.h>

#include "addon/async.h"
#include "addon/process.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace slipway::addon {
namespace {

// One wait. Deletes itself once libuv has let go of the handle.
class PidfdWait {
 public:
  static Napi::Value start(Napi::Env env, Fd pidfd) {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
      return rejected(env, Error::from_errno(ENOSYS, "napi_get_uv_event_loop"));
    }
    auto* wait = new PidfdWait(env, std::move(pidfd));  // see close()
    const int refused = uv_poll_init(loop, &wait->handle_, wait->pidfd_.get());
    if (refused != 0) {
      delete wait;
      return rejected(env, Error::from_errno(-refused, "uv_poll_init", "pidfd"));
    }
    wait->handle_.data = wait;
    napi_add_async_cleanup_hook(env, at_environment_end, wait, &wait->hook_);
    const Napi::Promise promise = wait->deferred_.Promise();
    uv_poll_start(&wait->handle_, UV_READABLE, on_readable);
    return promise;
  }

  static Napi::Value rejected(Napi::Env env, const Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(to_js_error(env, error));
    return deferred.Promise();
  }

 private:
  PidfdWait(Napi::Env env, Fd pidfd)
      : env_(env), context_(env, "slipway.waitPidfd"), deferred_(env), pidfd_(std::move(pidfd)) {}

  static void on_readable(uv_poll_t* handle, int, int) {
    auto* wait = static_cast<PidfdWait*>(handle->data);
    {
      const Napi::HandleScope scope(wait->env_);
      const Napi::CallbackScope callback(wait->env_, wait->context_);
      wait->settle();
    }
    wait->close();
  }

  void settle() {
    siginfo_t info = {};
    if (waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) < 0) {
      if (errno == ECHILD) return deferred_.Resolve(env_.Null());  // not our child: it ended, that is all we know
      return deferred_.Reject(to_js_error(env_, Error::system("waitid")));
    }
    const auto status = Napi::Object::New(env_);
    const bool exited = info.si_code == CLD_EXITED;
    status.Set("exitCode", exited ? Napi::Number::New(env_, info.si_status) : env_.Null());
    status.Set("signal", exited ? env_.Null() : Napi::Number::New(env_, info.si_status));
    deferred_.Resolve(status);
  }

  // Node asks at the end of the environment (a worker's, above all) that nothing be left on its loop.
  static void at_environment_end(napi_async_cleanup_hook_handle, void* data) { static_cast<PidfdWait*>(data)->close(); }

  void close() {
    auto* handle = reinterpret_cast<uv_handle_t*>(&handle_);
    if (uv_is_closing(handle)) return;
    uv_close(handle, [](uv_handle_t* closed) {
      auto* wait = static_cast<PidfdWait*>(closed->data);
      napi_remove_async_cleanup_hook(wait->hook_);
      delete wait;
    });
  }

  Napi::Env env_;
  Napi::AsyncContext context_;
  Napi::Promise::Deferred deferred_;
  Fd pidfd_;
  uv_poll_t handle_ = {};
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace

Napi::Value wait_pidfd(const Napi::CallbackInfo& info) {
  // A copy, so that the caller may close its own at any time.
  Fd copy(fcntl(info[0].As<Napi::Number>().Int32Value(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return PidfdWait::rejected(info.Env(), Error::system("fcntl(F_DUPFD_CLOEXEC)", "pidfd"));
  return PidfdWait::start(info.Env(), std::move(copy));
}

}  // namespace slipway::addon

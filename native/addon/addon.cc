// slipway.node: the face of the core library for the helper. Calls take their parameters as JSON and answer in JSON,
// so that the core's own reader names the field that is wrong; runtime/native/ has the types.
#include <fcntl.h>
#include <napi.h>
#include <sys/eventfd.h>

#include <string>

#include "addon/async.h"
#include "addon/calls.h"
#include "addon/instance.h"
#include "addon/process.h"
#include "core/archive/attributes.h"
#include "core/archive/encoding.h"
#include "core/fd.h"

namespace slipway::addon {
namespace {

void set_error_class(const Napi::CallbackInfo& info) {
  instance(info.Env()).error_class = Napi::Persistent(info[0].As<Napi::Function>());
}

// call(method, parameters) -> promise of the answer
Napi::Value call(const Napi::CallbackInfo& info) {
  const std::string method = info[0].As<Napi::String>();
  const Call* found = find_call(method);
  if (found == nullptr) throw Napi::TypeError::New(info.Env(), "the native part has no call '" + method + "'");
  const std::string parameters = info[1].As<Napi::String>();
  return run_async<std::string>(
      info.Env(), found->lane, [found, parameters] { return found->run(parameters); },
      [](Napi::Env env, std::string& answer) { return Napi::String::New(env, answer); });
}

[[noreturn]] void throw_errno(Napi::Env env, const char* step) {
  const Napi::Value error = to_js_error(env, Error::system(step));
  throw Napi::Error(env, error);
}

// pipe() -> [read end, write end]
Napi::Value open_pipe(const Napi::CallbackInfo& info) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) throw_errno(info.Env(), "pipe2");
  const auto pair = Napi::Array::New(info.Env(), 2);
  pair.Set(0U, ends[0]);
  pair.Set(1U, ends[1]);
  return pair;
}

// attributes(path) -> name to base64 of the extended attributes of what the path names, a link at its end not followed;
// undefined where there are none. Called for every file of a context that is read for the first time: no promise.
Napi::Value attributes_of(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  const auto read = archive::read_xattrs_at(path, path);
  if (!read) throw Napi::Error(info.Env(), to_js_error(info.Env(), read.error()));
  if (read->empty()) return info.Env().Undefined();
  const auto attributes = Napi::Object::New(info.Env());
  for (const auto& [name, value] : *read) attributes.Set(name, archive::base64_encode(value));
  return attributes;
}

// A descriptor that ends a call as soon as fireCancel() makes it readable.
Napi::Value open_cancel(const Napi::CallbackInfo& info) {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw_errno(info.Env(), "eventfd");
  return Napi::Number::New(info.Env(), fd);
}

void fire_cancel(const Napi::CallbackInfo& info) {
  eventfd_write(info[0].As<Napi::Number>().Int32Value(), 1);
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Instance());  // deleted with the environment
  exports.Set("setErrorClass", Napi::Function::New(env, set_error_class));
  exports.Set("call", Napi::Function::New(env, call));
  exports.Set("pipe", Napi::Function::New(env, open_pipe));
  exports.Set("attributes", Napi::Function::New(env, attributes_of));
  exports.Set("openCancel", Napi::Function::New(env, open_cancel));
  exports.Set("fireCancel", Napi::Function::New(env, fire_cancel));
  register_process(env, exports);
  return exports;
}

}  // namespace
}  // namespace slipway::addon

static Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  return slipway::addon::initialise(env, exports);
}
NODE_API_MODULE(slipway, initialise)

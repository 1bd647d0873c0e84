#include <napi.h>

namespace {
Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  return exports;
}
}  // namespace
NODE_API_MODULE(slipway, initialise)

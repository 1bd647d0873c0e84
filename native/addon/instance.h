// What the addon keeps per Node environment (the main thread and each worker have their own).
#pragma once

#include <napi.h>

namespace slipway::addon {

struct Instance {
  Napi::FunctionReference error_class;  // NativeError
};

inline Instance& instance(Napi::Env env) {
  return *env.GetInstanceData<Instance>();
}

}  // namespace slipway::addon

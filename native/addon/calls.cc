#include "addon/calls.h"

namespace slipway::addon {

const Call* find_call(std::string_view name) {
  for (const std::span<const Call> list :
       {archive_calls(), mount_calls(), netlink_calls(), nftables_calls(), filesystem_calls(), memory_calls()}) {
    for (const Call& call : list) {
      if (call.name == name) return &call;
    }
  }
  return nullptr;
}

}  // namespace slipway::addon

// The specification's names for libseccomp's constants.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slipway::seccomp {

struct Name {
  std::string_view text;
  uint32_t value;
};

std::span<const Name> actions();    // SCMP_ACT_*; ERRNO and TRACE without their return value
std::span<const Name> operators();  // SCMP_CMP_*
std::span<const Name> flags();      // SECCOMP_FILTER_FLAG_*
std::span<const std::string_view> architectures();

std::optional<uint32_t> find(std::span<const Name> names, std::string_view text);

// libseccomp's token of "SCMP_ARCH_X86_64"; empty if this libseccomp doesn't know the architecture.
std::optional<uint32_t> architecture(std::string_view name);

}  // namespace slipway::seccomp

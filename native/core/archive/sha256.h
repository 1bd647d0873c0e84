// SHA-256 (FIPS 180-4), with the processor's own instructions where it has them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace slipway::archive {

class Sha256 {
 public:
  void update(std::span<const char> data);
  // "sha256:…" of all that came; nothing may be added afterwards.
  std::string digest();

  // Which of the two ways blocks are hashed; public for their test.
  static bool has_instructions();
  void use_portable() { portable_ = true; }

 private:
  void blocks(const unsigned char* data, size_t count);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> pending_{};
  uint64_t size_ = 0;
  bool portable_ = !has_instructions();
};

}  // namespace slipway::archive

#include "core/archive/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace slipway::archive {
namespace {

alignas(16) constexpr uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t load_big_endian(const unsigned char* data) {
  return uint32_t{data[0]} << 24 | uint32_t{data[1]} << 16 | uint32_t{data[2]} << 8 | uint32_t{data[3]};
}

void portable_blocks(std::array<uint32_t, 8>& state, const unsigned char* data, size_t count) {
  for (; count > 0; count--, data += 64) {
    uint32_t w[64];
    for (size_t i = 0; i < 16; i++) w[i] = load_big_endian(data + 4 * i);
    for (size_t i = 16; i < 64; i++) {
      const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (size_t i = 0; i < 64; i++) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const uint32_t sums[8] = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; i++) state[i] += sums[i];
  }
}

#ifdef __x86_64__
// The SHA extensions do two rounds at a time on the state as (ABEF, CDGH); Intel, "Intel SHA Extensions", 2013.
__attribute__((target("sha,sse4.1"))) void instruction_blocks(std::array<uint32_t, 8>& state, const unsigned char* data,
                                                              size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  auto* stored = reinterpret_cast<__m128i*>(state.data());
  __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(stored), 0xb1);
  __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(stored + 1), 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; count > 0; count--, data += 64) {
    const __m128i saved_abef = abef;
    const __m128i saved_cdgh = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; i++) {
      w[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data) + i), swap);
    }
    for (int i = 0; i < 16; i++) {
      const __m128i k = _mm_load_si128(reinterpret_cast<const __m128i*>(round_constants) + i);
      const __m128i sum = _mm_add_epi32(w[i & 3], k);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i >= 12) continue;
      // The schedule's next four words: w[t] = s0(w[t-15]) + w[t-16] + w[t-7] + s1(w[t-2]).
      const __m128i next = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
                                         _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4));
      w[i & 3] = _mm_sha256msg2_epu32(next, w[(i + 3) & 3]);
    }
    abef = _mm_add_epi32(abef, saved_abef);
    cdgh = _mm_add_epi32(cdgh, saved_cdgh);
  }
  const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(stored, _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(stored + 1, _mm_alignr_epi8(dchg, feba, 8));
}
#endif

}  // namespace

bool Sha256::has_instructions() {
#ifdef __x86_64__
  static const bool has = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    const bool sse41 = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & (1U << 19)) != 0 && (c & (1U << 9)) != 0;
    return sse41 && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1U << 29)) != 0;
  }();
  return has;
#else
  return false;
#endif
}

void Sha256::blocks(const unsigned char* data, size_t count) {
#ifdef __x86_64__
  if (!portable_) return instruction_blocks(state_, data, count);
#endif
  portable_blocks(state_, data, count);
}

void Sha256::update(std::span<const char> data) {
  const size_t held = size_ % 64;
  size_ += data.size();
  if (held != 0) {
    const size_t part = std::min(64 - held, data.size());
    std::memcpy(pending_.data() + held, data.data(), part);
    data = data.subspan(part);
    if (held + part < 64) return;
    blocks(pending_.data(), 1);
  }
  blocks(reinterpret_cast<const unsigned char*>(data.data()), data.size() / 64);
  const size_t rest = data.size() % 64;
  if (rest != 0) std::memcpy(pending_.data(), data.data() + (data.size() - rest), rest);
}

std::string Sha256::digest() {
  const uint64_t bits = size_ * 8;
  std::array<char, 72> padding{};
  padding[0] = static_cast<char>(0x80);
  const size_t held = size_ % 64;
  const size_t zeros = held < 56 ? 56 - held : 120 - held;
  for (size_t i = 0; i < 8; i++) padding[zeros + i] = static_cast<char>(bits >> (56 - 8 * i));
  update(std::span(padding).first(zeros + 8));
  std::string text = "sha256:";
  for (const uint32_t word : state_) {
    for (int shift = 28; shift >= 0; shift -= 4) text.push_back("0123456789abcdef"[(word >> shift) & 15]);
  }
  return text;
}

}  // namespace slipway::archive

// Products of narrow numbers by one set of instructions: some bytes of a pixel with those of a vector of filters.
#pragma once

#include "vectors.h"

namespace {

typedef int32_t Integers __attribute__((vector_size(kLanes * sizeof(int32_t))));

// Bytes, unsigned for pixels and signed for weights. Sums are exact.
struct Bytes {
  using Sum = Integers;
  static constexpr int kSize = 1;  // of a number
#if defined(__AVX512VNNI__)
  static constexpr int kBytes = 4;
  using Weights = __m512i;
  using Pixel = __m512i;
  static Weights weights(const uint8_t* from) { return _mm512_loadu_si512(from); }
  static Pixel pixel(const uint8_t* from) {
    int32_t four;
    std::memcpy(&four, from, 4);
    return _mm512_set1_epi32(four);
  }
  static Sum add(Sum sum, Pixel pixel, Weights weights) {
    return reinterpret_cast<Sum>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), pixel, weights));
  }
#elif defined(__AVX512F__)
  // Two at a time, as int16: products of bytes that are added in pairs would not fit.
  static constexpr int kBytes = 2;
  using Weights = __m512i;
  using Pixel = __m512i;
  static Weights weights(const uint8_t* from) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static Pixel pixel(const uint8_t* from) {
    int16_t two;
    std::memcpy(&two, from, 2);
    return _mm512_cvtepu8_epi16(_mm256_set1_epi16(two));
  }
  static Sum add(Sum sum, Pixel pixel, Weights weights) {
    return sum + reinterpret_cast<Sum>(_mm512_madd_epi16(pixel, weights));
  }
#elif defined(__AVX2__)
  static constexpr int kBytes = 2;
  using Weights = __m256i;
  using Pixel = __m256i;
  static Weights weights(const uint8_t* from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static Pixel pixel(const uint8_t* from) {
    int16_t two;
    std::memcpy(&two, from, 2);
    return _mm256_cvtepu8_epi16(_mm_set1_epi16(two));
  }
  static Sum add(Sum sum, Pixel pixel, Weights weights) {
    return sum + reinterpret_cast<Sum>(_mm256_madd_epi16(pixel, weights));
  }
#else
  static constexpr int kBytes = 1;
  using Weights = Integers;
  using Pixel = Integers;
  static Weights weights(const uint8_t* from) {
    typedef int8_t Small __attribute__((vector_size(kLanes)));
    Small some;
    std::memcpy(&some, from, kLanes);
    return __builtin_convertvector(some, Integers);
  }
  static Pixel pixel(const uint8_t* from) { return static_cast<int32_t>(*from) - Integers{}; }
  static Sum add(Sum sum, Pixel pixel, Weights weights) { return sum + pixel * weights; }
#endif
  static Vector number(Sum sum) { return __builtin_convertvector(sum, Vector); }
};

#if defined(__AVX512BF16__)
// bfloat16; sums are in float32.
struct Halves {
  using Sum = Vector;
  static constexpr int kSize = 2;
  static constexpr int kBytes = 4;
  using Weights = __m512bh;
  using Pixel = __m512bh;
  static Weights weights(const uint8_t* from) {
    return reinterpret_cast<__m512bh>(_mm512_loadu_si512(from));
  }
  static Pixel pixel(const uint8_t* from) {
    int32_t two;
    std::memcpy(&two, from, 4);
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(two));
  }
  static Sum add(Sum sum, Pixel pixel, Weights weights) {
    return reinterpret_cast<Sum>(_mm512_dpbf16_ps(reinterpret_cast<__m512>(sum), pixel, weights));
  }
  static Vector number(Sum sum) { return sum; }
};
#endif

// Rounds to whole numbers, the half to even ones, and cuts to bytes; a NaN becomes 0.
inline void store_bytes(uint8_t* to, Vector value, float zero, int64_t count) {
#if defined(__AVX512F__)
  __m512i whole = _mm512_add_epi32(_mm512_cvtps_epi32(reinterpret_cast<__m512>(clamp(value, all(-512), all(512)))),
                                   _mm512_set1_epi32(static_cast<int>(zero)));
  whole = _mm512_max_epi32(_mm512_setzero_si512(), whole);
  const auto mask = static_cast<__mmask16>(count >= kLanes ? 0xffff : (1u << count) - 1);
  _mm512_mask_cvtusepi32_storeu_epi8(to, mask, whole);
#else
  int32_t whole[kLanes];
#if defined(__AVX2__)
  const __m256 cut = reinterpret_cast<__m256>(clamp(value, all(-512), all(512)));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(whole), _mm256_cvtps_epi32(cut));
#else
  for (int lane = 0; lane < kLanes; ++lane) {
    const float cut = value[lane] < -512 ? -512 : value[lane] > 512 ? 512 : value[lane];
    whole[lane] = cut == cut ? static_cast<int32_t>(__builtin_rintf(cut)) : -512;
  }
#endif
  for (int lane = 0; lane < kLanes && lane < count; ++lane) {
    const int32_t moved = whole[lane] + static_cast<int32_t>(zero);
    to[lane] = static_cast<uint8_t>(moved < 0 ? 0 : moved > 255 ? 255 : moved);
  }
#endif
}

// `count` numbers as those that are multiplied.
template <typename Products>
inline void narrowed(const float* from, int64_t count, float inverse, float zero, uint8_t* to) {
  for (int64_t i = 0; i < count; i += kLanes) {
    const int64_t left = count - i;
    const Vector value = left >= kLanes ? load(from + i) : load_some(from + i, left);
    if constexpr (Products::kSize == 1) {
      store_bytes(to + i, value * inverse, zero, left);
    } else {
#if defined(__AVX512BF16__)
      const auto mask = static_cast<__mmask16>(left >= kLanes ? 0xffff : (1u << left) - 1);
      _mm256_mask_storeu_epi16(to + 2 * i, mask,
                               reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(value))));
#endif
    }
  }
}

}  // namespace

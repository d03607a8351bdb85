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
  static Pixel pixels(const uint8_t* from) { return _mm512_loadu_si512(from); }  // as many as weights
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
  static Pixel pixels(const uint8_t* from) {
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
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
  static Pixel pixels(const uint8_t* from) {
    return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
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
  static Pixel pixels(const uint8_t* from) {
    typedef uint8_t Small __attribute__((vector_size(kLanes)));
    Small some;
    std::memcpy(&some, from, kLanes);
    return __builtin_convertvector(some, Integers);
  }
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

// How numbers become bytes: those of limits are found before, as rounding keeps their order.
struct Rounded {
  float inverse;
  int32_t zero, low, high;

  Rounded(float step, float zero, float low = -__builtin_inff(), float high = __builtin_inff()) : inverse(1 / step), zero(static_cast<int32_t>(zero)) {
    this->low = byte(low), this->high = byte(high);
  }

 private:
  int32_t byte(float limit) const {
    const float scaled = limit * inverse;
    if (scaled <= -512 || scaled >= 512) return scaled < 0 ? 0 : 255;
    const int32_t whole = static_cast<int32_t>(__builtin_rintf(scaled)) + zero;
    return whole < 0 ? 0 : whole > 255 ? 255 : whole;
  }
};

// Rounds `values`, which are divided by the step already, to whole numbers, the half to even ones, and cuts to bytes; a
// NaN becomes the least. The first `count` are written.
template <int Wide>
inline void store_bytes(uint8_t* to, const Vector (&values)[Wide], const Rounded& rounded, int64_t count) {
  const int64_t most = count < Wide * kLanes ? count : Wide * kLanes;
#if defined(__AVX512F__)
  __m512i whole[4];
  for (int v = 0; v < 4; ++v)  // what is too small for an int32, and a NaN, become the least
    whole[v] = _mm512_cvtps_epi32(
        _mm512_min_ps(_mm512_set1_ps(512), reinterpret_cast<__m512>(values[v < Wide ? v : 0])));
  const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(rounded.zero));
  const __m512i first = _mm512_adds_epi16(_mm512_packs_epi32(whole[0], whole[1]), zero);
  const __m512i second = _mm512_adds_epi16(_mm512_packs_epi32(whole[2], whole[3]), zero);
  // Vectors are packed quarter by quarter.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second));
  bytes = _mm512_max_epu8(bytes, _mm512_set1_epi8(static_cast<char>(rounded.low)));
  bytes = _mm512_min_epu8(bytes, _mm512_set1_epi8(static_cast<char>(rounded.high)));
  _mm512_mask_storeu_epi8(to, ~0ull >> (64 - most), bytes);
#elif defined(__AVX2__)
  for (int v = 0; v < Wide && v * kLanes < most; v += 2) {
    __m256i whole[2];
    for (int i = 0; i < 2; ++i)
      whole[i] = _mm256_cvtps_epi32(
          _mm256_min_ps(_mm256_set1_ps(512), reinterpret_cast<__m256>(values[v + i < Wide ? v + i : v])));
    const __m256i zero = _mm256_set1_epi16(static_cast<int16_t>(rounded.zero));
    const __m256i halves = _mm256_adds_epi16(_mm256_packs_epi32(whole[0], whole[1]), zero);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(halves, halves), order);
    __m128i bytes = _mm_max_epu8(_mm256_castsi256_si128(packed), _mm_set1_epi8(static_cast<char>(rounded.low)));
    bytes = _mm_min_epu8(bytes, _mm_set1_epi8(static_cast<char>(rounded.high)));
    if (most - v * kLanes >= 2 * kLanes)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + v * kLanes), bytes);
    else
      std::memcpy(to + v * kLanes, &bytes, most - v * kLanes);
  }
#else
  for (int64_t i = 0; i < most; ++i) {
    const float value = values[i / kLanes][i % kLanes];
    const float cut = value > 512 ? 512 : value > -512 ? value : -512;
    const int32_t moved = static_cast<int32_t>(__builtin_rintf(cut)) + rounded.zero;
    to[i] = static_cast<uint8_t>(moved < rounded.low ? rounded.low : moved > rounded.high ? rounded.high : moved);
  }
#endif
}

// `count` numbers, times as many factors where there are such, as those that are multiplied.
template <typename Products, typename Number>
inline void narrowed(const Number* from, int64_t count, const Rounded& rounded, uint8_t* to,
                     const float* factors = nullptr) {
  auto get = [&](int64_t i) {
    const int64_t left = count - i;
    auto some = [&](const auto* array) { return left >= kLanes ? load(array + i) : load_some(array + i, left); };
    return left <= 0 ? Vector{} : factors ? some(from) * some(factors) : some(from);
  };
  if constexpr (Products::kSize == 1) {
    constexpr int64_t kSome = 4 * kLanes;
    for (int64_t i = 0; i < count; i += kSome) {
      Vector values[4];
      for (int v = 0; v < 4; ++v) values[v] = get(i + v * kLanes) * rounded.inverse;
      store_bytes(to + i, values, rounded, count - i);
    }
  } else {
#if defined(__AVX512BF16__)
    for (int64_t i = 0; i < count; i += kLanes) {
      const int64_t left = count - i;
      const auto mask = static_cast<__mmask16>(left >= kLanes ? 0xffff : (1u << left) - 1);
      _mm256_mask_storeu_epi16(to + 2 * i, mask,
                               reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(get(i)))));
    }
#endif
  }
}

}  // namespace

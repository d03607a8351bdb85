// One vector of floats: of the compiler's, so that one text serves all sets of instructions.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));
typedef float Unaligned __attribute__((vector_size(kLanes * sizeof(float)), aligned(4)));

inline Vector load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }

inline void store(float* to, Vector value) { *reinterpret_cast<Unaligned*>(to) = value; }

inline Vector all(float value) { return value - Vector{}; }

// The first `count` floats, and zeros: nothing beyond them is read or written.
#if defined(__AVX512F__)
inline Vector load_some(const float* from, int64_t count) {
  return reinterpret_cast<Vector>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from));
}
inline void store_some(float* to, Vector value, int64_t count) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), reinterpret_cast<__m512>(value));
}
#elif defined(__AVX2__)
inline __m256i first_lanes(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Vector load_some(const float* from, int64_t count) {
  return reinterpret_cast<Vector>(_mm256_maskload_ps(from, first_lanes(count)));
}
inline void store_some(float* to, Vector value, int64_t count) {
  _mm256_maskstore_ps(to, first_lanes(count), reinterpret_cast<__m256>(value));
}
#else
inline Vector load_some(const float* from, int64_t count) {
  Vector value{};
  std::memcpy(&value, from, count * sizeof(float));
  return value;
}
inline void store_some(float* to, Vector value, int64_t count) { std::memcpy(to, &value, count * sizeof(float)); }
#endif

#if defined(__AVX512BF16__)
using jax_slim::Half;

inline Vector whole(__m256i halves) {
  return reinterpret_cast<Vector>(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}
inline __mmask16 first_halves(int64_t count) { return static_cast<__mmask16>((1u << count) - 1); }
inline __m256i halves(Vector value) {
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(reinterpret_cast<__m512>(value)));
}
inline Vector load(const Half* from) { return whole(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))); }
inline Vector load_some(const Half* from, int64_t count) {
  return whole(_mm256_maskz_loadu_epi16(first_halves(count), from));
}
inline void store(Half* to, Vector value) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), halves(value)); }
inline void store_some(Half* to, Vector value, int64_t count) {
  _mm256_mask_storeu_epi16(to, first_halves(count), halves(value));
}
#endif

// A NaN stays one: of two numbers that cannot be compared, the instructions return the second.
inline Vector clamp(Vector value, Vector low, Vector high) {
#if defined(__AVX512F__)
  const __m512 above = _mm512_max_ps(reinterpret_cast<__m512>(low), reinterpret_cast<__m512>(value));
  return reinterpret_cast<Vector>(_mm512_min_ps(reinterpret_cast<__m512>(high), above));
#elif defined(__AVX2__)
  const __m256 above = _mm256_max_ps(reinterpret_cast<__m256>(low), reinterpret_cast<__m256>(value));
  return reinterpret_cast<Vector>(_mm256_min_ps(reinterpret_cast<__m256>(high), above));
#else
  value = value < low ? low : value;
  return value > high ? high : value;
#endif
}

}  // namespace

// Sums of products for some neighbours and a panel of filters: what all convolutions of floats spend their time in.
#pragma once

#include <utility>

#include "activations.h"
#include "runs.h"
#include "vectors.h"

namespace jax_slim {
namespace {

constexpr int kWide = 2;  // vectors of a panel
constexpr int64_t kPanel = kWide * kLanes;
// Pixels whose sums are kept in registers: 12 x 2 vectors of 32, or 6 x 2 of 16, with room for weights and a pixel.
constexpr int kMostPixels = kLanes == 16 ? 12 : 6;

// Sums for `Pixels` neighbours and one panel, in registers from the first product to the last.
template <int Pixels, int Wide>
inline void block(const float* in, int64_t step, const Runs& runs, const float* weights, const float* bias,
                  const float* shortcut, float* out, int64_t filters, int64_t valid, const Activated& activated) {
  Vector sums[Pixels][Wide];
  for (int v = 0; v < Wide; ++v) {
    const int64_t left = valid - v * kLanes;
    const Vector start = left >= kLanes ? load(bias + v * kLanes) : load_some(bias + v * kLanes, left);
    for (int m = 0; m < Pixels; ++m) sums[m][v] = start;
  }
  const int64_t twice = 2 * step;
  for (int64_t run = 0; run < runs.number; ++run) {
    // Every third pixel has a pointer, and the others are one and two steps from it: more pointers than that would not
    // stay in registers.
    const float* every[(Pixels + 2) / 3];
    every[0] = in + runs.at(run);
    for (int p = 1; p < (Pixels + 2) / 3; ++p) {
      every[p] = every[p - 1] + 3 * step;
      asm("" : "+r"(every[p]));
    }
    for (int64_t k = 0; k < runs.length; ++k) {
      Vector taken[Wide];
      for (int v = 0; v < Wide; ++v) taken[v] = load(weights + v * kLanes);
      weights += Wide * kLanes;
#pragma GCC unroll 12
      for (int m = 0; m < Pixels; ++m) {
        const float* from = every[m / 3];
        const Vector pixel = all(m % 3 == 0 ? *from : m % 3 == 1 ? from[step] : from[twice]);
        for (int v = 0; v < Wide; ++v) sums[m][v] += pixel * taken[v];
      }
      for (int p = 0; p < (Pixels + 2) / 3; ++p) ++every[p];
    }
  }
  for (int m = 0; m < Pixels; ++m) {
    for (int v = 0; v < Wide; ++v) {
      const int64_t left = valid - v * kLanes, at = m * filters + v * kLanes;
      if (left >= kLanes) {
        if (shortcut) sums[m][v] += load(shortcut + at);
        store(out + at, activated(sums[m][v]));
      } else if (left > 0) {
        if (shortcut) sums[m][v] += load_some(shortcut + at, left);
        store_some(out + at, activated(sums[m][v]), left);
      }
    }
  }
}

using Block = void (*)(const float*, int64_t, const Runs&, const float*, const float*, const float*, float*, int64_t,
                       int64_t, const Activated&);

template <int Wide, int... Pixels>
constexpr Block block_of(int64_t pixels, std::integer_sequence<int, Pixels...>) {
  constexpr Block blocks[] = {block<Pixels + 1, Wide>...};
  return blocks[pixels - 1];
}

}  // namespace
}  // namespace jax_slim

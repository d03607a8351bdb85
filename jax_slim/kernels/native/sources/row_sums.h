// Sums over rows of [rows, channels], of blocks of rows that stay in a near cache.
#pragma once

#include "runs.h"
#include "training.h"
#include "vectors.h"

namespace jax_slim {
namespace {

// Calls `compute` for all channels, some vectors at a time: with how many, as a type, the first channel, and with what reads
// and writes a vector.
template <typename Compute>
inline void across(int64_t channels, Compute compute) {
  constexpr int kSome = 4;  // as many sums at once, so that one need not wait for the other
  auto whole = [](const float* from) { return load(from); };
  auto keep = [](float* to, Vector value) { store(to, value); };
  int64_t i = 0;
  for (; i + kSome * kLanes <= channels; i += kSome * kLanes) compute.template operator()<kSome>(i, whole, keep);
  for (; i + kLanes <= channels; i += kLanes) compute.template operator()<1>(i, whole, keep);
  if (const int64_t left = channels - i)
    compute.template operator()<1>(i, [=](const float* from) { return load_some(from, left); },
                                   [=](float* to, Vector value) { store_some(to, value, left); });
}

// By two passes, of which the second finds the rows in the cache: distances from a mean that is known do not cancel. Their
// sum is what rounding took from the mean.
void moments(const float* in, int64_t rows, int64_t channels, float* found) {
  across(channels, [=]<int Vectors>(int64_t i, auto get, auto put) {
    Vector mean[Vectors] = {}, rest[Vectors] = {}, squares[Vectors] = {};
    for (int64_t row = 0; row < rows; ++row)
      for (int v = 0; v < Vectors; ++v) mean[v] += get(in + row * channels + i + v * kLanes);
    for (int v = 0; v < Vectors; ++v) mean[v] /= all(static_cast<float>(rows));
    for (int64_t row = 0; row < rows; ++row) {
      for (int v = 0; v < Vectors; ++v) {
        const Vector away = get(in + row * channels + i + v * kLanes) - mean[v];
        rest[v] += away, squares[v] += away * away;
      }
    }
    for (int v = 0; v < Vectors; ++v) {
      put(found + i + v * kLanes, mean[v]);
      put(found + channels + i + v * kLanes, rest[v]);
      put(found + 2 * channels + i + v * kLanes, squares[v]);
    }
  });
}

template <bool Gates>
void sums_of(const Gated& g, int64_t first, int64_t rows, float* found) {
  const float *given = g.given + first * g.channels, *in = g.in + first * g.channels;
  across(g.channels, [=, &g]<int Vectors>(int64_t i, auto get, auto put) {
    const Vector low = all(g.low), high = all(g.high), nothing{};
    Vector mean[Vectors], slope[Vectors], shift[Vectors], sums[Vectors] = {}, products[Vectors] = {};
    for (int v = 0; v < Vectors; ++v) {
      const int64_t at = i + v * kLanes;
      mean[v] = get(g.mean + at), slope[v] = get(g.slope + at), shift[v] = get(g.shift + at);
    }
    for (int64_t row = 0; row < rows; ++row) {
      for (int v = 0; v < Vectors; ++v) {
        const int64_t at = row * g.channels + i + v * kLanes;
        const Vector away = get(in + at) - mean[v];
        Vector value = get(given + at);
        if (Gates) {
          const Vector normalized = away * slope[v] + shift[v];
          value = ((normalized > low) & (normalized < high)) ? value : nothing;
        }
        sums[v] += value, products[v] += value * away;
      }
    }
    for (int v = 0; v < Vectors; ++v) {
      put(found + i + v * kLanes, sums[v]);
      put(found + g.channels + i + v * kLanes, products[v]);
    }
  });
}

void gated_sums(const Gated& g, int64_t first, int64_t rows, float* found) {
  g.gates ? sums_of<true>(g, first, rows, found) : sums_of<false>(g, first, rows, found);
}

}  // namespace
}  // namespace jax_slim

// Sums of images over their pixels, of floats or halves.
#pragma once

#include "vectors.h"

namespace jax_slim {
namespace {

// Some pixels at a time, so that sums are read and written less often than pixels.
template <int Pixels, typename In>
void add_pixels(const In* in, int64_t step, int64_t channels, float* out) {
  int64_t i = 0;
  for (; i + kLanes <= channels; i += kLanes) {
    Vector sum = load(out + i);
    for (int p = 0; p < Pixels; ++p) sum += load(in + p * step + i);
    store(out + i, sum);
  }
  if (const int64_t left = channels - i) {
    Vector sum = load_some(out + i, left);
    for (int p = 0; p < Pixels; ++p) sum += load_some(in + p * step + i, left);
    store_some(out + i, sum, left);
  }
}

template <typename In>
void sum(const Sums& s, int64_t image, int64_t first_channel, int64_t end_channel) {
  constexpr int kSome = 8;
  const In* in = static_cast<const In*>(s.in) + image * s.pixels * s.channels + first_channel;
  float* out = s.out + image * s.channels + first_channel;
  const int64_t channels = end_channel - first_channel;
  std::memset(out, 0, channels * sizeof(float));
  int64_t pixel = 0;
  for (; pixel + kSome <= s.pixels; pixel += kSome)
    add_pixels<kSome>(in + pixel * s.channels, s.channels, channels, out);
  for (; pixel < s.pixels; ++pixel) add_pixels<1>(in + pixel * s.channels, s.channels, channels, out);
}

}  // namespace
}  // namespace jax_slim

// Convolutions whose products are of narrow numbers: of bytes, with sums in int32, or of bfloat16, with sums in float32.
#pragma once

#include <cstdint>

#include "kernels.h"

namespace jax_slim {

// out = activation(scale * (start + convolution(q(in), weights)) + bias + shortcut)
// For bytes, q(x) = round(x / step) + zero, cut to 0 ... 255, or the bytes as they are given; beyond images is `zero`.
// The out that is bytes is rounded alike, by its own step and zero; of an activation, it knows limits alone.
struct Narrow {
  Windows windows;
  int64_t channels, filters;
  const float* in;          // or null:
  const uint8_t* in_bytes;  // bytes or halves, whichever are multiplied
  const uint8_t* weights;   // in panels, or by channel: see narrow.py
  const float* scale;       // [filters]; null for bfloat16, as is `start`
  const int32_t* start;     // [filters]: -zero times the sum of the filter's weights
  const float* bias;        // [filters]
  const void* shortcut;     // as out, in float32 where this is bytes, or null
  Excitation excitation;
  float* out;               // or null:
  uint8_t* out_bytes;       // or null:
  Half* out_halves;
  float in_step, in_zero, out_step, out_zero;
  Activation activation;
};

// By channel, `together` rows of a column are multiplied at a time. What a window leaves free of them serves the rows of
// results below: so many at once.
inline int64_t rows_at_once(const Windows& w, int64_t together) {
  const int64_t rows = (w.height + together - 1) / together * together;
  return w.rate_y > 1 ? 1 : 1 + (rows - w.height) / w.stride_y;
}

// What one set of instructions offers. A panel has two vectors of filters; of each, `bytes` of an input at a time.
struct NarrowKernels {
  const char* name;
  int64_t lanes;
  int64_t bytes;                                     // of a pixel that are multiplied at a time
  bool (*convolve_bytes)(const Narrow&, const Part&);  // false: no memory
  bool (*convolve_bytes_by_channel)(const Narrow&, const Part&);
  bool (*convolve_bfloat16)(const Narrow&, const Part&);  // null, as what follows: not here
  // Of arrays that are floats or halves.
  void (*convolve_bfloat16_by_channel)(const Depthwise&, const Part&, bool in_halves, bool out_halves);
  void (*sum_bfloat16)(const Sums&, int64_t image, int64_t first_channel, int64_t end_channel);
};

extern const NarrowKernels narrow_amx, narrow_avx512bf16, narrow_avx512vnni, narrow_avx512, narrow_avx2, narrow_plain;

}  // namespace jax_slim

// What the kernels compute: descriptions that `handlers.cc` fills in, and the functions that `kernels.cc` has for each
// set of instructions. Arrays are float32 and channels last.
#pragma once

#include <cstdint>

namespace jax_slim {

// A window's way over images: sizes are in pixels.
struct Windows {
  int64_t images, in_height, in_width, out_height, out_width;
  int64_t height, width, stride_y, stride_x, rate_y, rate_x;
  int64_t top, left;  // pixels of zeros before the images' first
};

// out = clamp(convolution(in, weights) + bias + shortcut, low, high)
struct Convolution {
  Windows windows;
  int64_t channels, filters;
  const float* in;
  const float* weights;   // in panels: see `pack` in calls.py
  const float* bias;      // [filters]
  const float* shortcut;  // as out, or null
  float* out;
  float low, high;
};

// The same by channel.
struct Depthwise {
  Windows windows;
  int64_t channels;
  const float* in;
  const float* weights;  // [height, width, channels]
  const float* bias;     // [channels]
  const float* shortcut;
  float* out;
  float low, high;
};

// Some rows, or some pixels of the one row that there is, of one image; of a convolution, some panels of its filters.
struct Part {
  int64_t image, first_row, end_row, first_column, end_column;
  int64_t first_filter, end_filter;
};

// What one set of instructions offers.
struct Kernels {
  const char* name;
  int64_t lanes;  // floats in a vector; a panel has two vectors of filters
  bool (*convolve)(const Convolution&, const Part&);  // false: no memory
  void (*convolve_by_channel)(const Depthwise&, const Part&);
};

extern const Kernels kernels_avx512, kernels_avx2, kernels_plain;

}  // namespace jax_slim

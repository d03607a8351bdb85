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

// A bfloat16: the first half of a float.
struct Half {
  uint16_t bits;
};

// What becomes of a sum: clamp(sum + shift, low, high) * factor, times the sum itself where it gates. ReLUs are limits
// alone; hard swish is sum * clamp(sum + 3, 0, 6) * 1/6.
struct Activation {
  float low, high, shift, factor;
  bool gates;
};

// What squeeze-and-excitation multiplies pixels by, where windows are of one pixel.
struct Excitation {
  const float* factors;  // [images, channels], or null
  int64_t pixels;        // of an image
};

// out = activation(convolution(in, weights) + bias + shortcut)
struct Convolution {
  Windows windows;
  int64_t channels, filters;
  const float* in;
  const float* weights;   // in panels: see fused.py
  const float* bias;      // [filters]
  const float* shortcut;  // as out, or null
  Excitation excitation;
  float* out;
  Activation activation;
};

// The same by channel. Arrays are of floats, or of halves: `shortcut` as `out`.
struct Depthwise {
  Windows windows;
  int64_t channels;
  const void* in;
  const float* weights;  // [height, width, channels]
  const float* bias;     // [channels]
  const void* shortcut;
  void* out;
  Activation activation;
};

// out = sums of images over their pixels, channel by channel
struct Sums {
  int64_t pixels, channels;  // of an image
  const void* in;            // floats or halves
  float* out;  // [images, channels]
};

// Some rows, or some pixels of the one row that there is, of one image; of a convolution, some panels of its filters.
struct Part {
  int64_t image, first_row, end_row, first_column, end_column;
  int64_t first_filter, end_filter;
};

// Some of all images' tiles, counted row by row, image by image, or of their rows or columns; and some panels of filters.
struct Tiles {
  int64_t first, end, first_filter, end_filter;
};

// What one set of instructions offers.
struct Kernels {
  const char* name;
  int64_t lanes;  // floats in a vector; a panel has two vectors of filters
  bool (*convolve)(const Convolution&, const Part&);  // false: no memory
  void (*convolve_by_channel)(const Depthwise&, const Part&);
  // Of tiles of 2 x 2 and of 4 x 4 results, whose weights are sums of taps.
  bool (*convolve_tiles_of_2)(const Convolution&, const Tiles&);
  bool (*convolve_tiles_of_4)(const Convolution&, const Tiles&);
  // The same where windows are one row or one column: of lines of 4 results.
  bool (*convolve_lines)(const Convolution&, const Tiles&);
  // The sums of a panel of taps [3, 3, channels, filters] for tiles of 4 x 4, from a filter on.
  void (*sum_taps)(const float* taps, int64_t channels, int64_t filters, int64_t first_filter, float* sums);
  void (*sum)(const Sums&, int64_t image, int64_t first_channel, int64_t end_channel);
};

extern const Kernels kernels_avx512, kernels_avx2, kernels_plain;

}  // namespace jax_slim

// What the kernels for training compute: gradients of convolutions by channel, and sums over rows for batch norm. Arrays are float32 and channels last.
#pragma once

#include "kernels.h"

namespace jax_slim {

constexpr int64_t kMostTaps = 64;  // of a window's height, and of its width

// The gradients of a convolution by channel, whose windows go over `in`.
struct ByChannel {
  Windows windows;
  int64_t channels;
  const float* in;       // for the gradient of the weights
  const float* weights;  // [height, width, channels], for the gradient of the inputs
  const float* given;    // the gradient of the outputs
  float* out;            // the gradient of the inputs
};

// Sums over rows of [rows, channels] for the gradient of batch norm and of a ReLU after it.
struct Gated {
  int64_t channels;
  const float* given;   // the gradient of the outputs
  const float* in;      // what was normalized
  const float* mean;    // [channels], as the next two
  const float* slope;
  const float* shift;
  float low, high;      // `given` counts where (in - mean) * slope + shift is between them
  bool gates;           // whether there are such limits
};

// What one set of instructions offers.
struct TrainingKernels {
  const char* name;
  // Rows [first_row, end_row) of an image's gradient.
  void (*inputs_by_channel)(const ByChannel&, int64_t image, int64_t first_row, int64_t end_row);
  // An image's part of the gradient of the weights into `sums`, [height, width, channels].
  void (*weights_by_channel)(const ByChannel&, int64_t image, int64_t first_channel, int64_t end_channel, float* sums);
  // About the mean of some rows, and sums of distances from that and of their squares: [3, channels].
  void (*moments)(const float* in, int64_t rows, int64_t channels, float* found);
  // Sums of some rows, from `first` on: of `given`, and of `given` times the distance from the mean: [2, channels].
  void (*gated_sums)(const Gated&, int64_t first, int64_t rows, float* found);
};

extern const TrainingKernels training_avx512, training_avx2, training_plain;

}  // namespace jax_slim

// What the kernels for training compute: gradients of convolutions by channel. Arrays are float32 and channels last.
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

// What one set of instructions offers.
struct TrainingKernels {
  const char* name;
  // Rows [first_row, end_row) of an image's gradient.
  void (*inputs_by_channel)(const ByChannel&, int64_t image, int64_t first_row, int64_t end_row);
  // An image's part of the gradient of the weights into `sums`, [height, width, channels].
  void (*weights_by_channel)(const ByChannel&, int64_t image, int64_t first_channel, int64_t end_channel, float* sums);
};

extern const TrainingKernels training_avx512, training_avx2, training_plain;

}  // namespace jax_slim

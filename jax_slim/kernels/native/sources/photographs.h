// How photographs become what nets are trained on: what `photographs_calls.cc` fills in, and the function that
// `photographs.cc` has for each set of instructions.
#pragma once

#include <cstdint>

namespace jax_slim {

// An axis of the result: output i is pixel pixels[2 i], and weights[2 i + 1] of the way to pixel pixels[2 i + 1].
struct Taps {
  const int64_t* pixels;
  const float* weights;
  int64_t outputs;
};

// Values are multiplied by `factor`, `offset` is added, their saturation multiplied by `most / factor`, `shift` added,
// and they are clipped from `least` to 1.
struct Colours {
  float factor, offset, most, shift, least;
};

struct Photograph {
  const uint8_t* image;    // [height, width, 3], rows `stride` bytes apart
  int64_t stride, width;
  float scale;             // of its levels, before anything else
  Taps rows, columns;      // within the image
  const Colours* colours;  // null: they stay as they are
  float* out;              // [rows, columns, 3]
};

struct PhotographKernels {
  const char* name;
  bool (*resample)(const Photograph&);  // false: no memory
};

extern const PhotographKernels photographs_avx512, photographs_avx2, photographs_plain;

}  // namespace jax_slim

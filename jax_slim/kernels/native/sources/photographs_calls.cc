// What Python calls for photographs.
#include "choosing.h"
#include "photographs.h"

namespace jax_slim {
namespace {

Choice<PhotographKernels>& choice() {
  static Choice<PhotographKernels> choice({
#if defined(JAX_SLIM_X86)
      {&photographs_avx512, processor().avx512}, {&photographs_avx2, processor().avx2},
#endif
      {&photographs_plain, true},
  });
  return choice;
}

}  // namespace
}  // namespace jax_slim

// Arrays and numbers as in `Photograph`; `colours` are factor, offset, most, shift and least, or null.
extern "C" bool jax_slim_resample(const uint8_t* image, int64_t stride, int64_t width, float scale, int64_t rows,
                                  const int64_t* row_pixels, const float* row_weights, int64_t columns,
                                  const int64_t* column_pixels, const float* column_weights, const float* colours,
                                  float* out) {
  jax_slim::Colours changes{};
  if (colours) changes = {colours[0], colours[1], colours[2], colours[3], colours[4]};
  return jax_slim::choice().get().resample({image, stride, width, scale, {row_pixels, row_weights, rows},
                                              {column_pixels, column_weights, columns},
                                              colours ? &changes : nullptr, out});
}

extern "C" const char* jax_slim_photograph_instructions() { return jax_slim::choice().get().name; }

// Takes other kernels than the best that run here; false where they do not.
extern "C" bool jax_slim_choose_photographs(const char* name) { return jax_slim::choice().take(name); }

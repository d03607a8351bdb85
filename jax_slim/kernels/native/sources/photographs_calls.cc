// What Python calls for photographs.
#include <atomic>
#include <cstring>

#include "photographs.h"
#include "processors.h"

namespace jax_slim {
namespace {

bool runs_here(const PhotographKernels& kernels) {
#if defined(JAX_SLIM_X86)
  if (&kernels == &photographs_avx512) return processor().avx512;
  if (&kernels == &photographs_avx2) return processor().avx2;
#endif
  return &kernels == &photographs_plain;
}

// Best first.
const PhotographKernels* const kKinds[] = {
#if defined(JAX_SLIM_X86)
    &photographs_avx512, &photographs_avx2,
#endif
    &photographs_plain};

const PhotographKernels* best() {
  for (const PhotographKernels* kernels : kKinds)
    if (runs_here(*kernels)) return kernels;
  return &photographs_plain;
}

std::atomic<const PhotographKernels*>& chosen() {
  static std::atomic<const PhotographKernels*> kernels{best()};
  return kernels;
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
  return jax_slim::chosen().load()->resample({image, stride, width, scale, {row_pixels, row_weights, rows},
                                              {column_pixels, column_weights, columns},
                                              colours ? &changes : nullptr, out});
}

extern "C" const char* jax_slim_photograph_instructions() { return jax_slim::chosen().load()->name; }

// Takes other kernels than the best that run here; false where they do not.
extern "C" bool jax_slim_choose_photographs(const char* name) {
  for (const jax_slim::PhotographKernels* kernels : jax_slim::kKinds) {
    if (std::strcmp(kernels->name, name) || !jax_slim::runs_here(*kernels)) continue;
    jax_slim::chosen().store(kernels);
    return true;
  }
  return false;
}

// What XLA calls for convolutions of floats.
#include <atomic>
#include <cstring>

#include "calls.h"
#include "kernels.h"
#include "processors.h"

namespace jax_slim {
namespace {

bool runs_here(const Kernels& kernels) {
#if defined(JAX_SLIM_X86)
  if (&kernels == &kernels_avx512) return processor().avx512;
  if (&kernels == &kernels_avx2) return processor().avx2;
#endif
  return &kernels == &kernels_plain;
}

// Best first.
const Kernels* const kKinds[] = {
#if defined(JAX_SLIM_X86)
    &kernels_avx512, &kernels_avx2,
#endif
    &kernels_plain};

const Kernels* best() {
  for (const Kernels* kernels : kKinds)
    if (runs_here(*kernels)) return kernels;
  return &kernels_plain;
}

std::atomic<const Kernels*>& chosen() {
  static std::atomic<const Kernels*> kernels{best()};
  return kernels;
}

ffi::Error Convolve(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights,
                    ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more, ffi::Result<ffi::Buffer<ffi::F32>> out,
                    ffi::Span<const int64_t> windows, ffi::Span<const float> activation, bool excitation) {
  Convolution c;
  Windows& w = c.windows;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &w); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  const Kernels& kernels = *chosen().load();
  c.channels = in.dimensions()[3], c.filters = out->dimensions()[3];
  c.in = in.typed_data(), c.weights = weights.typed_data(), c.bias = bias.typed_data(), c.out = out->typed_data();
  if (auto error = read(activation, &c.activation); error.failure()) return error;
  if (auto error = read_shortcut(more, more.size() > excitation, ffi::F32, out->element_count(), &c.shortcut);
      error.failure())
    return error;
  if (auto error = read_excitation(more, excitation, w, c.channels, &c.excitation); error.failure()) return error;
  const int64_t length = w.height * w.width * c.channels;
  const int64_t padded = ceil(c.filters, kernels.lanes) * kernels.lanes;
  if (auto error = check("weights", weights.element_count(), padded * length); error.failure()) return error;
  if (auto error = check("bias", bias.element_count(), c.filters); error.failure()) return error;
  return in_panels(pool, c, 2 * kernels.lanes, 12, [&kernels](const Convolution& c, const Part& part) {
    return kernels.convolve(c, part);
  });
}

ffi::Error ConvolveByChannel(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights,
                             ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more,
                             ffi::Result<ffi::Buffer<ffi::F32>> out, ffi::Span<const int64_t> windows,
                             ffi::Span<const float> activation) {
  return by_channel(pool, in, weights, bias, more, *out, windows, activation, chosen().load()->convolve_by_channel);
}

ffi::Error SumPixels(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Result<ffi::Buffer<ffi::F32>> out) {
  const Kernels& kernels = *chosen().load();
  return sum_pixels(pool, in, out, kernels.lanes, kernels.sum);
}

}  // namespace
}  // namespace jax_slim

#define JAX_SLIM_BINDING                         \
  ffi::Ffi::Bind()                               \
      .Ctx<ffi::ThreadPool>()                    \
      .Arg<ffi::Buffer<ffi::F32>>()              \
      .Arg<ffi::Buffer<ffi::F32>>()              \
      .Arg<ffi::Buffer<ffi::F32>>()              \
      .RemainingArgs()                           \
      .Ret<ffi::Buffer<ffi::F32>>()              \
      .Attr<ffi::Span<const int64_t>>("windows") \
      .Attr<ffi::Span<const float>>("activation")

XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve, jax_slim::Convolve, JAX_SLIM_BINDING.Attr<bool>("excitation"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_by_channel, jax_slim::ConvolveByChannel, JAX_SLIM_BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_sum_pixels, jax_slim::SumPixels,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Ret<ffi::Buffer<ffi::F32>>());

extern "C" int64_t jax_slim_lanes() { return jax_slim::chosen().load()->lanes; }

extern "C" const char* jax_slim_instructions() { return jax_slim::chosen().load()->name; }

// Takes other kernels than the best that run here; false where they do not. Weights are to be arranged anew then.
extern "C" bool jax_slim_choose(const char* name) {
  for (const jax_slim::Kernels* kernels : jax_slim::kKinds) {
    if (std::strcmp(kernels->name, name) || !jax_slim::runs_here(*kernels)) continue;
    jax_slim::chosen().store(kernels);
    return true;
  }
  return false;
}

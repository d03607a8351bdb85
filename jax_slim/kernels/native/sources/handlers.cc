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

// The arrays and limits of a `Convolution` or a `Depthwise`; there may be a shortcut among `more`.
template <typename Operation>
ffi::Error read_arrays(ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights, ffi::Buffer<ffi::F32> bias,
                       ffi::RemainingArgs more, ffi::Result<ffi::Buffer<ffi::F32>> out, float low, float high,
                       Operation* operation) {
  operation->in = in.typed_data(), operation->weights = weights.typed_data(), operation->bias = bias.typed_data();
  operation->out = out->typed_data(), operation->low = low, operation->high = high, operation->shortcut = nullptr;
  if (more.size() == 0) return ffi::Error::Success();
  auto shortcut = more.get<ffi::Buffer<ffi::F32>>(0);
  if (!shortcut.has_value()) return shortcut.error();
  operation->shortcut = shortcut->typed_data();
  return check("the shortcut", shortcut->element_count(), out->element_count());
}

ffi::Error Convolve(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights,
                    ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more, ffi::Result<ffi::Buffer<ffi::F32>> out,
                    ffi::Span<const int64_t> windows, float low, float high) {
  Convolution c;
  Windows& w = c.windows;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &w); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  const Kernels& kernels = *chosen().load();
  c.channels = in.dimensions()[3], c.filters = out->dimensions()[3];
  if (auto error = read_arrays(in, weights, bias, more, out, low, high, &c); error.failure()) return error;
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
                             ffi::Result<ffi::Buffer<ffi::F32>> out, ffi::Span<const int64_t> windows, float low,
                             float high) {
  Depthwise d;
  const Windows& w = d.windows;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &d.windows); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  d.channels = in.dimensions()[3];
  if (auto error = check("weights", weights.element_count(), w.height * w.width * d.channels); error.failure())
    return error;
  if (auto error = check("bias", bias.element_count(), d.channels); error.failure()) return error;
  if (auto error = check("the last axis", out->dimensions()[3], d.channels); error.failure()) return error;
  if (auto error = read_arrays(in, weights, bias, more, out, low, high, &d); error.failure()) return error;
  const Kernels& kernels = *chosen().load();
  return in_rows(pool, d, 1, [&kernels](const Depthwise& d, const Part& part) {
    kernels.convolve_by_channel(d, part);
    return true;
  });
}

}  // namespace
}  // namespace jax_slim

#define JAX_SLIM_BINDING                  \
  ffi::Ffi::Bind()                        \
      .Ctx<ffi::ThreadPool>()             \
      .Arg<ffi::Buffer<ffi::F32>>()       \
      .Arg<ffi::Buffer<ffi::F32>>()       \
      .Arg<ffi::Buffer<ffi::F32>>()       \
      .RemainingArgs()                    \
      .Ret<ffi::Buffer<ffi::F32>>()       \
      .Attr<ffi::Span<const int64_t>>("windows") \
      .Attr<float>("low")                 \
      .Attr<float>("high")

XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve, jax_slim::Convolve, JAX_SLIM_BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_by_channel, jax_slim::ConvolveByChannel, JAX_SLIM_BINDING);

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

// What XLA calls for gradients of convolutions by channel.
#include "training.h"

#include <atomic>
#include <cstring>

#include "calls.h"
#include "processors.h"

namespace jax_slim {
namespace {

bool runs_here(const TrainingKernels& kernels) {
#if defined(JAX_SLIM_X86)
  if (&kernels == &training_avx512) return processor().avx512;
  if (&kernels == &training_avx2) return processor().avx2;
#endif
  return &kernels == &training_plain;
}

// Best first.
const TrainingKernels* const kKinds[] = {
#if defined(JAX_SLIM_X86)
    &training_avx512, &training_avx2,
#endif
    &training_plain};

const TrainingKernels* best() {
  for (const TrainingKernels* kernels : kKinds)
    if (runs_here(*kernels)) return kernels;
  return &training_plain;
}

std::atomic<const TrainingKernels*>& chosen() {
  static std::atomic<const TrainingKernels*> kernels{best()};
  return kernels;
}

int64_t products_of(const Windows& w, int64_t channels) {
  return w.images * w.out_height * w.out_width * channels * w.height * w.width;
}

// Windows over images of `in`'s size, whose results have `out`'s.
ffi::Error read_gradient(ffi::AnyBuffer::Dimensions in, ffi::AnyBuffer::Dimensions out,
                         ffi::Span<const int64_t> windows, int64_t weights, ByChannel* c) {
  Windows& w = c->windows;
  if (auto error = read(in, out, windows, &w); error.failure()) return error;
  if (w.height > kMostTaps || w.width > kMostTaps)
    return ffi::Error::InvalidArgument("jax_slim: windows of too many pixels");
  c->channels = in[3];
  if (auto error = check("the last axis", out[3], c->channels); error.failure()) return error;
  return check("weights", weights, w.height * w.width * c->channels);
}

ffi::Error InputsByChannel(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> weights, ffi::Buffer<ffi::F32> given,
                           ffi::Result<ffi::Buffer<ffi::F32>> out, ffi::Span<const int64_t> windows) {
  ByChannel c{};
  const Windows& w = c.windows;
  if (auto error = read_gradient(out->dimensions(), given.dimensions(), windows, weights.element_count(), &c);
      error.failure())
    return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  c.weights = weights.typed_data(), c.given = given.typed_data(), c.out = out->typed_data();
  const TrainingKernels& kernels = *chosen().load();
  const int64_t threads = threads_for(products_of(w, c.channels), pool);
  const int64_t wanted = threads == 1 ? w.images : threads * kPartsOfAThread;
  const int64_t rows = ceil(w.in_height, ceil(wanted, w.images)), down = ceil(w.in_height, rows);
  in_parts(pool, threads, w.images * down, [=, &kernels](int64_t index) {
    const int64_t y = index % down * rows;
    kernels.inputs_by_channel(c, index / down, y, std::min(y + rows, c.windows.in_height));
  });
  return ffi::Error::Success();
}

// Each image has sums of its own, which are added in the order of the images: so no number of threads, nor which of them is
// first, changes the result.
ffi::Error WeightsByChannel(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> given,
                            ffi::Result<ffi::Buffer<ffi::F32>> out, ffi::Span<const int64_t> windows) {
  ByChannel c{};
  const Windows& w = c.windows;
  const int64_t size = out->element_count();
  if (auto error = read_gradient(in.dimensions(), given.dimensions(), windows, size, &c); error.failure())
    return error;
  if (size == 0) return ffi::Error::Success();
  c.in = in.typed_data(), c.given = given.typed_data();
  std::shared_ptr<float[]> sums(new (std::nothrow) float[w.images * size]);
  if (!sums && w.images) return ffi::Error(ffi::ErrorCode::kResourceExhausted, "jax_slim: no memory for sums");
  const TrainingKernels& kernels = *chosen().load();
  const int64_t threads = threads_for(products_of(w, c.channels), pool);
  constexpr int64_t kLeastChannels = 64;
  const int64_t wanted = threads == 1 ? 1 : threads * kPartsOfAThread;
  const int64_t groups = std::clamp<int64_t>(w.images ? ceil(wanted, w.images) : 1, 1, ceil(c.channels, kLeastChannels));
  const int64_t some = ceil(ceil(c.channels, groups), kLeastChannels) * kLeastChannels, across = ceil(c.channels, some);
  in_parts(pool, threads, w.images * across, [=, &kernels](int64_t index) {
    const int64_t image = index / across, channel = index % across * some;
    kernels.weights_by_channel(c, image, channel, std::min(channel + some, c.channels), sums.get() + image * size);
  });
  for (int64_t i = 0; i < size; ++i) {
    double sum = 0;
    for (int64_t image = 0; image < w.images; ++image) sum += sums[image * size + i];
    out->typed_data()[i] = static_cast<float>(sum);
  }
  return ffi::Error::Success();
}

}  // namespace
}  // namespace jax_slim

#define JAX_SLIM_BINDING             \
  ffi::Ffi::Bind()                   \
      .Ctx<ffi::ThreadPool>()        \
      .Arg<ffi::Buffer<ffi::F32>>()  \
      .Arg<ffi::Buffer<ffi::F32>>()  \
      .Ret<ffi::Buffer<ffi::F32>>()  \
      .Attr<ffi::Span<const int64_t>>("windows")

XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_inputs_by_channel, jax_slim::InputsByChannel, JAX_SLIM_BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_weights_by_channel, jax_slim::WeightsByChannel, JAX_SLIM_BINDING);

extern "C" const char* jax_slim_training_instructions() { return jax_slim::chosen().load()->name; }

// Takes other kernels than the best that run here; false where they do not.
extern "C" bool jax_slim_choose_training(const char* name) {
  for (const jax_slim::TrainingKernels* kernels : jax_slim::kKinds) {
    if (std::strcmp(kernels->name, name) || !jax_slim::runs_here(*kernels)) continue;
    jax_slim::chosen().store(kernels);
    return true;
  }
  return false;
}

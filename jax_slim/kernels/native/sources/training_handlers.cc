// What XLA calls for gradients of convolutions by channel, and for sums over rows.
#include "training.h"

#include "calls.h"
#include "choosing.h"

namespace jax_slim {
namespace {

Choice<TrainingKernels>& choice() {
  static Choice<TrainingKernels> choice({
#if defined(JAX_SLIM_X86)
      {&training_avx512, processor().avx512}, {&training_avx2, processor().avx2},
#endif
      {&training_plain, true},
  });
  return choice;
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
  const TrainingKernels& kernels = choice().get();
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
  const TrainingKernels& kernels = choice().get();
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

// [rows, channels] cut into blocks of rows, by its shape alone: each has numbers of its own, some for each channel.
struct Blocks {
  int64_t rows, channels, some, number, kept;  // kept: how many numbers for a channel
  std::shared_ptr<float[]> sums;

  int64_t length(int64_t block) const { return std::min(some, rows - block * some); }
  float* of(int64_t block) const { return sums.get() + block * kept * channels; }
};

ffi::Error cut(ffi::AnyBuffer::Dimensions sizes, int64_t results, int64_t kept, Blocks* b) {
  constexpr int64_t kFloatsOfABlock = 32 << 10, kMostRows = 512;  // read twice from a near cache; sums of few terms
  if (sizes.size() == 0) return ffi::Error::InvalidArgument("jax_slim: no channels");
  b->channels = sizes[sizes.size() - 1], b->rows = 1, b->kept = kept;
  for (size_t i = 0; i + 1 < sizes.size(); ++i) b->rows *= sizes[i];
  if (auto error = check("the result", results, 2 * b->channels); error.failure()) return error;
  b->some = std::clamp<int64_t>(kFloatsOfABlock / std::max<int64_t>(b->channels, 1), 1, kMostRows);
  b->number = ceil(b->rows, b->some);
  b->sums.reset(new (std::nothrow) float[b->number * kept * b->channels + 1]);
  if (!b->sums) return ffi::Error(ffi::ErrorCode::kResourceExhausted, "jax_slim: no memory for sums");
  return ffi::Error::Success();
}

// Means, and means of squared distances from them, [2, channels].
ffi::Error Moments(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Result<ffi::Buffer<ffi::F32>> out) {
  Blocks b;
  if (auto error = cut(in.dimensions(), out->element_count(), 3, &b); error.failure()) return error;
  const TrainingKernels& kernels = choice().get();
  const float* from = in.typed_data();
  in_parts(pool, threads_for(kProductsOfARead * in.element_count(), pool), b.number, [=, &kernels](int64_t block) {
    kernels.moments(from + block * b.some * b.channels, b.length(block), b.channels, b.of(block));
  });
  // In the order of the blocks, in float64: the distances of their means from the whole one's are added to theirs.
  std::unique_ptr<double[]> total(new (std::nothrow) double[2 * b.channels + 1]());
  if (!total) return ffi::Error(ffi::ErrorCode::kResourceExhausted, "jax_slim: no memory for sums");
  double *mean = total.get(), *squares = mean + b.channels;
  for (int64_t block = 0; block < b.number; ++block) {
    const float *about = b.of(block), *rest = about + b.channels;
    for (int64_t i = 0; i < b.channels; ++i) mean[i] += about[i] * static_cast<double>(b.length(block)) + rest[i];
  }
  for (int64_t i = 0; i < b.channels; ++i) mean[i] /= static_cast<double>(b.rows);
  for (int64_t block = 0; block < b.number; ++block) {
    const float *about = b.of(block), *rest = about + b.channels, *found = rest + b.channels;
    for (int64_t i = 0; i < b.channels; ++i) {
      const double away = about[i] - mean[i];
      squares[i] += found[i] + away * (2 * rest[i] + away * static_cast<double>(b.length(block)));
    }
  }
  for (int64_t i = 0; i < b.channels; ++i) {
    out->typed_data()[i] = static_cast<float>(mean[i]);
    out->typed_data()[b.channels + i] = static_cast<float>(std::max(0.0, squares[i]) / static_cast<double>(b.rows));
  }
  return ffi::Error::Success();
}

ffi::Error GatedSums(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> given, ffi::Buffer<ffi::F32> in,
                     ffi::Buffer<ffi::F32> mean, ffi::Buffer<ffi::F32> slope, ffi::Buffer<ffi::F32> shift,
                     ffi::Result<ffi::Buffer<ffi::F32>> out, float low, float high, bool gates) {
  Blocks b;
  if (auto error = cut(given.dimensions(), out->element_count(), 2, &b); error.failure()) return error;
  if (auto error = check("the inputs", in.element_count(), given.element_count()); error.failure()) return error;
  for (const auto& array : {mean, slope, shift})
    if (auto error = check("a vector", array.element_count(), b.channels); error.failure()) return error;
  const Gated g{b.channels,         given.typed_data(), in.typed_data(), mean.typed_data(), slope.typed_data(),
                shift.typed_data(), low,                high,            gates};
  const TrainingKernels& kernels = choice().get();
  in_parts(pool, threads_for(2 * kProductsOfARead * in.element_count(), pool), b.number, [=, &kernels](int64_t block) {
    kernels.gated_sums(g, block * b.some, b.length(block), b.of(block));
  });
  std::unique_ptr<double[]> total(new (std::nothrow) double[2 * b.channels + 1]());
  if (!total) return ffi::Error(ffi::ErrorCode::kResourceExhausted, "jax_slim: no memory for sums");
  for (int64_t block = 0; block < b.number; ++block)
    for (int64_t i = 0; i < 2 * b.channels; ++i) total[i] += b.of(block)[i];
  for (int64_t i = 0; i < 2 * b.channels; ++i) out->typed_data()[i] = static_cast<float>(total[i]);
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

XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_moments, jax_slim::Moments,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Ret<ffi::Buffer<ffi::F32>>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_gated_sums, jax_slim::GatedSums,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Ret<ffi::Buffer<ffi::F32>>()
                                  .Attr<float>("low")
                                  .Attr<float>("high")
                                  .Attr<bool>("gates"));

extern "C" const char* jax_slim_training_instructions() { return jax_slim::choice().get().name; }

// Takes other kernels than the best that run here; false where they do not.
extern "C" bool jax_slim_choose_training(const char* name) { return jax_slim::choice().take(name); }

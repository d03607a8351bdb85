// What XLA calls for convolutions of floats.
#include <atomic>

#include "calls.h"
#include "choosing.h"
#include "kernels.h"

namespace jax_slim {
namespace {

Choice<Kernels>& choice() {
  static Choice<Kernels> choice({
#if defined(JAX_SLIM_X86)
      {&kernels_avx512, processor().avx512}, {&kernels_avx2, processor().avx2},
#endif
      {&kernels_plain, true},
  });
  return choice;
}

// Tiles of a part: a multiple of those that are multiplied together; twice as many where weights do not stay in the third
// cache, so that they are read less often. Of lines, whose tiles have fewer numbers, three times.
constexpr int64_t kTilesOfAPart = 24, kBytesOfManyWeights = 16 << 20;

// The points of a tile, by which its sums of weights are made; of a line of taps, for each four of these. 0: no such tiles.
int64_t points_of(const Windows& w, int64_t tile) {
  if (w.stride_y != 1 || w.stride_x != 1 || w.rate_y != 1 || w.rate_x != 1) return 0;
  if (w.height == 3 && w.width == 3) return tile == 2 || tile == 4 ? (tile + 2) * (tile + 2) : 0;
  const bool line = (w.height == 1) != (w.width == 1);
  return line && tile == 4 ? 7 * ceil(std::max(w.height, w.width), 4) : 0;
}

// A convolution in parts of tiles or lines, and of filters where these are few, though each part makes its own sums anew.
ffi::Error in_tiles(ffi::ThreadPool& pool, const Convolution& c, int64_t tile, int64_t bytes_of_weights,
                    const Kernels& kernels) {
  const Windows& w = c.windows;
  const bool lines = w.height != w.width, rows = w.width > 1;
  const int64_t down = ceil(w.out_height, tile), across = ceil(w.out_width, tile);
  const int64_t tiles_of_a_line = rows ? across : down;
  const int64_t total = w.images * (!lines ? down * across : rows ? w.out_height : w.out_width);
  const int64_t tiles = bytes_of_weights > kBytesOfManyWeights ? 2 * kTilesOfAPart : kTilesOfAPart;
  const int64_t most = lines ? std::max<int64_t>(1, 3 * tiles / tiles_of_a_line) : tiles;
  const int64_t products = total * (lines ? tiles_of_a_line : 1) * points_of(w, tile) * c.channels * c.filters;
  const int64_t threads = threads_for(products, pool);
  const int64_t panel = 2 * kernels.lanes, panels = ceil(c.filters, panel), wanted = threads == 1 ? 1 : 2 * threads;
  const int64_t some = ceil(total, most), groups = std::clamp<int64_t>(ceil(wanted, some), 1, panels);
  const auto convolve = lines       ? kernels.convolve_lines
                        : tile == 2 ? kernels.convolve_tiles_of_2
                                    : kernels.convolve_tiles_of_4;
  std::atomic<bool> starved{false};
  in_parts(pool, threads, some * groups, [=, &starved](int64_t index) {
    const int64_t group = index % groups, part = index / groups;
    if (!convolve(c, {part * total / some, (part + 1) * total / some, group * panels / groups * panel,
                      std::min((group + 1) * panels / groups * panel, c.filters)}))
      starved.store(true);
  });
  return said(starved.load());
}

ffi::Error Convolve(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights,
                    ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more, ffi::Result<ffi::Buffer<ffi::F32>> out,
                    ffi::Span<const int64_t> windows, ffi::Span<const float> activation, bool excitation, int64_t tile) {
  Convolution c;
  Windows& w = c.windows;
  if (auto error = read(in.dimensions(), out->dimensions(), windows, &w); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  const Kernels& kernels = choice().get();
  c.channels = in.dimensions()[3], c.filters = out->dimensions()[3];
  c.in = in.typed_data(), c.weights = weights.typed_data(), c.bias = bias.typed_data(), c.out = out->typed_data();
  if (auto error = read(activation, &c.activation); error.failure()) return error;
  if (auto error = read_shortcut(more, more.size() > excitation, ffi::F32, out->element_count(), &c.shortcut);
      error.failure())
    return error;
  if (auto error = read_excitation(more, excitation, w, c.channels, &c.excitation); error.failure()) return error;
  const int64_t points = tile == 0 ? w.height * w.width : excitation ? 0 : points_of(w, tile);
  if (points == 0) return ffi::Error::InvalidArgument("jax_slim: no such tiles");
  const int64_t length = points * c.channels;
  const int64_t padded = ceil(c.filters, kernels.lanes) * kernels.lanes;
  if (auto error = check("weights", weights.element_count(), padded * length); error.failure()) return error;
  if (auto error = check("bias", bias.element_count(), c.filters); error.failure()) return error;
  if (tile != 0) return in_tiles(pool, c, tile, weights.size_bytes(), kernels);
  return in_panels(pool, c, 2 * kernels.lanes, 12, [&kernels](const Convolution& c, const Part& part) {
    return kernels.convolve(c, part);
  });
}

ffi::Error ConvolveByChannel(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Buffer<ffi::F32> weights,
                             ffi::Buffer<ffi::F32> bias, ffi::RemainingArgs more,
                             ffi::Result<ffi::Buffer<ffi::F32>> out, ffi::Span<const int64_t> windows,
                             ffi::Span<const float> activation) {
  return by_channel(pool, in, weights, bias, more, *out, windows, activation, choice().get().convolve_by_channel);
}

// Taps [3, 3, channels, filters] -> panels of their sums for tiles of 4.
ffi::Error SumTaps(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> taps, ffi::Result<ffi::Buffer<ffi::F32>> out) {
  const auto sizes = taps.dimensions();
  if (sizes.size() != 4 || sizes[0] != 3 || sizes[1] != 3) return ffi::Error::InvalidArgument("jax_slim: not 3 x 3 taps");
  const Kernels& kernels = choice().get();
  const int64_t channels = sizes[2], filters = sizes[3], panel = 2 * kernels.lanes, points = 36;
  const int64_t padded = ceil(filters, kernels.lanes) * kernels.lanes;
  if (auto error = check("sums", out->element_count(), points * channels * padded); error.failure()) return error;
  const int64_t threads = threads_for(kProductsOfARead * out->element_count(), pool);
  const float* from = taps.typed_data();
  float* to = out->typed_data();
  in_parts(pool, threads, ceil(filters, panel), [=, &kernels](int64_t index) {
    const int64_t f = index * panel;
    kernels.sum_taps(from, channels, filters, f, to + f * points * channels);
  });
  return ffi::Error::Success();
}

ffi::Error SumPixels(ffi::ThreadPool pool, ffi::Buffer<ffi::F32> in, ffi::Result<ffi::Buffer<ffi::F32>> out) {
  const Kernels& kernels = choice().get();
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

XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve, jax_slim::Convolve, JAX_SLIM_BINDING.Attr<bool>("excitation").Attr<int64_t>("tile"));
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_convolve_by_channel, jax_slim::ConvolveByChannel, JAX_SLIM_BINDING);
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_sum_taps, jax_slim::SumTaps,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Ret<ffi::Buffer<ffi::F32>>());
XLA_FFI_DEFINE_HANDLER_SYMBOL(jax_slim_sum_pixels, jax_slim::SumPixels,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::Buffer<ffi::F32>>()
                                  .Ret<ffi::Buffer<ffi::F32>>());

extern "C" int64_t jax_slim_lanes() { return jax_slim::choice().get().lanes; }

extern "C" const char* jax_slim_instructions() { return jax_slim::choice().get().name; }

// Takes other kernels than the best that run here; false where they do not. Weights are to be arranged anew then.
extern "C" bool jax_slim_choose(const char* name) { return jax_slim::choice().take(name); }

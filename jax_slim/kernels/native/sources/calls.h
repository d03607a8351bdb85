// What all handlers share: checks of what XLA gives, and the work cut into parts, which threads take in turn.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "kernels.h"
#include "threads.h"
#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;

namespace jax_slim {
namespace {

// Floats of inputs that a part takes, so that they stay in a core's cache while all filters pass over them.
constexpr int64_t kFloatsOfAPart = 64 << 10;
// Products below which a second thread takes longer to wake than to help.
constexpr int64_t kProductsForThreads = 500'000;
constexpr int64_t kPartsOfAThread = 4;
// Weights for each float of inputs above which threads share out the filters instead of the pixels.
constexpr int64_t kWeightsOfAFloat = 4;
// What it costs to read a number that is used once, in products of numbers that are at hand.
constexpr int64_t kProductsOfARead = 8;

// Runs all parts, each once: run(0) ... run(total - 1).
template <typename Run>
void in_parts(ffi::ThreadPool& pool, int64_t threads, int64_t total, const Run& run) {
  if (threads <= 1 || total <= 1) {
    for (int64_t index = 0; index < total; ++index) run(index);
    return;
  }
  const Parts::Function function = [](const void* run, int64_t index) { (*static_cast<const Run*>(run))(index); };
  if (in_awake_threads(threads, total, function, &run)) return;
  // Shared, because a thread that comes too late still has to see that nothing is left.
  auto parts = std::make_shared<Parts>(threads);
  parts->set(total, function, &run);
  for (int64_t thread = 1; thread < std::min(threads, total); ++thread)
    pool.Schedule([parts, thread] { parts->take(thread); });
  parts->take(0);
  parts->wait();
}

int64_t ceil(int64_t number, int64_t by) { return (number + by - 1) / by; }

// Windows out of shapes and of [height, width, stride_y, stride_x, rate_y, rate_x, top, left].
ffi::Error read(ffi::AnyBuffer::Dimensions in, ffi::AnyBuffer::Dimensions out, ffi::Span<const int64_t> numbers,
                Windows* w) {
  if (in.size() != 4 || out.size() != 4 || numbers.size() != 8 || in[0] != out[0])
    return ffi::Error::InvalidArgument("jax_slim: not the shapes of images");
  *w = {in[0], in[1], in[2], out[1], out[2], numbers[0], numbers[1], numbers[2],
        numbers[3], numbers[4], numbers[5], numbers[6], numbers[7]};
  if (w->height < 1 || w->width < 1 || w->stride_y < 1 || w->stride_x < 1 || w->rate_y < 1 || w->rate_x < 1 ||
      w->top < 0 || w->left < 0)
    return ffi::Error::InvalidArgument("jax_slim: no such windows");
  return ffi::Error::Success();
}

// Whether each result is of the one pixel that is in its place.
bool of_pixels(const Windows& w) {
  return w.height == 1 && w.width == 1 && w.stride_y == 1 && w.stride_x == 1 && w.top == 0 && w.left == 0 &&
         w.in_height == w.out_height && w.in_width == w.out_width;
}

ffi::Error check(const char* what, int64_t got, int64_t wanted) {
  if (got == wanted) return ffi::Error::Success();
  return ffi::Error::InvalidArgument(std::string("jax_slim: ") + what + " has " + std::to_string(got) +
                                     " elements, not " + std::to_string(wanted));
}

int64_t threads_for(int64_t products, const ffi::ThreadPool& pool) {
  return products < kProductsForThreads ? 1 : std::max<int64_t>(1, pool.num_threads());
}

// [low, high, shift, factor, whether it gates].
ffi::Error read(ffi::Span<const float> numbers, Activation* activation) {
  if (numbers.size() != 5) return ffi::Error::InvalidArgument("jax_slim: not the numbers of an activation");
  *activation = {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] != 0};
  return ffi::Error::Success();
}

// The shortcut, where there is one: as many numbers of this type as the result has.
template <typename Number>
ffi::Error read_shortcut(const ffi::RemainingArgs& more, bool given, ffi::DataType type, int64_t results,
                         const Number** shortcut) {
  *shortcut = nullptr;
  if (!given) return ffi::Error::Success();
  auto found = more.get<ffi::AnyBuffer>(0);
  if (!found.has_value()) return found.error();
  if (found->element_type() != type) return ffi::Error::InvalidArgument("jax_slim: a shortcut of another type");
  *shortcut = static_cast<const Number*>(found->untyped_data());
  return check("the shortcut", found->element_count(), results);
}

// The last of what is given, where that is an excitation: an image's numbers for each of its channels.
ffi::Error read_excitation(const ffi::RemainingArgs& more, bool given, const Windows& w, int64_t channels,
                           Excitation* excitation) {
  *excitation = {nullptr, w.in_height * w.in_width};
  if (!given) return ffi::Error::Success();
  if (more.size() == 0 || !of_pixels(w)) return ffi::Error::InvalidArgument("jax_slim: no place for an excitation");
  auto found = more.get<ffi::Buffer<ffi::F32>>(more.size() - 1);
  if (!found.has_value()) return found.error();
  excitation->factors = found->typed_data();
  return check("the excitation", found->element_count(), w.images * channels);
}

// What has no memory says so, of whatever threads compute.
ffi::Error said(bool starved) {
  return starved ? ffi::Error(ffi::ErrorCode::kResourceExhausted, "jax_slim: no memory for padded rows")
                 : ffi::Error::Success();
}

// A convolution by channel, in parts of rows, of which `at_once` are computed together.
template <typename Convolution, typename Convolve>
ffi::Error in_rows(ffi::ThreadPool& pool, Convolution c, int64_t at_once, Convolve convolve) {
  const Windows& w = c.windows;
  const int64_t products = w.images * w.out_height * w.out_width * c.channels * w.height * w.width;
  const int64_t threads = threads_for(products, pool);
  const int64_t wanted = threads == 1 ? w.images : threads * kPartsOfAThread;
  const int64_t some = std::max<int64_t>(1, w.out_height / ceil(wanted, w.images));
  const int64_t rows = ceil(some, at_once) * at_once, down = ceil(w.out_height, rows);
  std::atomic<bool> starved{false};
  in_parts(pool, threads, w.images * down, [=, &starved](int64_t index) {
    const int64_t y = index % down * rows;
    const Part part{index / down, y, std::min(y + rows, c.windows.out_height), 0, c.windows.out_width, 0, 0};
    if (!convolve(c, part)) starved.store(true);
  });
  return said(starved.load());
}

// A convolution by channel of floats, or of halves, which its caller has looked at.
template <typename In, typename Out, typename Convolve>
ffi::Error by_channel(ffi::ThreadPool& pool, In in, ffi::Buffer<ffi::F32> weights, ffi::Buffer<ffi::F32> bias,
                      const ffi::RemainingArgs& more, Out out, ffi::Span<const int64_t> windows, ffi::Span<const float> activation, Convolve convolve) {
  Depthwise d;
  const Windows& w = d.windows;
  if (auto error = read(in.dimensions(), out.dimensions(), windows, &d.windows); error.failure()) return error;
  if (out.element_count() == 0) return ffi::Error::Success();
  d.channels = in.dimensions()[3];
  if (auto error = check("weights", weights.element_count(), w.height * w.width * d.channels); error.failure())
    return error;
  if (auto error = check("bias", bias.element_count(), d.channels); error.failure()) return error;
  if (auto error = check("the last axis", out.dimensions()[3], d.channels); error.failure()) return error;
  d.in = in.untyped_data(), d.weights = weights.typed_data(), d.bias = bias.typed_data(), d.out = out.untyped_data();
  if (auto error = read(activation, &d.activation); error.failure()) return error;
  if (auto error = read_shortcut(more, more.size() > 0, out.element_type(), out.element_count(), &d.shortcut);
      error.failure())
    return error;
  return in_rows(pool, d, 1, [convolve](const Depthwise& d, const Part& part) {
    convolve(d, part);
    return true;
  });
}

// Sums over pixels. Parts are images, and where these are fewer than threads, some channels of each.
template <typename In, typename Sum>
ffi::Error sum_pixels(ffi::ThreadPool& pool, In in, ffi::Result<ffi::Buffer<ffi::F32>> out, int64_t lanes,
                      Sum sum) {
  const auto sizes = in.dimensions();
  if (sizes.size() != 4) return ffi::Error::InvalidArgument("jax_slim: not the shapes of images");
  const int64_t images = sizes[0], channels = sizes[3];
  if (auto error = check("the result", out->element_count(), images * channels); error.failure()) return error;
  if (out->element_count() == 0) return ffi::Error::Success();
  const Sums sums{sizes[1] * sizes[2], channels, in.untyped_data(), out->typed_data()};
  const int64_t threads = threads_for(kProductsOfARead * in.element_count(), pool);
  const int64_t vectors = ceil(channels, lanes), across = std::min(ceil(threads, images), vectors);
  in_parts(pool, threads, images * across, [=](int64_t index) {
    const int64_t some = index % across;
    sum(sums, index / across, some * vectors / across * lanes,
        std::min((some + 1) * vectors / across * lanes, channels));
  });
  return ffi::Error::Success();
}

// A convolution by panels of filters, in parts of rows, of a row's pixels, and of filters where these are few or weights
// many.
//
// `panel`: its filters. `block`: the pixels that a kernel takes at once.
template <typename Convolution, typename Convolve>
ffi::Error in_panels(ffi::ThreadPool& pool, Convolution c, int64_t panel, int64_t block, Convolve convolve) {
  Windows& w = c.windows;
  const bool pixels = of_pixels(w);
  if (pixels) {  // all images are one row
    w.in_width = w.out_width = w.images * w.in_height * w.in_width;
    w.in_height = w.out_height = w.images = 1;
  }
  const int64_t length = w.height * w.width * c.channels;
  const int64_t products = w.images * w.out_height * w.out_width * c.filters * length;
  const int64_t threads = threads_for(products, pool);
  const int64_t wanted = threads == 1 ? 1 : threads * kPartsOfAThread;
  // Of many weights each thread reads some, for all pixels; of few all, and its own pixels, which it then has at hand.
  const bool by_filters =
      length * c.filters > kWeightsOfAFloat * w.images * w.in_height * w.in_width * c.channels;
  const int64_t wanted_places = by_filters ? 1 : wanted;
  int64_t rows = 1, columns = w.out_width;  // of a part
  if (pixels) {
    const int64_t least = 2 * block, most = std::max(least, kFloatsOfAPart / c.channels / least * least);
    columns = std::clamp(ceil(ceil(w.out_width, wanted_places), block) * block, least, most);
  } else {
    const int64_t row = w.in_width * c.channels * w.stride_y;
    rows = std::clamp<int64_t>(kFloatsOfAPart / std::max<int64_t>(row, 1), 1, w.out_height);
    while (rows > 2 && w.images * ceil(w.out_height, rows) < wanted_places) rows = ceil(rows, 2);
  }
  const int64_t down = ceil(w.out_height, rows), across = ceil(w.out_width, columns);
  const int64_t places = w.images * down * across, panels = ceil(c.filters, panel);
  const int64_t groups = std::clamp<int64_t>(by_filters ? wanted : ceil(wanted, places), 1, panels);
  std::atomic<bool> starved{false};
  in_parts(pool, threads, places * groups, [=, &starved](int64_t index) {
    const int64_t group = by_filters ? index / places : index % groups;
    const int64_t place = by_filters ? index % places : index / groups;
    const int64_t x = place % across * columns, y = place / across % down * rows;
    const Part part{place / across / down, y, std::min(y + rows, c.windows.out_height), x,
                    std::min(x + columns, c.windows.out_width), group * panels / groups * panel,
                    std::min((group + 1) * panels / groups * panel, c.filters)};
    if (!convolve(c, part)) starved.store(true);
  });
  return said(starved.load());
}

}  // namespace
}  // namespace jax_slim

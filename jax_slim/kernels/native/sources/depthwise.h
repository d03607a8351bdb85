// Convolutions by channel, of floats or halves (In, Out), whose sums are floats.
#pragma once

#include "activations.h"
#include "runs.h"

namespace jax_slim {
namespace {

// Some neighbours in a row, for `kLanes` or fewer channels. `taps_y` and the window's columns are inside of the image.
template <typename In, typename Out, int Pixels, bool Whole>
inline void by_channel(const Depthwise& d, const In* in, const float* weights, int64_t taps_y, int64_t taps_x,
                       const float* bias, const Out* shortcut, Out* out, int64_t valid, const Activated& activated) {
  const Windows& w = d.windows;
  auto get = [&](const auto* from) { return Whole ? load(from) : load_some(from, valid); };
  Vector sums[Pixels];
  const Vector start = get(bias);
  for (int m = 0; m < Pixels; ++m) sums[m] = start;
  const int64_t step = w.stride_x * d.channels;
  for (int64_t ky = 0; ky < taps_y; ++ky) {
    const In* row = in + ky * w.rate_y * w.in_width * d.channels;
    for (int64_t kx = 0; kx < taps_x; ++kx) {
      const Vector weight = get(weights + (ky * w.width + kx) * d.channels);
      const In* from = row + kx * w.rate_x * d.channels;
      for (int m = 0; m < Pixels; ++m) sums[m] += get(from + m * step) * weight;
    }
  }
  for (int m = 0; m < Pixels; ++m) {
    const int64_t at = m * d.channels;
    if (shortcut) sums[m] += get(shortcut + at);
    const Vector result = activated(sums[m]);
    Whole ? store(out + at, result) : store_some(out + at, result, valid);
  }
}

// The taps from the first to the last whose pixels are in [0, size), of a window that begins at `start`.
inline void inside(int64_t start, int64_t taps, int64_t rate, int64_t size, int64_t* first, int64_t* end) {
  *first = start >= 0 ? 0 : least(taps, (-start + rate - 1) / rate);
  *end = start >= size ? *first : largest(*first, least(taps, (size - start + rate - 1) / rate));
}

template <typename In, typename Out, bool Whole>
inline void row_by_channel(const Depthwise& d, const In* image, int64_t y, Out* out, const Out* shortcut,
                           int64_t channel, int64_t valid, const Activated& activated) {
  const Windows& w = d.windows;
  int64_t first_y, end_y;
  const int64_t top = y * w.stride_y - w.top;
  inside(top, w.height, w.rate_y, w.in_height, &first_y, &end_y);
  const In* row = image + (top + first_y * w.rate_y) * w.in_width * d.channels + channel;
  const float* weights = d.weights + first_y * w.width * d.channels + channel;
  const int64_t reach = (w.width - 1) * w.rate_x;
  for (int64_t x = 0; x < w.out_width;) {
    const int64_t left = x * w.stride_x - w.left;
    const Out* more = shortcut ? shortcut + x * d.channels + channel : nullptr;
    Out* to = out + x * d.channels + channel;
    auto run = [&](auto pixels) {
      by_channel<In, Out, pixels.value, Whole>(d, row + left * d.channels, weights, end_y - first_y, w.width, d.bias + channel,
                                      more, to, valid, activated);
      x += pixels.value;
    };
    // How many whole windows begin here.
    const int64_t whole =
        left < 0 ? 0
                 : least(w.out_width - x, w.in_width <= left + reach ? 0 : (w.in_width - 1 - reach - left) / w.stride_x + 1);
    if (whole >= 8) {
      run(std::integral_constant<int, 8>{});
    } else if (whole >= 4) {
      run(std::integral_constant<int, 4>{});
    } else if (whole >= 1) {
      run(std::integral_constant<int, 1>{});
    } else {
      int64_t first_x, end_x;
      inside(left, w.width, w.rate_x, w.in_width, &first_x, &end_x);
      by_channel<In, Out, 1, Whole>(d, row + (left + first_x * w.rate_x) * d.channels, weights + first_x * d.channels,
                           end_y - first_y, end_x - first_x, d.bias + channel, more, to, valid, activated);
      ++x;
    }
  }
}

template <typename In, typename Out>
void convolve_by_channel(const Depthwise& d, const Part& part) {
  const Windows& w = d.windows;
  const In* image = static_cast<const In*>(d.in) + part.image * w.in_height * w.in_width * d.channels;
  const Activated activated(d.activation);
  for (int64_t y = part.first_row; y < part.end_row; ++y) {
    const int64_t at = (part.image * w.out_height + y) * w.out_width * d.channels;
    Out* out = static_cast<Out*>(d.out) + at;
    const Out* shortcut = d.shortcut ? static_cast<const Out*>(d.shortcut) + at : nullptr;
    int64_t channel = 0;
    for (; channel + kLanes <= d.channels; channel += kLanes)
      row_by_channel<In, Out, true>(d, image, y, out, shortcut, channel, kLanes, activated);
    if (channel < d.channels)
      row_by_channel<In, Out, false>(d, image, y, out, shortcut, channel, d.channels - channel, activated);
  }
}

}  // namespace
}  // namespace jax_slim

// Convolutions by channel, of floats or halves (In, Out), whose sums are floats.
#pragma once

#include "activations.h"
#include "runs.h"

namespace jax_slim {
namespace {

constexpr int kColumns = 4;  // results side by side whose sums are kept in registers
// Channels are taken in blocks of which the rows that a window sees stay in the nearest cache until the next row is
// computed, unless that makes runs too short to be fetched ahead.
constexpr int64_t kBytesNearby = 32 << 10, kLeastRun = 400;

// A row of results.
template <typename In, typename Out>
struct Row {
  const Depthwise& d;
  const Activated& activated;
  const In* in;          // the first row of the image that its windows see
  const float* weights;  // those for this row
  int64_t taps_y;        // how many rows of windows are inside of the image
  const Out* shortcut;   // or null
  Out* out;
  int64_t first_channel, end_channel;
};

// The row's channels of some results side by side, of which the first is number `x`. `taps` columns of their windows, from
// `first_tap` on, are inside of the image. `Taps` and `Stride` are the same numbers where they are known, else 0. Channels
// come innermost: so all that is read lies in runs.
template <int Taps, int Stride, int Pixels, typename In, typename Out>
inline void by_channel(const Row<In, Out>& row, int64_t x, int64_t first_tap, int64_t taps) {
  const Depthwise& d = row.d;
  const Windows& w = d.windows;
  const int64_t channels = d.channels, step = w.stride_x * channels, tap = w.rate_x * channels;
  const int64_t below = w.rate_y * w.in_width * channels, weights_below = w.width * channels;
  const In* in = row.in + (x * w.stride_x - w.left + first_tap * w.rate_x) * channels;
  const float* weights = row.weights + first_tap * channels;
  const int64_t at = x * channels;
  auto compute = [&](int64_t c, auto get, auto put) {
    Vector sums[Pixels];
    const Vector start = get(d.bias + c);
    for (int m = 0; m < Pixels; ++m) sums[m] = start;
    const In* from = in + c;
    const float* by = weights + c;
    for (int64_t ky = 0; ky < row.taps_y; ++ky, from += below, by += weights_below) {
      if constexpr (Taps > 0 && Stride > 0) {
        constexpr int kSeen = (Pixels - 1) * Stride + Taps;
        Vector seen[kSeen];
        for (int i = 0; i < kSeen; ++i) seen[i] = get(from + i * channels);
#pragma GCC unroll 8
        for (int kx = 0; kx < Taps; ++kx) {
          const Vector weight = get(by + kx * channels);
          for (int m = 0; m < Pixels; ++m) sums[m] += seen[m * Stride + kx] * weight;
        }
      } else {
        for (int64_t kx = 0; kx < taps; ++kx) {
          const Vector weight = get(by + kx * channels);
          for (int m = 0; m < Pixels; ++m) sums[m] += get(from + m * step + kx * tap) * weight;
        }
      }
    }
    for (int m = 0; m < Pixels; ++m) {
      if (row.shortcut) sums[m] += get(row.shortcut + at + m * channels + c);
      put(row.out + at + m * channels + c, row.activated(sums[m]));
    }
  };
  int64_t c = row.first_channel;
  for (; c + kLanes <= row.end_channel; c += kLanes)
    compute(c, [](const auto* from) { return load(from); }, [](auto* to, Vector value) { store(to, value); });
  if (const int64_t left = row.end_channel - c)
    compute(c, [=](const auto* from) { return load_some(from, left); },
            [=](auto* to, Vector value) { store_some(to, value, left); });
}

// The taps from the first to the last whose pixels are in [0, size), of a window that begins at `start`.
inline void inside(int64_t start, int64_t taps, int64_t rate, int64_t size, int64_t* first, int64_t* end) {
  *first = start >= 0 ? 0 : least(taps, (-start + rate - 1) / rate);
  *end = start >= size ? *first : largest(*first, least(taps, (size - start + rate - 1) / rate));
}

// A row of which windows of results [first, end) are inside of the image's rows. `Taps` and `Stride` as above; where they
// are known, taps lie side by side.
template <int Taps, int Stride, typename In, typename Out>
inline void row_by_channel(const Row<In, Out>& row, int64_t first, int64_t end) {
  const Windows& w = row.d.windows;
  auto edge = [&](int64_t x) {
    int64_t first_tap, end_tap;
    inside(x * w.stride_x - w.left, w.width, w.rate_x, w.in_width, &first_tap, &end_tap);
    if (Taps == 3 && end_tap - first_tap == 2) return by_channel<2, Stride, 1>(row, x, first_tap, 2);
    by_channel<0, 0, 1>(row, x, first_tap, end_tap - first_tap);
  };
  for (int64_t x = 0; x < first; ++x) edge(x);
  int64_t x = first;
  for (; x + kColumns <= end; x += kColumns) by_channel<Taps, Stride, kColumns>(row, x, 0, w.width);
  for (; x + 2 <= end; x += 2) by_channel<Taps, Stride, 2>(row, x, 0, w.width);
  for (; x < end; ++x) by_channel<Taps, Stride, 1>(row, x, 0, w.width);
  for (x = end; x < w.out_width; ++x) edge(x);
}

// Rows of a part, of channels [first_channel, end_channel).
template <typename In, typename Out>
void rows_by_channel(const Depthwise& d, const Part& part, int64_t first_channel, int64_t end_channel) {
  const Windows& w = d.windows;
  const Activated activated(d.activation);
  const In* image = static_cast<const In*>(d.in) + part.image * w.in_height * w.in_width * d.channels;
  // Results whose windows are inside of rows.
  const int64_t reach = (w.width - 1) * w.rate_x, last = w.in_width - 1 - reach + w.left;
  const int64_t first = least((w.left + w.stride_x - 1) / w.stride_x, w.out_width);
  const int64_t end = largest(first, last < 0 ? 0 : least(w.out_width, last / w.stride_x + 1));
  for (int64_t y = part.first_row; y < part.end_row; ++y) {
    const int64_t top = y * w.stride_y - w.top;
    int64_t first_y, end_y;
    inside(top, w.height, w.rate_y, w.in_height, &first_y, &end_y);
    const int64_t at = (part.image * w.out_height + y) * w.out_width * d.channels;
    const Row<In, Out> row{d, activated, image + (top + first_y * w.rate_y) * w.in_width * d.channels,
                           d.weights + first_y * w.width * d.channels, end_y - first_y,
                           d.shortcut ? static_cast<const Out*>(d.shortcut) + at : nullptr,
                           static_cast<Out*>(d.out) + at, first_channel, end_channel};
    const int64_t width = w.rate_x == 1 ? w.width : 0;
    if (width == 3 && w.stride_x == 1)
      row_by_channel<3, 1>(row, first, end);
    else if (width == 3 && w.stride_x == 2)
      row_by_channel<3, 2>(row, first, end);
    else if (width == 5 && w.stride_x == 1)
      row_by_channel<5, 1>(row, first, end);
    else if (width == 5 && w.stride_x == 2)
      row_by_channel<5, 2>(row, first, end);
    else
      row_by_channel<0, 0>(row, first, end);
  }
}

template <typename In, typename Out>
void convolve_by_channel(const Depthwise& d, const Part& part) {
  const int64_t size = sizeof(In), seen = largest(1, d.windows.height * d.windows.in_width * size);
  const int64_t nearby = kBytesNearby / seen / kLanes * kLanes;
  const int64_t some = nearby * size < kLeastRun ? d.channels : nearby;
  for (int64_t channel = 0; channel < d.channels; channel += some)
    rows_by_channel<In, Out>(d, part, channel, least(channel + some, d.channels));
}

}  // namespace
}  // namespace jax_slim

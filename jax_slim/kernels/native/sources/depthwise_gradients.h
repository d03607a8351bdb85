// Gradients of convolutions by channel. All sums are taken in an order that no number of threads changes.
#pragma once

#include "runs.h"
#include "training.h"
#include "vectors.h"

namespace jax_slim {
namespace {

// A tap that meets a row or a column of inputs: the tap's own number, and the result whose window it is in.
struct Meeting {
  int64_t tap, result;
};

// The taps that meet input number `at` along one axis, in order; returns how many.
inline int64_t meetings(int64_t at, int64_t before, int64_t taps, int64_t rate, int64_t stride, int64_t results,
                        Meeting* found) {
  int64_t count = 0;
  for (int64_t tap = 0; tap < taps; ++tap) {
    const int64_t start = at + before - tap * rate;
    if (start < 0 || start % stride || start / stride >= results) continue;
    found[count++] = {tap, start / stride};
  }
  return count;
}

// `Vectors` vectors of one input's gradient: the sum over the taps that meet it.
template <int Vectors, typename Get, typename Put>
inline void gather(const Meeting* rows, int64_t row_count, const Meeting* columns, int64_t column_count,
                   const ByChannel& c, const float* given, const float* weights, float* out, Get get, Put put) {
  const Windows& w = c.windows;
  Vector sums[Vectors] = {};
  for (const Meeting* row = rows; row < rows + row_count; ++row) {
    for (const Meeting* column = columns; column < columns + column_count; ++column) {
      const float* from = given + (row->result * w.out_width + column->result) * c.channels;
      const float* by = weights + (row->tap * w.width + column->tap) * c.channels;
      for (int v = 0; v < Vectors; ++v) sums[v] += get(from + v * kLanes) * get(by + v * kLanes);
    }
  }
  for (int v = 0; v < Vectors; ++v) put(out + v * kLanes, sums[v]);
}

void inputs_by_channel(const ByChannel& c, int64_t image, int64_t first_row, int64_t end_row) {
  constexpr int kSome = 4;
  const Windows& w = c.windows;
  const float* given = c.given + image * w.out_height * w.out_width * c.channels;
  Meeting rows[kMostTaps], columns[kMostTaps];
  for (int64_t y = first_row; y < end_row; ++y) {
    const int64_t row_count = meetings(y, w.top, w.height, w.rate_y, w.stride_y, w.out_height, rows);
    float* out = c.out + (image * w.in_height + y) * w.in_width * c.channels;
    for (int64_t x = 0; x < w.in_width; ++x, out += c.channels) {
      const int64_t column_count = meetings(x, w.left, w.width, w.rate_x, w.stride_x, w.out_width, columns);
      auto whole = [](const float* from) { return load(from); };
      auto keep = [](float* to, Vector value) { store(to, value); };
      int64_t i = 0;
      for (; i + kSome * kLanes <= c.channels; i += kSome * kLanes)
        gather<kSome>(rows, row_count, columns, column_count, c, given + i, c.weights + i, out + i, whole, keep);
      for (; i + kLanes <= c.channels; i += kLanes)
        gather<1>(rows, row_count, columns, column_count, c, given + i, c.weights + i, out + i, whole, keep);
      if (const int64_t left = c.channels - i)
        gather<1>(rows, row_count, columns, column_count, c, given + i, c.weights + i, out + i,
                  [=](const float* from) { return load_some(from, left); },
                  [=](float* to, Vector value) { store_some(to, value, left); });
    }
  }
}

// The results [first, end) of a row whose windows have this tap inside of the image.
inline void met(int64_t tap, int64_t before, int64_t rate, int64_t stride, int64_t size, int64_t results,
                int64_t* first, int64_t* end) {
  const int64_t start = tap * rate - before;  // where it is in the first window
  *first = start >= 0 ? 0 : least(results, (-start + stride - 1) / stride);
  *end = start >= size ? *first : largest(*first, least(results, (size - 1 - start) / stride + 1));
}

// Adds a row's products to the sums of `Taps` taps side by side, `Vectors` vectors of channels at a time. A row is summed by
// itself, so that a sum has as many terms as a row, and then as an image has rows.
template <int Taps, int Vectors, typename Get, typename Put>
inline void add_row(const Windows& w, int64_t channels, int64_t tap, const float* in, const float* given, float* sums,
                    Get get, Put put) {
  Vector found[Taps][Vectors] = {};
  const int64_t step = w.stride_x * channels, next = w.rate_x * channels;
  in += (tap * w.rate_x - w.left) * channels;  // the first window's first tap
  int64_t starts[Taps], ends[Taps], first = 0, end = w.out_width;
  for (int t = 0; t < Taps; ++t) {
    met(tap + t, w.left, w.rate_x, w.stride_x, w.in_width, w.out_width, &starts[t], &ends[t]);
    first = largest(first, starts[t]), end = least(end, ends[t]);
  }
  end = largest(first, end);
  for (int64_t x = first; x < end; ++x) {
    for (int v = 0; v < Vectors; ++v) {
      const Vector by = get(given + x * channels + v * kLanes);
      for (int t = 0; t < Taps; ++t) found[t][v] += get(in + x * step + t * next + v * kLanes) * by;
    }
  }
  for (int t = 0; t < Taps; ++t) {
    auto edge = [&](int64_t x) {
      for (int v = 0; v < Vectors; ++v)
        found[t][v] += get(in + x * step + t * next + v * kLanes) * get(given + x * channels + v * kLanes);
    };
    for (int64_t x = starts[t]; x < least(first, ends[t]); ++x) edge(x);
    for (int64_t x = largest(end, starts[t]); x < ends[t]; ++x) edge(x);
    for (int v = 0; v < Vectors; ++v) {
      float* sum = sums + (tap + t) * channels + v * kLanes;
      put(sum, get(sum) + found[t][v]);
    }
  }
}

template <int Taps>
inline void add_rows(const ByChannel& c, int64_t image, int64_t tap, int64_t first_channel, int64_t end_channel,
                     float* sums) {
  const Windows& w = c.windows;
  const float* in = c.in + image * w.in_height * w.in_width * c.channels;
  const float* given = c.given + image * w.out_height * w.out_width * c.channels;
  for (int64_t y = 0; y < w.out_height; ++y, given += w.out_width * c.channels) {
    for (int64_t ky = 0; ky < w.height; ++ky) {
      const int64_t from = y * w.stride_y + ky * w.rate_y - w.top;
      if (from < 0 || from >= w.in_height) continue;
      const float* row = in + from * w.in_width * c.channels;
      float* to = sums + ky * w.width * c.channels;
      auto whole = [](const float* at) { return load(at); };
      auto keep = [](float* at, Vector value) { store(at, value); };
      int64_t i = first_channel;
      for (; i + 2 * kLanes <= end_channel; i += 2 * kLanes)
        add_row<Taps, 2>(w, c.channels, tap, row + i, given + i, to + i, whole, keep);
      for (; i + kLanes <= end_channel; i += kLanes)
        add_row<Taps, 1>(w, c.channels, tap, row + i, given + i, to + i, whole, keep);
      if (const int64_t left = end_channel - i)
        add_row<Taps, 1>(w, c.channels, tap, row + i, given + i, to + i,
                         [=](const float* at) { return load_some(at, left); },
                         [=](float* at, Vector value) { store_some(at, value, left); });
    }
  }
}

void weights_by_channel(const ByChannel& c, int64_t image, int64_t first_channel, int64_t end_channel, float* sums) {
  const Windows& w = c.windows;
  for (int64_t tap = 0; tap < w.height * w.width; ++tap)
    std::memset(sums + tap * c.channels + first_channel, 0, (end_channel - first_channel) * sizeof(float));
  if (w.width == 3) return add_rows<3>(c, image, 0, first_channel, end_channel, sums);
  if (w.width == 5) return add_rows<5>(c, image, 0, first_channel, end_channel, sums);
  if (w.width == 7) return add_rows<7>(c, image, 0, first_channel, end_channel, sums);
  for (int64_t tap = 0; tap < w.width; ++tap) add_rows<1>(c, image, tap, first_channel, end_channel, sums);
}

}  // namespace
}  // namespace jax_slim

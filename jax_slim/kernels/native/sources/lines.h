// Convolutions of a row or a column of taps by Winograd's sums: see winograd.h, and kernels/winograd.py. Taps go four
// together, and four outputs along a line of pixels see seven sums for each four taps: those of the next four taps are the
// next tile's own, and are made once.
#pragma once

#include "blocks.h"
#include "winograd.h"

namespace jax_slim {
namespace {

constexpr int kOutputs = 4, kLinePoints = 7;

// The sums by points 3/8, 7/8, 7/4, their negatives, and infinity.
struct Along {
  static constexpr float a = 0.375f, b = 0.875f, c = 1.75f, aa = a * a, bb = b * b, cc = c * c;

  template <int Index>
  static void of_pair(const Vector (&d)[7], float point, float one, float other, Vector (&s)[7]) {
    const Vector odd = one * other * d[1] + (d[5] - (one + other) * d[3]);
    const Vector even = one * other * d[0] + (d[4] - (one + other) * d[2]);
    s[Index] = odd + point * even;
    s[Index + 3] = odd - point * even;
  }
  static void of_inputs(const Vector (&d)[7], Vector (&s)[7]) {
    of_pair<0>(d, a, bb, cc, s);
    of_pair<1>(d, b, aa, cc, s);
    of_pair<2>(d, c, aa, bb, s);
    s[6] = d[6] - (aa + bb + cc) * d[4] + ((aa * bb + aa * cc + bb * cc) * d[2] - aa * bb * cc * d[0]);
  }
  static void of_products(const Vector (&m)[7], Vector (&y)[4]) {
    const Vector even_a = m[0] + m[3], even_b = m[1] + m[4], even_c = m[2] + m[5];
    const Vector odd_a = m[0] - m[3], odd_b = m[1] - m[4], odd_c = m[2] - m[5];
    y[0] = even_a + even_b + even_c;
    y[1] = a * odd_a + b * odd_b + c * odd_c;
    y[2] = aa * even_a + bb * even_b + cc * even_c;
    y[3] = a * aa * odd_a + b * bb * odd_b + (c * cc * odd_c + m[6]);
  }
};

// The lines of all images: rows, where taps are a row, else columns.
struct Line {
  int64_t image, y, x;  // of its first output

  Line(const Windows& w, int64_t number) {
    const int64_t lines = w.width > 1 ? w.out_height : w.out_width;
    image = number / lines;
    y = w.width > 1 ? number % lines : 0, x = w.width > 1 ? 0 : number % lines;
  }
};

// Sums [points, segments, lines, step] of what four outputs and four taps see; a pixel outside of the image is `zeros`.
inline void sum_lines(const Convolution& c, const Tiles& part, int64_t segments, const float* zeros, float* sums,
                      int64_t step, int64_t step_of_point) {
  const Windows& w = c.windows;
  const int64_t down = w.width > 1 ? 0 : 1, across = 1 - down;
  for (int64_t segment = 0; segment < segments; ++segment) {
    for (int64_t number = part.first; number < part.end; ++number, sums += step) {
      const Line line(w, number);
      const float* from[kLinePoints];
      for (int k = 0; k < kLinePoints; ++k) {
        const int64_t along = segment * kOutputs + k;
        const int64_t y = line.y - w.top + along * down, x = line.x - w.left + along * across;
        const bool inside = y >= 0 && y < w.in_height && x >= 0 && x < w.in_width;
        from[k] = inside ? c.in + ((line.image * w.in_height + y) * w.in_width + x) * c.channels : zeros;
      }
      for (int64_t channel = 0; channel < c.channels; channel += kLanes) {
        const int64_t left = c.channels - channel;
        Vector seen[kLinePoints], made[kLinePoints];
#pragma GCC unroll 7
        for (int k = 0; k < kLinePoints; ++k)
          seen[k] = left >= kLanes ? load(from[k] + channel) : load_some(from[k] + channel, left);
        Along::of_inputs(seen, made);
#pragma GCC unroll 7
        for (int k = 0; k < kLinePoints; ++k) store(sums + k * step_of_point + channel, made[k]);
      }
    }
  }
}

// Outputs of a panel from filter `f` on, out of products [points, tiles, lines, kPanel].
inline void sum_line_products(const Convolution& c, const Tiles& part, int64_t tiles, int64_t f, const float* products,
                              int64_t step_of_point, const Activated& activated) {
  const Windows& w = c.windows;
  const int64_t count = w.width > 1 ? w.out_width : w.out_height;
  const int64_t apart = (w.width > 1 ? 1 : w.out_width) * c.filters;  // one output from the next
  for (int64_t tile = 0; tile < tiles; ++tile) {
    const int64_t outputs = count - tile * kOutputs;
    for (int64_t number = part.first; number < part.end; ++number, products += kPanel) {
      const Line line(w, number);
      const int64_t first = ((line.image * w.out_height + line.y) * w.out_width + line.x) * c.filters;
      for (int v = 0; v < kWide; ++v) {
        const int64_t filter = f + v * kLanes, left = c.filters - filter;
        if (left <= 0) break;
        Vector taken[kLinePoints], made[kOutputs];
#pragma GCC unroll 7
        for (int k = 0; k < kLinePoints; ++k) taken[k] = load(products + k * step_of_point + v * kLanes);
        Along::of_products(taken, made);
        const Vector bias = left >= kLanes ? load(c.bias + filter) : load_some(c.bias + filter, left);
#pragma GCC unroll 4
        for (int k = 0; k < kOutputs; ++k)
          if (k < outputs) finish(c, made[k] + bias, first + (tile * kOutputs + k) * apart + filter, left, activated);
      }
    }
  }
}

bool convolve_lines(const Convolution& c, const Tiles& part) {
  const Windows& w = c.windows;
  const int64_t lines = part.end - part.first, step = whole_lines(c.channels);
  const int64_t groups = (largest(w.width, w.height) + kOutputs - 1) / kOutputs;
  const int64_t tiles = (largest(w.width > 1 ? w.out_width : w.out_height, 1) + kOutputs - 1) / kOutputs;
  const int64_t segments = tiles + groups - 1, rows = tiles * lines;
  const int64_t step_of_sums = step_of_points(segments * lines, step), step_of_products = step_of_points(rows, kPanel);
  auto* zeros = static_cast<float*>(scratch((kLinePoints * (step_of_sums + step_of_products) + step) * sizeof(float)));
  if (!zeros) return false;
  float *sums = zeros + step, *products = sums + kLinePoints * step_of_sums;
  std::memset(zeros, 0, step * sizeof(float));
  sum_lines(c, part, segments, zeros, sums, step, step_of_sums);
  const Activated activated(c.activation);
  for (int64_t f = part.first_filter; f < part.end_filter; f += kPanel) {
    multiply(sums, step_of_sums, step, rows, {groups, c.channels, 1, 0, lines * step},
             c.weights + f * kLinePoints * groups * c.channels, kLinePoints, c.filters - f, products, step_of_products);
    sum_line_products(c, part, tiles, f, products, step_of_products, activated);
  }
  return true;
}

}  // namespace
}  // namespace jax_slim

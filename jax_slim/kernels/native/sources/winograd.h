// Convolutions of 3 x 3 taps by Winograd's sums, which `kernels/winograd.py` explains. What a tile of Tile x Tile outputs
// sees becomes (Tile + 2)^2 sums, one for each point; a product of matrices for each of them, tiles and channels by
// channels and filters, makes as many numbers, of which the outputs are sums again.
//
// A part has few enough tiles for all of this to stay in a core's second cache.
#pragma once

#include "blocks.h"

namespace jax_slim {
namespace {

// The sums along one axis, from points 0, their numbers, their negatives, and infinity.
template <int Tile>
struct Toom;

template <>
struct Toom<2> {  // 1
  static void of_inputs(const Vector (&d)[4], Vector (&s)[4]) {
    s[0] = d[2] - d[0];
    s[1] = d[2] + d[1];
    s[2] = d[2] - d[1];
    s[3] = d[3] - d[1];
  }
  static void of_products(const Vector (&m)[4], Vector (&y)[2]) {
    y[0] = m[0] + m[1] + m[2];
    y[1] = m[1] - m[2] + m[3];
  }
};

template <>
struct Toom<4> {  // 5/8 and 3/2
  static constexpr float a = 0.625f, b = 1.5f, aa = a * a, bb = b * b;
  static void of_inputs(const Vector (&d)[6], Vector (&s)[6]) {
    const Vector even_a = d[4] - bb * d[2], odd_a = d[3] - bb * d[1];
    const Vector even_b = d[4] - aa * d[2], odd_b = d[3] - aa * d[1];
    s[0] = aa * bb * d[0] + (d[4] - (aa + bb) * d[2]);
    s[1] = even_a + a * odd_a;
    s[2] = even_b + b * odd_b;
    s[3] = even_a - a * odd_a;
    s[4] = even_b - b * odd_b;
    s[5] = aa * bb * d[1] + (d[5] - (aa + bb) * d[3]);
  }
  static void of_products(const Vector (&m)[6], Vector (&y)[4]) {
    const Vector even_a = m[1] + m[3], odd_a = m[1] - m[3], even_b = m[2] + m[4], odd_b = m[2] - m[4];
    y[0] = m[0] + even_a + even_b;
    y[1] = a * odd_a + b * odd_b;
    y[2] = aa * even_a + bb * even_b;
    y[3] = a * aa * odd_a + (b * bb * odd_b + m[5]);
  }
};

// Sums of 3 x 3 taps [3, 3, channels, filters] for tiles of 4, as panels, from filter `f` on.
inline void sum_taps(const float* taps, int64_t channels, int64_t filters, int64_t f, float* sums) {
  constexpr float a = Toom<4>::a, b = Toom<4>::b, aa = Toom<4>::aa, bb = Toom<4>::bb;
  constexpr float zero = 1 / (aa * bb), of_a = 1 / (2 * aa * (aa - bb)), of_b = 1 / (2 * bb * (bb - aa));
  auto summed = [&](const Vector (&g)[3], Vector (&s)[6]) {
    const Vector even_a = of_a * g[0] + of_a * aa * g[2], even_b = of_b * g[0] + of_b * bb * g[2];
    s[0] = zero * g[0];
    s[1] = even_a + of_a * a * g[1];
    s[2] = even_b + of_b * b * g[1];
    s[3] = even_a - of_a * a * g[1];
    s[4] = even_b - of_b * b * g[1];
    s[5] = g[2];
  };
  const int64_t wide = filters - f > kLanes ? kPanel : kLanes;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t v = 0; v < wide; v += kLanes) {
      const int64_t left = filters - f - v;
      Vector down[3][6];
#pragma GCC unroll 3
      for (int j = 0; j < 3; ++j) {
        Vector column[3];
#pragma GCC unroll 3
        for (int i = 0; i < 3; ++i) {
          const float* from = taps + ((i * 3 + j) * channels + c) * filters + f + v;
          column[i] = left >= kLanes ? load(from) : load_some(from, left);
        }
        summed(column, down[j]);
      }
      float* to = sums + c * wide + v;
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        Vector across[6];
        const Vector row[3] = {down[0][i], down[1][i], down[2][i]};
        summed(row, across);
#pragma GCC unroll 6
        for (int j = 0; j < 6; ++j, to += channels * wide) store(to, across[j]);
      }
    }
  }
}

// Where a tile of outputs begins.
struct Place {
  int64_t image, y, x;
};

template <int Tile>
Place place_of(const Windows& w, int64_t tile) {
  const int64_t across = (w.out_width + Tile - 1) / Tile, down = (w.out_height + Tile - 1) / Tile;
  return {tile / across / down, tile / across % down * Tile, tile % across * Tile};
}

// From the sums of a point to those of the next: an odd number of cache lines, as a cache has few places for what lies
// multiples of a power of two apart.
inline int64_t step_of_points(int64_t tiles, int64_t numbers) {
  const int64_t lines = (tiles * numbers + 15) / 16;
  return (lines + 1 - lines % 2) * 16;
}

// So many floats, and what fills up a cache line.
inline int64_t whole_lines(int64_t numbers) { return (numbers + 15) / 16 * 16; }

// The outputs from number `at` on, `left` of a vector, with shortcut and activation.
inline void finish(const Convolution& c, Vector sum, int64_t at, int64_t left, const Activated& activated) {
  if (left >= kLanes) {
    if (c.shortcut) sum += load(c.shortcut + at);
    store(c.out + at, activated(sum));
  } else {
    if (c.shortcut) sum += load_some(c.shortcut + at, left);
    store_some(c.out + at, activated(sum), left);
  }
}

// Products [points, rows, kPanel] of a panel, of which `filters` are left: for each point, rows of sums, of which each
// finds its numbers in `runs`, by a matrix of weights.
inline void multiply(const float* sums, int64_t step_of_sums, int64_t step, int64_t rows, const Runs& runs,
                     const float* weights, int64_t points, int64_t filters, float* products, int64_t step_of_products) {
  constexpr float nothing[kPanel] = {};
  constexpr auto counts = std::make_integer_sequence<int, kMostPixels>{};
  const Activated as_it_is({-__builtin_inff(), __builtin_inff(), 0, 1, false});
  const int64_t wide = filters > kLanes ? kPanel : kLanes, blocks = (rows + kMostPixels - 1) / kMostPixels;
  for (int64_t point = 0; point < points; ++point, weights += runs.number * runs.length * wide) {
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t row = b * rows / blocks, count = (b + 1) * rows / blocks - row;
      const Block run = wide == kPanel ? block_of<2>(count, counts) : block_of<1>(count, counts);
      run(sums + point * step_of_sums + row * step, step, runs, weights, nothing, nullptr,
          products + point * step_of_products + row * kPanel, kPanel, wide, as_it_is);
    }
  }
}

// Sums [points, tiles, step] of the pixels that tiles [first, end) see; a pixel outside of the image is `zeros`.
template <int Tile>
void sum_inputs(const Convolution& c, int64_t first, int64_t end, const float* zeros, float* sums, int64_t step,
                int64_t step_of_point) {
  constexpr int kSeen = Tile + 2;
  const Windows& w = c.windows;
  for (int64_t tile = first; tile < end; ++tile, sums += step) {
    const Place place = place_of<Tile>(w, tile);
    const float* from[kSeen][kSeen];
    for (int i = 0; i < kSeen; ++i) {
      const int64_t y = place.y - w.top + i, row = (place.image * w.in_height + y) * w.in_width;
      for (int j = 0; j < kSeen; ++j) {
        const int64_t x = place.x - w.left + j;
        const bool inside = y >= 0 && y < w.in_height && x >= 0 && x < w.in_width;
        from[i][j] = inside ? c.in + (row + x) * c.channels : zeros;
      }
    }
    for (int64_t channel = 0; channel < c.channels; channel += kLanes) {
      const int64_t left = c.channels - channel;
      Vector down[kSeen][kSeen];  // [columns, sums]
#pragma GCC unroll 6
      for (int j = 0; j < kSeen; ++j) {
        Vector column[kSeen];
#pragma GCC unroll 6
        for (int i = 0; i < kSeen; ++i)
          column[i] = left >= kLanes ? load(from[i][j] + channel) : load_some(from[i][j] + channel, left);
        Toom<Tile>::of_inputs(column, down[j]);
      }
      float* to = sums + channel;
#pragma GCC unroll 6
      for (int i = 0; i < kSeen; ++i) {
        Vector row[kSeen], across[kSeen];
#pragma GCC unroll 6
        for (int j = 0; j < kSeen; ++j) row[j] = down[j][i];
        Toom<Tile>::of_inputs(row, across);
#pragma GCC unroll 6
        for (int j = 0; j < kSeen; ++j, to += step_of_point) store(to, across[j]);
      }
    }
  }
}

// Outputs of tiles [first, end) and of a panel from filter `f` on, out of products [points, tiles, kPanel].
template <int Tile>
void sum_products(const Convolution& c, int64_t first, int64_t end, int64_t f, const float* products,
                  int64_t step_of_point, const Activated& activated) {
  constexpr int kSeen = Tile + 2;
  const Windows& w = c.windows;
  for (int64_t tile = first; tile < end; ++tile, products += kPanel) {
    const Place place = place_of<Tile>(w, tile);
    const int64_t rows = w.out_height - place.y, columns = w.out_width - place.x;
    for (int v = 0; v < kWide; ++v) {
      const int64_t filter = f + v * kLanes, left = c.filters - filter;
      if (left <= 0) break;
      const float* from = products + v * kLanes;
      Vector down[kSeen][Tile];  // [columns, outputs]
#pragma GCC unroll 6
      for (int j = 0; j < kSeen; ++j) {
        Vector column[kSeen];
#pragma GCC unroll 6
        for (int i = 0; i < kSeen; ++i) column[i] = load(from + (i * kSeen + j) * step_of_point);
        Toom<Tile>::of_products(column, down[j]);
      }
      const Vector bias = left >= kLanes ? load(c.bias + filter) : load_some(c.bias + filter, left);
      const int64_t corner = ((place.image * w.out_height + place.y) * w.out_width + place.x) * c.filters + filter;
#pragma GCC unroll 4
      for (int i = 0; i < Tile; ++i) {
        if (i >= rows) break;
        Vector row[kSeen], across[Tile];
#pragma GCC unroll 6
        for (int j = 0; j < kSeen; ++j) row[j] = down[j][i];
        Toom<Tile>::of_products(row, across);
#pragma GCC unroll 4
        for (int j = 0; j < Tile; ++j) {
          if (j >= columns) break;
          finish(c, across[j] + bias, corner + (i * w.out_width + j) * c.filters, left, activated);
        }
      }
    }
  }
}

template <int Tile>
bool convolve_tiles(const Convolution& c, const Tiles& part) {
  constexpr int kPoints = (Tile + 2) * (Tile + 2);
  const int64_t tiles = part.end - part.first, step = whole_lines(c.channels);
  const int64_t step_of_sums = step_of_points(tiles, step), step_of_products = step_of_points(tiles, kPanel);
  const int64_t size = kPoints * (step_of_sums + step_of_products) + step;
  auto* zeros = static_cast<float*>(scratch(size * sizeof(float)));
  if (!zeros) return false;
  float *sums = zeros + step, *products = sums + kPoints * step_of_sums;
  std::memset(zeros, 0, step * sizeof(float));
  sum_inputs<Tile>(c, part.first, part.end, zeros, sums, step, step_of_sums);
  const Activated activated(c.activation);
  for (int64_t f = part.first_filter; f < part.end_filter; f += kPanel) {
    multiply(sums, step_of_sums, step, tiles, {1, c.channels, 1, 0, 0}, c.weights + f * kPoints * c.channels, kPoints,
             c.filters - f, products, step_of_products);
    sum_products<Tile>(c, part.first, part.end, f, products, step_of_products, activated);
  }
  return true;
}

}  // namespace
}  // namespace jax_slim

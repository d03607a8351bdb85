// The kernels for one set of instructions. Compiled once for each, with JAX_SLIM_KERNELS as their name.
#include "kernels.h"

#include <utility>

#include "runs.h"
#include "vectors.h"

namespace jax_slim {
namespace {

constexpr int kWide = 2;  // vectors of a panel
constexpr int64_t kPanel = kWide * kLanes;
// Pixels whose sums are kept in registers: 12 x 2 vectors of 32, or 6 x 2 of 16, with room for weights and a pixel.
constexpr int kMostPixels = kLanes == 16 ? 12 : 6;

// Sums for `Pixels` neighbours and one panel, in registers from the first product to the last.
template <int Pixels, int Wide>
inline void block(const float* in, int64_t step, const Runs& runs, const float* weights, const float* bias,
                  const float* shortcut, float* out, int64_t filters, int64_t valid, Vector low, Vector high) {
  Vector sums[Pixels][Wide];
  for (int v = 0; v < Wide; ++v) {
    const int64_t left = valid - v * kLanes;
    const Vector start = left >= kLanes ? load(bias + v * kLanes) : load_some(bias + v * kLanes, left);
    for (int m = 0; m < Pixels; ++m) sums[m][v] = start;
  }
  const int64_t twice = 2 * step;
  for (int64_t run = 0; run < runs.number; ++run) {
    // Every third pixel has a pointer, and the others are one and two steps from it: more pointers than that would not
    // stay in registers.
    const float* every[(Pixels + 2) / 3];
    every[0] = in + runs.at(run);
    for (int p = 1; p < (Pixels + 2) / 3; ++p) {
      every[p] = every[p - 1] + 3 * step;
      asm("" : "+r"(every[p]));
    }
    for (int64_t k = 0; k < runs.length; ++k) {
      Vector taken[Wide];
      for (int v = 0; v < Wide; ++v) taken[v] = load(weights + v * kLanes);
      weights += Wide * kLanes;
#pragma GCC unroll 12
      for (int m = 0; m < Pixels; ++m) {
        const float* from = every[m / 3];
        const Vector pixel = all(m % 3 == 0 ? *from : m % 3 == 1 ? from[step] : from[twice]);
        for (int v = 0; v < Wide; ++v) sums[m][v] += pixel * taken[v];
      }
      for (int p = 0; p < (Pixels + 2) / 3; ++p) ++every[p];
    }
  }
  for (int m = 0; m < Pixels; ++m) {
    for (int v = 0; v < Wide; ++v) {
      const int64_t left = valid - v * kLanes, at = m * filters + v * kLanes;
      if (left >= kLanes) {
        if (shortcut) sums[m][v] += load(shortcut + at);
        store(out + at, clamp(sums[m][v], low, high));
      } else if (left > 0) {
        if (shortcut) sums[m][v] += load_some(shortcut + at, left);
        store_some(out + at, clamp(sums[m][v], low, high), left);
      }
    }
  }
}

using Block = void (*)(const float*, int64_t, const Runs&, const float*, const float*, const float*, float*, int64_t,
                       int64_t, Vector, Vector);

template <int Wide, int... Pixels>
constexpr Block block_of(int64_t pixels, std::integer_sequence<int, Pixels...>) {
  constexpr Block blocks[] = {block<Pixels + 1, Wide>...};
  return blocks[pixels - 1];
}

// Rows [first, end) of the padded image, `width` pixels wide.
void pad(const Windows& w, int64_t channels, const float* image, int64_t first, int64_t end, int64_t width, float* to) {
  const int64_t left = least(w.left, width), right = least(w.in_width, width - left);
  for (int64_t y = first; y < end; ++y, to += width * channels) {
    const int64_t from = y - w.top;
    if (from < 0 || from >= w.in_height) {
      std::memset(to, 0, width * channels * sizeof(float));
      continue;
    }
    std::memset(to, 0, left * channels * sizeof(float));
    std::memcpy(to + left * channels, image + from * w.in_width * channels, right * channels * sizeof(float));
    std::memset(to + (left + right) * channels, 0, (width - left - right) * channels * sizeof(float));
  }
}

bool convolve(const Convolution& c, const Part& part) {
  const Windows& w = c.windows;
  const float* in = c.in + part.image * w.in_height * w.in_width * c.channels;
  int64_t width = w.in_width, above = 0;
  if (const Seen seen = seen_by(w); seen.padded) {
    const int64_t first = part.first_row * w.stride_y;
    const int64_t end = (part.end_row - 1) * w.stride_y + (w.height - 1) * w.rate_y + 1;
    auto* padded = static_cast<float*>(scratch((end - first) * seen.width * c.channels * sizeof(float)));
    if (!padded) return false;
    pad(w, c.channels, in, first, end, seen.width, padded);
    in = padded, width = seen.width, above = first;
  }
  const Runs runs = runs_of(w, c.channels, width);
  const int64_t length = w.height * w.width * c.channels;
  const int64_t columns = part.end_column - part.first_column;
  const int64_t blocks = (columns + kMostPixels - 1) / kMostPixels;
  const Vector low = all(c.low), high = all(c.high);
  for (int64_t f = part.first_filter; f < part.end_filter; f += kPanel) {
    const float* panel = c.weights + f * length;
    const int64_t valid = least(kPanel, c.filters - f);
    for (int64_t y = part.first_row; y < part.end_row; ++y) {
      const float* row = in + (y * w.stride_y - above) * width * c.channels;
      const int64_t out_row = (part.image * w.out_height + y) * w.out_width;
      // Blocks as equal as can be: a rest of one or two pixels would cost as much as six.
      for (int64_t b = 0; b < blocks; ++b) {
        const int64_t x = part.first_column + b * columns / blocks;
        const int64_t pixels = part.first_column + (b + 1) * columns / blocks - x;
        const int64_t at = (out_row + x) * c.filters + f;
        constexpr auto counts = std::make_integer_sequence<int, kMostPixels>{};
        const Block run = valid > kLanes ? block_of<2>(pixels, counts) : block_of<1>(pixels, counts);
        run(row + x * w.stride_x * c.channels, w.stride_x * c.channels, runs, panel, c.bias + f,
            c.shortcut ? c.shortcut + at : nullptr, c.out + at, c.filters, valid, low, high);
      }
    }
  }
  return true;
}

// Some neighbours in a row, for `kLanes` or fewer channels. `taps_y` and the window's columns are inside of the image.
template <int Pixels, bool Whole>
inline void by_channel(const Depthwise& d, const float* in, const float* weights, int64_t taps_y, int64_t taps_x,
                       const float* bias, const float* shortcut, float* out, int64_t valid, Vector low, Vector high) {
  const Windows& w = d.windows;
  auto get = [&](const float* from) { return Whole ? load(from) : load_some(from, valid); };
  Vector sums[Pixels];
  const Vector start = get(bias);
  for (int m = 0; m < Pixels; ++m) sums[m] = start;
  const int64_t step = w.stride_x * d.channels;
  for (int64_t ky = 0; ky < taps_y; ++ky) {
    const float* row = in + ky * w.rate_y * w.in_width * d.channels;
    for (int64_t kx = 0; kx < taps_x; ++kx) {
      const Vector weight = get(weights + (ky * w.width + kx) * d.channels);
      const float* from = row + kx * w.rate_x * d.channels;
      for (int m = 0; m < Pixels; ++m) sums[m] += get(from + m * step) * weight;
    }
  }
  for (int m = 0; m < Pixels; ++m) {
    const int64_t at = m * d.channels;
    if (shortcut) sums[m] += get(shortcut + at);
    const Vector result = clamp(sums[m], low, high);
    Whole ? store(out + at, result) : store_some(out + at, result, valid);
  }
}

// The taps from the first to the last whose pixels are in [0, size), of a window that begins at `start`.
inline void inside(int64_t start, int64_t taps, int64_t rate, int64_t size, int64_t* first, int64_t* end) {
  *first = start >= 0 ? 0 : least(taps, (-start + rate - 1) / rate);
  *end = start >= size ? *first : largest(*first, least(taps, (size - start + rate - 1) / rate));
}

template <bool Whole>
inline void row_by_channel(const Depthwise& d, const float* image, int64_t y, float* out, const float* shortcut,
                           int64_t channel, int64_t valid, Vector low, Vector high) {
  const Windows& w = d.windows;
  int64_t first_y, end_y;
  const int64_t top = y * w.stride_y - w.top;
  inside(top, w.height, w.rate_y, w.in_height, &first_y, &end_y);
  const float* row = image + (top + first_y * w.rate_y) * w.in_width * d.channels + channel;
  const float* weights = d.weights + first_y * w.width * d.channels + channel;
  const int64_t reach = (w.width - 1) * w.rate_x;
  for (int64_t x = 0; x < w.out_width;) {
    const int64_t left = x * w.stride_x - w.left;
    const float* more = shortcut ? shortcut + x * d.channels + channel : nullptr;
    float* to = out + x * d.channels + channel;
    auto run = [&](auto pixels) {
      by_channel<pixels.value, Whole>(d, row + left * d.channels, weights, end_y - first_y, w.width, d.bias + channel,
                                      more, to, valid, low, high);
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
      by_channel<1, Whole>(d, row + (left + first_x * w.rate_x) * d.channels, weights + first_x * d.channels,
                           end_y - first_y, end_x - first_x, d.bias + channel, more, to, valid, low, high);
      ++x;
    }
  }
}

void convolve_by_channel(const Depthwise& d, const Part& part) {
  const Windows& w = d.windows;
  const float* image = d.in + part.image * w.in_height * w.in_width * d.channels;
  const Vector low = all(d.low), high = all(d.high);
  for (int64_t y = part.first_row; y < part.end_row; ++y) {
    const int64_t at = (part.image * w.out_height + y) * w.out_width * d.channels;
    const float* shortcut = d.shortcut ? d.shortcut + at : nullptr;
    int64_t channel = 0;
    for (; channel + kLanes <= d.channels; channel += kLanes)
      row_by_channel<true>(d, image, y, d.out + at, shortcut, channel, kLanes, low, high);
    if (channel < d.channels)
      row_by_channel<false>(d, image, y, d.out + at, shortcut, channel, d.channels - channel, low, high);
  }
}

}  // namespace

#define JAX_SLIM_JOINED(begin, end) begin##end
#define JAX_SLIM_NAMED(begin, end) JAX_SLIM_JOINED(begin, end)
#define JAX_SLIM_QUOTED(name) #name
#define JAX_SLIM_TEXT(name) JAX_SLIM_QUOTED(name)

extern const Kernels JAX_SLIM_NAMED(kernels_, JAX_SLIM_KERNELS){JAX_SLIM_TEXT(JAX_SLIM_KERNELS), kLanes, convolve,
                                                                convolve_by_channel};

}  // namespace jax_slim

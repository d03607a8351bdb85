// The kernels for one set of instructions. Compiled once for each, with JAX_SLIM_KERNELS as their name.
#include "kernels.h"

#include <utility>

#include "activations.h"
#include "depthwise.h"
#include "naming.h"
#include "runs.h"
#include "sums.h"

namespace jax_slim {
namespace {

constexpr int kWide = 2;  // vectors of a panel
constexpr int64_t kPanel = kWide * kLanes;
// Pixels whose sums are kept in registers: 12 x 2 vectors of 32, or 6 x 2 of 16, with room for weights and a pixel.
constexpr int kMostPixels = kLanes == 16 ? 12 : 6;

// Sums for `Pixels` neighbours and one panel, in registers from the first product to the last.
template <int Pixels, int Wide>
inline void block(const float* in, int64_t step, const Runs& runs, const float* weights, const float* bias,
                  const float* shortcut, float* out, int64_t filters, int64_t valid, const Activated& activated) {
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
        store(out + at, activated(sums[m][v]));
      } else if (left > 0) {
        if (shortcut) sums[m][v] += load_some(shortcut + at, left);
        store_some(out + at, activated(sums[m][v]), left);
      }
    }
  }
}

using Block = void (*)(const float*, int64_t, const Runs&, const float*, const float*, const float*, float*, int64_t,
                       int64_t, const Activated&);

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

// `pixels` from number `first` on, times the excitations of their images.
void excite(const Convolution& c, int64_t first, int64_t pixels, float* to) {
  for (int64_t pixel = first; pixel < first + pixels; ++pixel, to += c.channels) {
    const float* from = c.in + pixel * c.channels;
    const float* by = c.excitation.factors + pixel / c.excitation.pixels * c.channels;
    int64_t i = 0;
    for (; i + kLanes <= c.channels; i += kLanes) store(to + i, load(from + i) * load(by + i));
    if (const int64_t left = c.channels - i) store_some(to + i, load_some(from + i, left) * load_some(by + i, left), left);
  }
}

bool convolve(const Convolution& c, const Part& part) {
  const Windows& w = c.windows;
  const float* in = c.in + part.image * w.in_height * w.in_width * c.channels;
  int64_t width = w.in_width, above = 0, before = 0;  // rows and columns that are not in memory
  if (c.excitation.factors) {
    const int64_t pixels = part.end_column - part.first_column;
    auto* excited = static_cast<float*>(scratch(pixels * c.channels * sizeof(float)));
    if (!excited) return false;
    excite(c, part.first_column, pixels, excited);
    in = excited, before = part.first_column;
  } else if (const Seen seen = seen_by(w); seen.padded) {
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
  const Activated activated(c.activation);
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
        run(row + (x - before) * w.stride_x * c.channels, w.stride_x * c.channels, runs, panel, c.bias + f,
            c.shortcut ? c.shortcut + at : nullptr, c.out + at, c.filters, valid, activated);
      }
    }
  }
  return true;
}

}  // namespace

extern const Kernels JAX_SLIM_NAMED(kernels_, JAX_SLIM_KERNELS){JAX_SLIM_TEXT(JAX_SLIM_KERNELS), kLanes, convolve,
                                                                convolve_by_channel<float, float>, sum<float>};

}  // namespace jax_slim

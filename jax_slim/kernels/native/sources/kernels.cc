// The kernels for one set of instructions. Compiled once for each, with JAX_SLIM_KERNELS as their name.
#include "kernels.h"

#include "blocks.h"
#include "depthwise.h"
#include "lines.h"
#include "naming.h"
#include "runs.h"
#include "sums.h"
#include "winograd.h"

namespace jax_slim {
namespace {

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
                                                                convolve_by_channel<float, float>,
                                                                convolve_tiles<2>, convolve_tiles<4>, convolve_lines, sum_taps, sum<float>};

}  // namespace jax_slim

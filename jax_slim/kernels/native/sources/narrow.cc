// The narrow kernels for one set of instructions. Compiled once for each, with JAX_SLIM_KERNELS as their name.
#include "narrow.h"

#include <utility>

#include "activations.h"
#include "depthwise.h"
#include "products.h"
#include "naming.h"
#include "runs.h"
#include "sums.h"

namespace jax_slim {
namespace {

constexpr int kWide = 2;  // vectors of a panel
constexpr int64_t kPanel = kWide * kLanes;
constexpr int kMostPixels = kLanes == 16 ? 12 : 5;  // whose sums are kept in registers
constexpr int64_t kSlack = 64;  // bytes that may be read beyond the last row: they meet weights that are 0

// What a convolution's parts have in common; arrays of pixels in bytes.
struct Panels {
  const Narrow& c;
  Runs runs;
  int64_t step;   // bytes from a window to the next
  int64_t bytes;  // of a panel's weights
};

// A pixel's sums for a panel, or for as many channels, as they are stored.
template <typename Products, int Wide = kWide>
struct Finish {
  const Narrow& c;
  const Rounded& rounded;  // of results that are bytes: scale and bias are divided by the step, too
  int64_t filter, valid;
  Activated activated;
  Vector scale[Wide], bias[Wide];
  typename Products::Sum start[Wide];

  Finish(const Narrow& c, const Rounded& rounded, int64_t filter)
      : c(c), rounded(rounded), filter(filter), valid(least(Wide * kLanes, c.filters - filter)),
        activated(c.activation) {
    const float by = c.out_bytes ? rounded.inverse : 1;
    for (int v = 0; v < Wide; ++v) {
      const int64_t at = filter + v * kLanes, left = largest(0, least(kLanes, valid - v * kLanes));
      auto some = [&](const float* from) { return left == kLanes ? load(from + at) : load_some(from + at, left); };
      bias[v] = left ? some(c.bias) * by : Vector{};
      scale[v] = left && c.scale ? some(c.scale) * by : all(by);
      start[v] = typename Products::Sum{};
      if constexpr (Products::kSize == 1)
        std::memcpy(&start[v], c.start + least(at, c.filters), left * sizeof(int32_t));
    }
  }

  // The pixel whose first filter is number `at` of all results.
  void store(int64_t at, const typename Products::Sum* sums) const {
    Vector values[Wide];
    for (int v = 0; v < Wide; ++v) {
      values[v] = Products::number(sums[v]) * scale[v] + bias[v];
      const int64_t left = valid - v * kLanes, to = at + v * kLanes;
      if (left <= 0 || !c.shortcut) continue;
      const Vector more = shortcut(to, left);
      values[v] += c.out_bytes ? more * rounded.inverse : more;
    }
    if (c.out_bytes) return store_bytes(c.out_bytes + at, values, rounded, valid);
    for (int v = 0; v < Wide; ++v) {
      const int64_t left = valid - v * kLanes, to = at + v * kLanes;
#if defined(__AVX512BF16__)
      if (c.out_halves) {
        put(c.out_halves + to, activated(values[v]), left);
        continue;
      }
#endif
      put(c.out + to, activated(values[v]), left);
    }
  }

 private:
  Vector shortcut(int64_t at, int64_t left) const {
#if defined(__AVX512BF16__)
    if (c.out_halves) return get(static_cast<const Half*>(c.shortcut) + at, left);
#endif
    return get(static_cast<const float*>(c.shortcut) + at, left);
  }
  template <typename Number>
  static Vector get(const Number* from, int64_t left) {
    return left >= kLanes ? load(from) : load_some(from, left);
  }
  template <typename Number>
  static void put(Number* to, Vector value, int64_t left) {
    if (left >= kLanes)
      ::store(to, value);
    else if (left > 0)
      store_some(to, value, left);
  }
};

// Sums for `Pixels` neighbours and one panel, in registers from the first product to the last.
template <typename Products, int Pixels>
void block(const Panels& p, const uint8_t* in, const uint8_t* weights, const Finish<Products>& finish, int64_t at) {
  typename Products::Sum sums[Pixels][kWide];
  for (int m = 0; m < Pixels; ++m)
    for (int v = 0; v < kWide; ++v) sums[m][v] = finish.start[v];
  constexpr int64_t vector = Products::kBytes * kLanes;
  for (int64_t run = 0; run < p.runs.number; ++run) {
    const uint8_t* every[(Pixels + 2) / 3];  // as in `kernels.cc`
    every[0] = in + p.runs.at(run);
    for (int i = 1; i < (Pixels + 2) / 3; ++i) {
      every[i] = every[i - 1] + 3 * p.step;
      asm("" : "+r"(every[i]));
    }
    const int64_t twice = 2 * p.step;
    for (int64_t k = 0; k < p.runs.length; k += Products::kBytes) {
      typename Products::Weights taken[kWide];
      for (int v = 0; v < kWide; ++v) taken[v] = Products::weights(weights + v * vector);
      weights += kWide * vector;
#pragma GCC unroll 12
      for (int m = 0; m < Pixels; ++m) {
        const uint8_t* from = every[m / 3];
        const auto pixel = Products::pixel(m % 3 == 0 ? from : m % 3 == 1 ? from + p.step : from + twice);
        for (int v = 0; v < kWide; ++v) sums[m][v] = Products::add(sums[m][v], pixel, taken[v]);
      }
      for (int i = 0; i < (Pixels + 2) / 3; ++i) every[i] += Products::kBytes;
    }
  }
  for (int m = 0; m < Pixels; ++m) finish.store(at + m * p.c.filters, sums[m]);
}

template <typename Products, int... Pixels>
constexpr auto block_of(int64_t pixels, std::integer_sequence<int, Pixels...>) {
  constexpr decltype(&block<Products, 1>) blocks[] = {block<Products, Pixels + 1>...};
  return blocks[pixels - 1];
}

#if defined(__AMX_INT8__)
#include "tiles.h"
#endif
#include "channels.h"

// Rows [first, end) of the padded image, `width` pixels wide, as what is multiplied.
template <typename Products>
void prepare(const Narrow& c, int64_t image, int64_t first, int64_t end, int64_t width, uint8_t* to) {
  const Windows& w = c.windows;
  const int64_t pixel = c.channels * Products::kSize, left = least(w.left, width);
  const int64_t right = least(w.in_width, width - left);
  const int zero = Products::kSize == 1 ? static_cast<int>(c.in_zero) : 0;
  const Rounded rounded(c.in_step, c.in_zero);
  for (int64_t y = first; y < end; ++y, to += width * pixel) {
    const int64_t row = y - w.top;
    if (row < 0 || row >= w.in_height) {
      std::memset(to, zero, width * pixel);
      continue;
    }
    const int64_t from = (image * w.in_height + row) * w.in_width * c.channels;
    std::memset(to, zero, left * pixel);
    if (c.in)
      narrowed<Products>(c.in + from, right * c.channels, rounded, to + left * pixel);
    else
      std::memcpy(to + left * pixel, c.in_bytes + from * Products::kSize, right * pixel);
    std::memset(to + (left + right) * pixel, zero, (width - left - right) * pixel);
  }
}

// `pixels` from number `first` on, times the excitations of their images, as what is multiplied.
template <typename Products>
void excite(const Narrow& c, int64_t first, int64_t pixels, uint8_t* to) {
  const Rounded rounded(c.in_step, c.in_zero);
  for (int64_t pixel = first; pixel < first + pixels; ++pixel, to += c.channels * Products::kSize) {
    const int64_t at = pixel * c.channels;
    const float* factors = c.excitation.factors + pixel / c.excitation.pixels * c.channels;
    if (c.in) narrowed<Products>(c.in + at, c.channels, rounded, to, factors);
#if defined(__AVX512BF16__)
    else narrowed<Products>(reinterpret_cast<const Half*>(c.in_bytes) + at, c.channels, rounded, to, factors);
#endif
  }
}

template <typename Products>
bool convolve(const Narrow& c, const Part& part) {
  const Windows& w = c.windows;
  const Seen seen = seen_by(w);
  const int64_t pixel = c.channels * Products::kSize;
  const uint8_t* in = nullptr;  // the part's first row
  int64_t width = w.in_width, first_column = part.first_column;
  // Given bytes are read where they are, unless something is added, or the last read would end beyond them.
  if (c.in || c.excitation.factors || seen.padded || pixel % Products::kBytes) {
    // Of a row that is all there is, only the part's pixels.
    const bool pixels = w.out_height == 1 && w.width == 1 && w.height == 1 && !seen.padded && w.stride_x == 1;
    const int64_t first = part.first_row * w.stride_y;
    const int64_t end = (part.end_row - 1) * w.stride_y + (w.height - 1) * w.rate_y + 1;
    const int64_t most = pixels ? part.end_column - part.first_column : seen.width;
    const int64_t size = (end - first) * most * pixel;
    auto* memory = static_cast<uint8_t*>(scratch(size + kSlack));
    if (!memory) return false;
    std::memset(memory + size, 0, kSlack);  // what lies there may be a NaN, of which a weight of 0 makes one
    if (c.excitation.factors) {
      excite<Products>(c, part.first_column, most, memory);
      first_column = 0;
    } else if (pixels) {
      Narrow some = c;
      const int64_t skipped = (part.image * w.in_height * w.in_width + part.first_column) * c.channels;
      some.windows.in_width = most, some.windows.in_height = 1;
      if (c.in) some.in += skipped;
      if (c.in_bytes) some.in_bytes += skipped * Products::kSize;
      prepare<Products>(some, 0, 0, 1, most, memory);
      first_column = 0;
    } else {
      prepare<Products>(c, part.image, first, end, seen.width, memory);
    }
    in = memory, width = most;
  } else {
    in = c.in_bytes + (part.image * w.in_height + part.first_row * w.stride_y) * w.in_width * pixel;
  }
  Panels panels{c, runs_of(w, pixel, width), w.stride_x * pixel, 0};
  const int64_t steps = panels.runs.number * ((panels.runs.length + Products::kBytes - 1) / Products::kBytes);
  panels.bytes = steps * Products::kBytes * kPanel;
  const int64_t columns = part.end_column - part.first_column;
#if defined(__AMX_INT8__)
  const Tiles<Products> tiles(panels, columns);
#endif
  const int64_t blocks = (columns + kMostPixels - 1) / kMostPixels;
  const Rounded rounded(c.out_step, c.out_zero, c.activation.low, c.activation.high);
  for (int64_t f = part.first_filter; f < part.end_filter; f += kPanel) {
    const uint8_t* weights = c.weights + f / kPanel * panels.bytes;
    const Finish<Products> finish(c, rounded, f);
    for (int64_t y = part.first_row; y < part.end_row; ++y) {
      const uint8_t* row = in + (y - part.first_row) * w.stride_y * width * pixel + first_column * panels.step;
      const int64_t at = ((part.image * w.out_height + y) * w.out_width + part.first_column) * c.filters + f;
#if defined(__AMX_INT8__)
      if (tiles.worth_it()) {
        tiles.row(row, weights, finish, at);
        continue;
      }
#endif
      for (int64_t b = 0; b < blocks; ++b) {
        const int64_t x = b * columns / blocks, pixels = (b + 1) * columns / blocks - x;
        constexpr auto counts = std::make_integer_sequence<int, kMostPixels>{};
        block_of<Products>(pixels, counts)(panels, row + x * panels.step, weights, finish, at + x * c.filters);
      }
    }
  }
  return true;
}

#if defined(__AVX512BF16__)
void convolve_halves_by_channel(const Depthwise& d, const Part& part, bool in_halves, bool out_halves) {
  if (in_halves)
    out_halves ? convolve_by_channel<Half, Half>(d, part) : convolve_by_channel<Half, float>(d, part);
  else
    out_halves ? convolve_by_channel<float, Half>(d, part) : convolve_by_channel<float, float>(d, part);
}
#endif

}  // namespace

extern const NarrowKernels JAX_SLIM_NAMED(narrow_, JAX_SLIM_KERNELS){
    JAX_SLIM_TEXT(JAX_SLIM_KERNELS), kLanes, Bytes::kBytes, convolve<Bytes>, convolve_by_channel,
#if defined(__AVX512BF16__)
    convolve<Halves>, convolve_halves_by_channel, sum<Half>,
#else
    nullptr, nullptr, nullptr,
#endif
};

}  // namespace jax_slim

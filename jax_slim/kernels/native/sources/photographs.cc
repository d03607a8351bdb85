// Linear resampling of photographs for one set of instructions. Compiled once for each, with JAX_SLIM_KERNELS as its name.
//
// Each number is computed by the operations that `preprocessing` has in NumPy, in their order, and none is fused
// (-ffp-contract=off): so both give the same bits.
#include "photographs.h"

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "naming.h"

namespace jax_slim {
namespace {

// A pixel takes four numbers, of which the last one means nothing: so it is a vector, and read as one word.
constexpr int64_t kNumbers = 4;
typedef float Pixel __attribute__((vector_size(16)));
typedef float Unaligned __attribute__((vector_size(16), aligned(4)));
typedef uint32_t Words __attribute__((vector_size(16)));
typedef int32_t Ints __attribute__((vector_size(16)));

Pixel spread(uint32_t word) {
  const Words bytes = ((word - Words{}) >> Words{0, 8, 16, 24}) & (255u - Words{});
  return __builtin_convertvector(reinterpret_cast<Ints>(bytes), Pixel);
}

// The pixel at this byte of a row. The word's last byte is of the next pixel, which the row's last one does not have.
Pixel read(const uint8_t* row, int64_t at, int64_t last) {
  const uint8_t* from = row + at;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (at < last) {
    uint32_t word;
    std::memcpy(&word, from, sizeof word);
    return spread(word);
  }
#endif
  return spread(from[0] | static_cast<uint32_t>(from[1]) << 8 | static_cast<uint32_t>(from[2]) << 16);
}

void along_columns(const Photograph& p, const uint8_t* row, float* out) {
  const int64_t last = 3 * (p.width - 1);
  for (int64_t x = 0; x < p.columns.outputs; ++x) {
    const Pixel left = read(row, 3 * p.columns.pixels[2 * x], last) * p.scale;
    const Pixel right = read(row, 3 * p.columns.pixels[2 * x + 1], last) * p.scale;
    *reinterpret_cast<Unaligned*>(out + kNumbers * x) = (right - left) * p.columns.weights[2 * x + 1] + left;
  }
}

void along_rows(const float* above, const float* below, float weight, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = (below[i] - above[i]) * weight + above[i];
}

float larger(float a, float b) { return a > b ? a : b; }
float smaller(float a, float b) { return a < b ? a : b; }

void write(const float* pixels, int64_t count, float* out) {
  for (int64_t x = 0; x < count; ++x)
    for (int64_t channel = 0; channel < 3; ++channel) out[3 * x + channel] = pixels[kNumbers * x + channel];
}

// `preprocessing._colors.saturate` and `interleaved`.
void write_colours(const float* pixels, int64_t count, const Colours& c, float* out) {
  const float factor = c.factor, offset = c.offset, most = c.most, shift = c.shift, least = c.least;
  for (int64_t x = 0; x < count; ++x) {
    const float red = pixels[kNumbers * x], green = pixels[kNumbers * x + 1], blue = pixels[kNumbers * x + 2];
    const float largest = larger(larger(red, green), blue), smallest = smaller(smaller(red, green), blue);
    const float value = largest * factor + offset;
    const float ratio = smaller(larger(value / (largest - smallest + 1e-30f), 0.0f), most);
    const float rest = value - largest * ratio;
    out[3 * x] = smaller(larger(red * ratio + rest + shift, least), 1.0f);
    out[3 * x + 1] = smaller(larger(green * ratio + rest + shift, least), 1.0f);
    out[3 * x + 2] = smaller(larger(blue * ratio + rest + shift, least), 1.0f);
  }
}

bool resample(const Photograph& p) {
  const int64_t count = p.columns.outputs, length = kNumbers * count;
  const std::unique_ptr<float[]> memory(new (std::nothrow) float[3 * length]);
  if (!memory) return false;
  float* const mixed = memory.get() + 2 * length;
  // The two rows of the photograph that were resampled last, which the next row of the result often needs as well.
  struct Row {
    int64_t number;
    float* numbers;
  } above{-1, memory.get()}, below{-1, memory.get() + length};
  const auto have = [&](Row& row, int64_t number) {
    if (row.number == number) return;
    along_columns(p, p.image + number * p.stride, row.numbers);
    row.number = number;
  };
  for (int64_t y = 0; y < p.rows.outputs; ++y) {
    const int64_t first = p.rows.pixels[2 * y], second = p.rows.pixels[2 * y + 1];
    if (below.number == first) std::swap(above, below);
    have(above, first);
    if (second != first) have(below, second);
    const float* other = second == first ? above.numbers : below.numbers;
    along_rows(above.numbers, other, p.rows.weights[2 * y + 1], length, mixed);
    float* out = p.out + 3 * count * y;
    if (p.colours) {
      write_colours(mixed, count, *p.colours, out);
    } else {
      write(mixed, count, out);
    }
  }
  return true;
}

}  // namespace

extern const PhotographKernels JAX_SLIM_NAMED(photographs_, JAX_SLIM_KERNELS){JAX_SLIM_TEXT(JAX_SLIM_KERNELS), resample};

}  // namespace jax_slim

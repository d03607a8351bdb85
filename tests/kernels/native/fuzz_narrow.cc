// As `fuzz.cc`, of the kernels whose products are of bytes and of bfloat16.
#include "draw.h"
#include "narrow.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#if defined(__linux__) && defined(__AMX_INT8__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace jax_slim;

// The nearest bfloat16, the even one of two that are as near.
Half half(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

float whole(Half half) {
  const uint32_t bits = static_cast<uint32_t>(half.bits) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

std::unique_ptr<Half[]> halves_of(const float* values, int64_t count) {
  std::unique_ptr<Half[]> made(new Half[count]);
  for (int64_t i = 0; i < count; ++i) made[i] = half(values[i]);
  return made;
}

int main() {
#if defined(__linux__) && defined(__AMX_INT8__)
  if (syscall(SYS_arch_prctl, 0x1023, 18)) return 3;  // the system gives no tiles
#endif
  Draw draw;
  for (int turn = 0; turn < 600; ++turn) {
    const bool halves = turn % 3 == 1, by_channel = turn % 3 == 2;
    if (halves && !KERNELS.convolve_bfloat16) continue;
    Windows w{};
    w.images = draw(1, 2), w.in_height = draw(1, 9), w.in_width = draw(1, 40);
    w.height = draw(1, 4), w.width = draw(1, 4), w.stride_y = draw(1, 3), w.stride_x = draw(1, 3);
    w.rate_y = draw(1, 2), w.rate_x = draw(1, 2), w.top = draw(0, 4), w.left = draw(0, 4);
    if (turn % 5 == 0) w.height = w.width = w.stride_y = w.stride_x = 1, w.top = w.left = 0;
    const int64_t spare = turn % 5 ? 4 : 0;
    const int64_t free_y = w.in_height + w.top + draw(0, spare) - (w.height - 1) * w.rate_y - 1;
    const int64_t free_x = w.in_width + w.left + draw(0, spare) - (w.width - 1) * w.rate_x - 1;
    if (free_y < 0 || free_x < 0) continue;
    w.out_height = free_y / w.stride_y + 1, w.out_width = free_x / w.stride_x + 1;
    const int64_t channels = draw(1, 90), filters = by_channel ? channels : draw(1, 70), size = halves ? 2 : 1, zero = halves ? 0 : draw(0, 255);
    const int64_t pixels = w.images * w.in_height * w.in_width * channels;
    const int64_t results = w.images * w.out_height * w.out_width * filters;
    // Numbers as they are, and as the kernel takes them.
    std::unique_ptr<float[]> in(new float[pixels]), bias(new float[filters]), scale(new float[filters]);
    std::unique_ptr<uint8_t[]> bytes(new uint8_t[pixels]);
    for (int64_t i = 0; i < pixels; ++i) {
      const int64_t byte = draw(0, 255);
      bytes[i] = byte, in[i] = halves ? draw(-8, 8) : (byte - zero) * 0.5f;
    }
    const int64_t runs = w.rate_x > 1 ? w.height * w.width : w.height, taps = w.height * w.width;
    const int64_t length = taps * channels / runs, together = (halves ? 4 : KERNELS.bytes) / size;
    const int64_t steps = (length + together - 1) / together, panel = 2 * KERNELS.lanes;
    const int64_t panels = (filters + panel - 1) / panel;
    const int64_t rows = (w.height + together - 1) / together * together, shifts = rows_at_once(w, together);
    const int64_t filled = (channels + KERNELS.lanes - 1) / KERNELS.lanes * KERNELS.lanes;
    const int64_t numbers = by_channel ? shifts * rows * w.width * filled : panels * runs * steps * panel * together;
    std::unique_ptr<int8_t[]> weights(new int8_t[taps * channels * filters]());
    std::unique_ptr<uint8_t[]> arranged(new uint8_t[numbers * size]());
    std::unique_ptr<int32_t[]> start(new int32_t[filters]());
    for (int64_t i = 0; i < taps * channels; ++i)
      for (int64_t f = 0; f < filters; ++f) {
        if (by_channel && i % channels != f) continue;
        const int64_t weight = halves ? draw(-8, 8) : draw(-127, 127), run = i / length, k = i % length;
        const int64_t row = (f / panel * runs + run) * steps + k / together;
        const int64_t at = (row * panel + f % panel) * together + k % together;
        weights[i * filters + f] = weight;
        start[f] -= zero * weight;
        if (by_channel) {
          const int64_t y = i / channels / w.width, x = i / channels % w.width;
          for (int64_t shift = 0; shift < shifts; ++shift) {
            const int64_t row = shift * w.stride_y + y;
            const int64_t group = shift * (rows / together) + row / together;
            arranged[((group * w.width + x) * filled + f) * together + row % together] = weight;
          }
        } else if (halves) {
          const float value = weight;  // whole numbers as small have no more digits than a bfloat16
          std::memcpy(&arranged[2 * at], reinterpret_cast<const char*>(&value) + 2, 2);
        } else {
          arranged[at] = weight;
        }
      }
    for (int64_t f = 0; f < filters; ++f) bias[f] = draw(-9, 9), scale[f] = halves ? 1 : std::ldexp(1.0f, -draw(0, 9));
    std::unique_ptr<float[]> shortcut(new float[results]), out(new float[results]);
    std::unique_ptr<uint8_t[]> out_bytes(new uint8_t[results]);
    for (int64_t i = 0; i < results; ++i) shortcut[i] = draw(-9, 9);
    const bool given_bytes = !halves && turn % 4, made_bytes = !halves && turn % 11 < 4, more = turn % 7 < 4;
    const bool given_halves = halves && turn % 4, made_halves = halves && turn % 11 < 6;
    const auto half_in = halves_of(in.get(), pixels), half_shortcut = halves_of(shortcut.get(), results);
    std::unique_ptr<Half[]> out_halves(new Half[results]);
    const float low = turn % 4 ? -9e9f : -50, high = turn % 4 ? 9e9f : 301;
    const auto* narrow_in = given_halves ? reinterpret_cast<const uint8_t*>(half_in.get()) : bytes.get();
    const bool narrow_given = given_bytes || given_halves;
    const void* given_shortcut = shortcut.get();
    if (made_halves) given_shortcut = half_shortcut.get();
    Narrow c{w, channels, filters, narrow_given ? nullptr : in.get(), narrow_given ? narrow_in : nullptr,
             arranged.get(), halves ? nullptr : scale.get(), halves ? nullptr : start.get(), bias.get(),
             more ? given_shortcut : nullptr, {}, made_bytes || made_halves ? nullptr : out.get(),
             made_bytes ? out_bytes.get() : nullptr, made_halves ? out_halves.get() : nullptr, 0.5f, static_cast<float>(zero), 4.0f, 100.0f,
             {low, high, 0, 1, false}};
    auto* kernel = halves       ? KERNELS.convolve_bfloat16
                   : by_channel ? KERNELS.convolve_bytes_by_channel
                                : KERNELS.convolve_bytes;
    for (int64_t image = 0; image < w.images; ++image) {
      const int64_t middle = w.out_height / 2, column = w.out_height == 1 && turn % 5 == 0 && !by_channel ? w.out_width / 2 : 0;
      for (const Part& part : {Part{image, 0, middle, 0, w.out_width, 0, filters},
                               Part{image, middle, w.out_height, 0, column, 0, filters},
                               Part{image, middle, w.out_height, column, w.out_width, 0, filters}})
        if (part.first_row < part.end_row && part.first_column < part.end_column && !kernel(c, part)) return 2;
    }
    for (int64_t i = 0; i < results; ++i) {
      const int64_t f = i % filters, x = i / filters % w.out_width, y = i / filters / w.out_width % w.out_height;
      const int64_t image = i / filters / w.out_width / w.out_height;
      int64_t sum = 0;
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t from_y = y * w.stride_y + tap / w.width * w.rate_y - w.top;
        const int64_t from_x = x * w.stride_x + tap % w.width * w.rate_x - w.left;
        if (from_y < 0 || from_y >= w.in_height || from_x < 0 || from_x >= w.in_width) continue;
        const int64_t at = ((image * w.in_height + from_y) * w.in_width + from_x) * channels;
        for (int64_t k = by_channel ? f : 0; k < (by_channel ? f + 1 : channels); ++k) {
          const int64_t number = halves ? static_cast<int64_t>(in[at + k]) : bytes[at + k] - zero;
          sum += number * weights[(tap * channels + k) * filters + f];
        }
      }
      const float exact = std::fmin(std::fmax(sum * scale[f] + bias[f] + (more ? shortcut[i] : 0), low), high);
      const float cut = std::fmin(std::fmax(std::rint(exact / 4) + 100, 0.0f), 255.0f);
      if (made_halves) {
        if (out_halves[i].bits == half(exact).bits) continue;
        std::printf("turn %d, number %lld: %g, not %g\n", turn, static_cast<long long>(i), whole(out_halves[i]), exact);
        return 1;
      }
      if (made_bytes ? out_bytes[i] != cut : out[i] != exact) {
        std::printf("turn %d, number %lld: %g, not %g\n", turn, static_cast<long long>(i),
                    made_bytes ? out_bytes[i] : out[i], made_bytes ? cut : exact);
        return 1;
      }
    }
  }
  return 0;
}

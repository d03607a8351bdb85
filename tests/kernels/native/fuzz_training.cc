// As fuzz.cc, of the kernels for training.
#include "draw.h"
#include "training.h"

#include <cmath>
#include <cstdio>
#include <memory>

using namespace jax_slim;

int main() {
  Draw draw;
  auto array = [&](int64_t size) { return draw.array(size); };
  for (int turn = 0; turn < 400; ++turn) {
    Windows w{};
    w.images = draw(1, 2), w.in_height = draw(1, 9), w.in_width = draw(1, 20);
    w.height = draw(1, 5), w.width = draw(1, 8), w.stride_y = draw(1, 3), w.stride_x = draw(1, 3);
    w.rate_y = draw(1, 2), w.rate_x = draw(1, 2), w.top = draw(0, 4), w.left = draw(0, 4);
    const int64_t free_y = w.in_height + w.top + draw(0, 4) - (w.height - 1) * w.rate_y - 1;
    const int64_t free_x = w.in_width + w.left + draw(0, 4) - (w.width - 1) * w.rate_x - 1;
    if (free_y < 0 || free_x < 0) continue;
    w.out_height = free_y / w.stride_y + 1, w.out_width = free_x / w.stride_x + 1;
    const int64_t channels = draw(1, 70), taps = w.height * w.width, inputs = w.in_height * w.in_width * channels;
    const int64_t results = w.out_height * w.out_width * channels, middle = draw(0, channels);
    auto in = array(w.images * inputs), weights = array(taps * channels), given = array(w.images * results);
    std::unique_ptr<float[]> out(new float[w.images * inputs]), sums(new float[taps * channels]);
    std::unique_ptr<float[]> wanted(new float[w.images * inputs]()), wanted_sums(new float[taps * channels]);
    const ByChannel c{w, channels, in.get(), weights.get(), given.get(), out.get()};
    for (int64_t image = 0; image < w.images; ++image) {
      KERNELS.inputs_by_channel(c, image, 0, w.in_height / 2);
      KERNELS.inputs_by_channel(c, image, w.in_height / 2, w.in_height);
      KERNELS.weights_by_channel(c, image, 0, middle, sums.get());
      KERNELS.weights_by_channel(c, image, middle, channels, sums.get());
      for (int64_t i = 0; i < taps * channels; ++i) wanted_sums[i] = 0;
      for (int64_t y = 0; y < w.out_height; ++y)
        for (int64_t x = 0; x < w.out_width; ++x)
          for (int64_t tap = 0; tap < taps; ++tap) {
            const int64_t from_y = y * w.stride_y + tap / w.width * w.rate_y - w.top;
            const int64_t from_x = x * w.stride_x + tap % w.width * w.rate_x - w.left;
            if (from_y < 0 || from_y >= w.in_height || from_x < 0 || from_x >= w.in_width) continue;
            for (int64_t i = 0; i < channels; ++i) {
              const int64_t at = image * inputs + (from_y * w.in_width + from_x) * channels + i;
              const float by = given[image * results + (y * w.out_width + x) * channels + i];
              wanted[at] += by * weights[tap * channels + i];
              wanted_sums[tap * channels + i] += by * in[at];
            }
          }
      // Small whole numbers: sums are exact, whatever their order.
      for (int64_t i = 0; i < taps * channels; ++i)
        if (sums[i] != wanted_sums[i]) return std::printf("weights, turn %d\n", turn), 1;
    }
    const int64_t rows = w.images * w.in_height * w.in_width;
    auto gradient = array(rows * channels), mean = array(channels), slope = array(channels), shift = array(channels);
    std::unique_ptr<float[]> found(new float[3 * channels]);
    KERNELS.moments(in.get(), rows, channels, found.get());
    for (int64_t i = 0; i < channels; ++i) {
      double sum = 0;
      for (int64_t row = 0; row < rows; ++row) sum += in[row * channels + i];
      if (std::abs(sum / static_cast<double>(rows) - found[i]) > 1e-5 || std::abs(found[channels + i]) > 1e-2) return std::printf("mean, turn %d\n", turn), 1;
    }
    const bool gates = turn % 2;
    KERNELS.gated_sums({channels, gradient.get(), in.get(), mean.get(), slope.get(), shift.get(), -2, 3, gates}, 0, rows,
                       found.get());
    for (int64_t i = 0; i < channels; ++i) {
      float sum = 0, product = 0;
      for (int64_t row = 0; row < rows; ++row) {
        const float away = in[row * channels + i] - mean[i], line = away * slope[i] + shift[i];
        if (gates && (line <= -2 || line >= 3)) continue;
        sum += gradient[row * channels + i], product += gradient[row * channels + i] * away;
      }
      if (sum != found[i] || product != found[channels + i]) return std::printf("sums, turn %d\n", turn), 1;
    }
    for (int64_t i = 0; i < w.images * inputs; ++i)
      if (out[i] != wanted[i]) return std::printf("inputs, turn %d\n", turn), 1;
  }
}

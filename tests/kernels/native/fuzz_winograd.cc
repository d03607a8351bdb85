// Winograd's convolutions of one set of instructions over random shapes and parts, with arrays of exactly their sizes: a
// program for the compiler's sanitizers, which end it at the first byte read or written beyond them.
#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <vector>

using namespace jax_slim;

int main() {
  std::mt19937 random(7);
  auto draw = [&](int low, int high) { return std::uniform_int_distribution<int64_t>(low, high)(random); };
  auto array = [&](int64_t size) {
    std::unique_ptr<float[]> made(new float[size]);
    for (int64_t i = 0; i < size; ++i) made[i] = static_cast<float>(draw(-4, 4));
    return made;
  };
  for (int turn = 0; turn < 300; ++turn) {
    Windows w{};
    w.images = draw(1, 3), w.in_height = draw(1, 12), w.in_width = draw(1, 20), w.height = w.width = 3;
    w.stride_y = w.stride_x = w.rate_y = w.rate_x = 1, w.top = draw(0, 3), w.left = draw(0, 3);
    w.out_height = w.in_height + w.top + draw(0, 3) - 2, w.out_width = w.in_width + w.left + draw(0, 3) - 2;
    if (w.out_height < 1 || w.out_width < 1) continue;
    const int64_t tile = turn % 2 ? 4 : 2, seen = tile + 2;
    const int64_t channels = draw(1, 40), filters = draw(1, 70), lanes = KERNELS.lanes;
    const int64_t filled = (filters + lanes - 1) / lanes * lanes;
    auto in = array(w.images * w.in_height * w.in_width * channels), bias = array(filters);
    auto taps = array(9 * channels * filters);
    auto shortcut = array(w.images * w.out_height * w.out_width * filters);
    auto out = array(w.images * w.out_height * w.out_width * filters);
    // Sums of taps, by the points: 0, some numbers and their negatives, and infinity.
    const std::vector<double> points = tile == 2 ? std::vector<double>{0, 1, -1} : std::vector<double>{0, 0.625, 1.5, -0.625, -1.5};
    double factors[6][3] = {};
    for (size_t p = 0; p < points.size(); ++p) {
      double others = 1;
      for (double other : points) others *= other == points[p] ? 1 : points[p] - other;
      for (int k = 0; k < 3; ++k) factors[p][k] = std::pow(points[p], k) / others;
    }
    factors[seen - 1][2] = 1;
    std::unique_ptr<float[]> weights(new float[seen * seen * channels * filled]);
    for (int64_t point = 0; point < seen * seen; ++point)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t f = 0; f < filled; ++f) {
          double sum = 0;
          for (int64_t tap = 0; f < filters && tap < 9; ++tap)
            sum += factors[point / seen][tap / 3] * factors[point % seen][tap % 3] * taps[(tap * channels + c) * filters + f];
          const int64_t panel = f / (2 * lanes) * 2 * lanes, wide = filled - panel < 2 * lanes ? lanes : 2 * lanes;
          weights[panel * seen * seen * channels + (point * channels + c) * wide + f - panel] = static_cast<float>(sum);
        }
    const float* more = turn % 3 ? shortcut.get() : nullptr;
    const Activation activation{-50, 60, 3, 0.25f, turn % 5 == 4};
    const Convolution convolution{w,          channels, filters,      in.get(),  weights.get(),
                                  bias.get(), more,     {nullptr, 1}, out.get(), activation};
    const auto convolve = tile == 2 ? KERNELS.convolve_tiles_of_2 : KERNELS.convolve_tiles_of_4;
    const int64_t tiles = w.images * ((w.out_height + tile - 1) / tile) * ((w.out_width + tile - 1) / tile);
    const int64_t middle = std::min(filters, filters / 2 / (2 * lanes) * 2 * lanes), some = draw(1, 40);
    for (int64_t first = 0; first < tiles; first += some)
      for (const auto& [begin, end] : {std::pair{int64_t{0}, middle}, std::pair{middle, filters}})
        if (!convolve(convolution, {first, std::min(first + some, tiles), begin, end})) return 2;
    for (int64_t i = 0; i < w.images * w.out_height * w.out_width * filters; ++i) {
      const int64_t f = i % filters, x = i / filters % w.out_width, y = i / filters / w.out_width % w.out_height;
      const int64_t image = i / filters / w.out_width / w.out_height;
      double sum = bias[f] + (more ? more[i] : 0.0f);
      for (int64_t tap = 0; tap < 9; ++tap) {
        const int64_t from_y = y + tap / 3 - w.top, from_x = x + tap % 3 - w.left;
        if (from_y < 0 || from_y >= w.in_height || from_x < 0 || from_x >= w.in_width) continue;
        for (int64_t c = 0; c < channels; ++c)
          sum += in[((image * w.in_height + from_y) * w.in_width + from_x) * channels + c] *
                 static_cast<double>(taps[(tap * channels + c) * filters + f]);
      }
      const double cut = std::fmin(std::fmax(sum + activation.shift, activation.low), activation.high);
      const double wanted = cut * activation.factor * (activation.gates ? sum : 1);
      if (!(std::fabs(wanted - out[i]) <= 0.02)) {
        std::printf("turn %d, number %lld: %g, not %g\n", turn, static_cast<long long>(i), out[i], wanted);
        return 1;
      }
    }
  }
  return 0;
}

// Winograd's convolutions of one set of instructions over random shapes and parts, with arrays of exactly their sizes: a
// program for the compiler's sanitizers, which end it at the first byte read or written beyond them.
#include "draw.h"
#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

using namespace jax_slim;

int main() {
  Draw draw;
  auto array = [&](int64_t size) { return draw.array(size); };
  for (int turn = 0; turn < 400; ++turn) {
    const bool line = turn % 4 == 0, down = turn % 8 == 0;
    const int64_t tile = line || turn % 2 ? 4 : 2, taps_together = line ? 4 : 3, sums = tile + taps_together - 1;
    Windows w{};
    w.height = line ? 1 : 3, w.width = line ? draw(2, 9) : 3;
    if (down) std::swap(w.height, w.width);
    w.images = draw(1, 3), w.in_height = draw(1, 12), w.in_width = draw(1, 20);
    w.stride_y = w.stride_x = w.rate_y = w.rate_x = 1, w.top = draw(0, 3), w.left = draw(0, 3);
    w.out_height = w.in_height + w.top + draw(0, 3) - w.height + 1;
    w.out_width = w.in_width + w.left + draw(0, 3) - w.width + 1;
    if (w.out_height < 1 || w.out_width < 1) continue;
    const int64_t channels = draw(1, 40), filters = draw(1, 70), lanes = KERNELS.lanes;
    const int64_t filled = (filters + lanes - 1) / lanes * lanes, all_taps = w.height * w.width;
    const int64_t fours = line ? (all_taps + 3) / 4 : 1, points_of_all = line ? sums * fours : sums * sums;
    auto in = array(w.images * w.in_height * w.in_width * channels), bias = array(filters);
    auto taps = array(all_taps * channels * filters);
    auto shortcut = array(w.images * w.out_height * w.out_width * filters);
    auto out = array(w.images * w.out_height * w.out_width * filters);
    // Sums of taps, by the points: some numbers and infinity.
    const std::vector<double> points = line        ? std::vector<double>{0.375, 0.875, 1.75, -0.375, -0.875, -1.75}
                                       : tile == 2 ? std::vector<double>{0, 1, -1}
                                                   : std::vector<double>{0, 0.625, 1.5, -0.625, -1.5};
    double factors[7][4] = {};
    for (size_t p = 0; p < points.size(); ++p) {
      double others = 1;
      for (double other : points) others *= other == points[p] ? 1 : points[p] - other;
      for (int k = 0; k < taps_together; ++k) factors[p][k] = std::pow(points[p], k) / others;
    }
    factors[sums - 1][taps_together - 1] = 1;
    std::unique_ptr<float[]> weights(new float[points_of_all * channels * filled]);
    for (int64_t point = 0; point < points_of_all; ++point)
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t f = 0; f < filled; ++f) {
          double sum = 0;
          for (int64_t tap = 0; f < filters && tap < all_taps; ++tap) {
            const double factor = !line ? factors[point / sums][tap / 3] * factors[point % sums][tap % 3]
                                  : point % fours == tap / 4 ? factors[point / fours][tap % 4] : 0;
            sum += factor * taps[(tap * channels + c) * filters + f];
          }
          const int64_t panel = f / (2 * lanes) * 2 * lanes, wide = filled - panel < 2 * lanes ? lanes : 2 * lanes;
          weights[panel * points_of_all * channels + (point * channels + c) * wide + f - panel] = static_cast<float>(sum);
        }
    if (tile == 4 && !line) {
      std::unique_ptr<float[]> made(new float[points_of_all * channels * filled]);
      for (int64_t f = 0; f < filters; f += 2 * lanes)
        KERNELS.sum_taps(taps.get(), channels, filters, f, made.get() + f * points_of_all * channels);
      for (int64_t i = 0; i < points_of_all * channels * filled; ++i)
        if (!(std::fabs(made[i] - weights[i]) <= 1e-4)) return 3;
    }
    const float* more = turn % 3 ? shortcut.get() : nullptr;
    const Activation activation{-50, 60, 3, 0.25f, turn % 5 == 4};
    const Convolution convolution{w,          channels, filters,      in.get(),  weights.get(),
                                  bias.get(), more,     {nullptr, 1}, out.get(), activation};
    const auto convolve = line ? KERNELS.convolve_lines : tile == 2 ? KERNELS.convolve_tiles_of_2 : KERNELS.convolve_tiles_of_4;
    const int64_t tiles = w.images * (down   ? w.out_width
                                      : line ? w.out_height
                                             : (w.out_height + tile - 1) / tile * ((w.out_width + tile - 1) / tile));
    const int64_t middle = std::min(filters, filters / 2 / (2 * lanes) * 2 * lanes), some = draw(1, 40);
    for (int64_t first = 0; first < tiles; first += some)
      for (const auto& [begin, end] : {std::pair{int64_t{0}, middle}, std::pair{middle, filters}})
        if (!convolve(convolution, {first, std::min(first + some, tiles), begin, end})) return 2;
    for (int64_t i = 0; i < w.images * w.out_height * w.out_width * filters; ++i) {
      const int64_t f = i % filters, x = i / filters % w.out_width, y = i / filters / w.out_width % w.out_height;
      const int64_t image = i / filters / w.out_width / w.out_height;
      double sum = bias[f] + (more ? more[i] : 0.0f);
      for (int64_t tap = 0; tap < all_taps; ++tap) {
        const int64_t from_y = y + tap / w.width - w.top, from_x = x + tap % w.width - w.left;
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

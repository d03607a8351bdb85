// Photographs of random shapes in arrays of exactly their sizes: a program for the compiler's address sanitizer, which
// ends it at the first byte read or written beyond them.
#include "photographs.h"

#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <vector>

using namespace jax_slim;

int main() {
  std::mt19937 random(7);
  auto draw = [&](int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random); };
  for (int turn = 0; turn < 400; ++turn) {
    const int64_t height = draw(1, 9), width = draw(1, 9), rows = draw(1, 9), columns = draw(1, 40);
    const int64_t stride = 3 * width + draw(0, 1) * draw(1, 9), size = (height - 1) * stride + 3 * width;
    std::unique_ptr<uint8_t[]> image(new uint8_t[size]);
    for (int64_t i = 0; i < size; ++i) image[i] = static_cast<uint8_t>(draw(0, 255));
    auto axis = [&](int64_t outputs, int64_t side, std::vector<int64_t>& pixels, std::vector<float>& weights) {
      for (int64_t i = 0; i < 2 * outputs; ++i) {
        pixels.push_back(draw(0, side - 1));
        weights.push_back(static_cast<float>(draw(0, 8)) / 8);
      }
    };
    std::vector<int64_t> down, across;
    std::vector<float> down_weights, across_weights;
    axis(rows, height, down, down_weights), axis(columns, width, across, across_weights);
    std::unique_ptr<float[]> out(new float[3 * rows * columns]);
    const Colours colours{1.0f / 255, 0.1f, 1.2f / 255, -0.5f, -0.25f};
    const bool changed = turn % 2;
    const Photograph photograph{image.get(), stride, width, 2.0f, {down.data(), down_weights.data(), rows},
                                {across.data(), across_weights.data(), columns}, changed ? &colours : nullptr, out.get()};
    if (!KERNELS.resample(photograph)) return 2;
    // Sums of few bits, which are exact; of changed colours that they are in their range.
    for (int64_t i = 0; i < 3 * rows * columns; ++i) {
      const int64_t channel = i % 3, x = i / 3 % columns, y = i / 3 / columns;
      auto along = [&](int64_t row) {
        const float left = 2.0f * image[row * stride + 3 * across[2 * x] + channel];
        const float right = 2.0f * image[row * stride + 3 * across[2 * x + 1] + channel];
        return left + (right - left) * across_weights[2 * x + 1];
      };
      const float above = along(down[2 * y]), below = along(down[2 * y + 1]);
      const float wanted = above + (below - above) * down_weights[2 * y + 1];
      if (changed ? !(out[i] >= -0.25f && out[i] <= 1) : out[i] != wanted) {
        std::printf("turn %d, number %lld: %g, not %g\n", turn, static_cast<long long>(i), out[i], wanted);
        return 1;
      }
    }
  }
  return 0;
}

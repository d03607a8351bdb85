// The kernels of one set of instructions over random shapes, with arrays of exactly their sizes: a program for the
// compiler's address sanitizer, which ends it at the first byte read or written beyond them.
#include "draw.h"
#include "kernels.h"

#include <cmath>
#include <cstdio>
#include <memory>

using namespace jax_slim;

int main() {
  Draw draw;
  auto array = [&](int64_t size) { return draw.array(size); };
  for (int turn = 0; turn < 400; ++turn) {
    const bool by_channel = turn % 2;
    Windows w{};
    w.images = draw(1, 2), w.in_height = draw(1, 9), w.in_width = draw(1, 40);
    w.height = draw(1, 4), w.width = draw(1, 4), w.stride_y = draw(1, 3), w.stride_x = draw(1, 3);
    w.rate_y = draw(1, 2), w.rate_x = draw(1, 2), w.top = draw(0, 4), w.left = draw(0, 4);
    const bool excited = turn % 4 == 0;  // which pixels are: those of all images in a row
    if (excited) {
      w.height = w.width = w.stride_y = w.stride_x = w.rate_y = w.rate_x = w.images = w.in_height = 1;
      w.top = w.left = 0;
    }
    const int64_t spare = excited ? 0 : 4, image_pixels = draw(1, 20);
    const int64_t free_y = w.in_height + w.top + draw(0, spare) - (w.height - 1) * w.rate_y - 1;
    const int64_t free_x = w.in_width + w.left + draw(0, spare) - (w.width - 1) * w.rate_x - 1;
    if (free_y < 0 || free_x < 0) continue;
    w.out_height = free_y / w.stride_y + 1, w.out_width = free_x / w.stride_x + 1;
    const int64_t channels = draw(1, 40), filters = by_channel ? channels : draw(1, 70);
    const int64_t lanes = KERNELS.lanes, taps = w.height * w.width;
    const int64_t filled = (filters + lanes - 1) / lanes * lanes;
    auto in = array(w.images * w.in_height * w.in_width * channels);
    auto weights = array(by_channel ? taps * channels : taps * channels * filled);
    auto bias = array(filters), factors = array((w.in_width / image_pixels + 1) * channels);
    auto shortcut = array(w.images * w.out_height * w.out_width * filters);
    auto out = array(w.images * w.out_height * w.out_width * filters);
    const float* more = turn % 3 ? shortcut.get() : nullptr;
    // Factors that are powers of two keep sums exact.
    const Activation activation = turn % 5 < 3 ? Activation{-9e9f, 9e9f, 0, 1, false}
                                               : Activation{-5, 60, 3, 0.25f, turn % 5 == 4};
    const Excitation excitation{excited ? factors.get() : nullptr, image_pixels};
    auto weight = [&](int64_t tap, int64_t c, int64_t f) {
      if (by_channel) return c == f ? weights[tap * channels + c] : 0.0f;
      const int64_t panel = f / (2 * lanes) * 2 * lanes, wide = filled - panel < 2 * lanes ? lanes : 2 * lanes;
      return weights[panel * taps * channels + (tap * channels + c) * wide + f - panel];
    };
    for (int64_t image = 0; image < w.images; ++image) {
      const Part part{image, 0, w.out_height, 0, w.out_width, 0, filters};
      if (by_channel) {
        KERNELS.convolve_by_channel(
            {w, channels, in.get(), weights.get(), bias.get(), more, out.get(), activation}, part);
        continue;
      }
      const Convolution c{w,          channels, filters,    in.get(),  weights.get(),
                          bias.get(), more,     excitation, out.get(), activation};
      const int64_t middle = excited ? w.out_width / 3 : 0;
      for (const Part& some : {Part{image, 0, w.out_height, 0, middle, 0, filters},
                               Part{image, 0, w.out_height, middle, w.out_width, 0, filters}})
        if (some.first_column < some.end_column && !KERNELS.convolve(c, some)) return 2;
    }
    std::unique_ptr<float[]> sums(new float[w.images * channels]);
    const int64_t pixels = w.in_height * w.in_width, split = channels / 2 / lanes * lanes;
    for (int64_t image = 0; image < w.images; ++image) {
      KERNELS.sum({pixels, channels, in.get(), sums.get()}, image, 0, split);
      KERNELS.sum({pixels, channels, in.get(), sums.get()}, image, split, channels);
    }
    for (int64_t i = 0; i < w.images * channels; ++i) {
      float sum = 0;
      for (int64_t p = 0; p < pixels; ++p) sum += in[(i / channels * pixels + p) * channels + i % channels];
      if (sum != sums[i]) return 3;
    }
    // Small whole numbers: sums are exact, whatever their order.
    for (int64_t i = 0; i < w.images * w.out_height * w.out_width * filters; ++i) {
      const int64_t f = i % filters, x = i / filters % w.out_width, y = i / filters / w.out_width % w.out_height;
      const int64_t image = i / filters / w.out_width / w.out_height;
      float sum = bias[f] + (more ? more[i] : 0.0f);
      for (int64_t ky = 0; ky < w.height; ++ky)
        for (int64_t kx = 0; kx < w.width; ++kx) {
          const int64_t from_y = y * w.stride_y + ky * w.rate_y - w.top, from_x = x * w.stride_x + kx * w.rate_x - w.left;
          if (from_y < 0 || from_y >= w.in_height || from_x < 0 || from_x >= w.in_width) continue;
          const int64_t at = ((image * w.in_height + from_y) * w.in_width + from_x) * channels;
          for (int64_t c = by_channel ? f : 0; c < (by_channel ? f + 1 : channels); ++c)
            sum += in[at + c] * weight(ky * w.width + kx, c, f) *
                   (excitation.factors ? factors[from_x / image_pixels * channels + c] : 1.0f);
        }
      const float cut = std::fmin(std::fmax(sum + activation.shift, activation.low), activation.high);
      sum = cut * activation.factor * (activation.gates ? sum : 1.0f);
      if (sum != out[i]) {
        std::printf("turn %d, number %lld: %g, not %g\n", turn, static_cast<long long>(i), out[i], sum);
        return 1;
      }
    }
  }
  return 0;
}

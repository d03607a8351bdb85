// What all convolutions by panels share: where a window's numbers lie, and memory for padded rows. In a namespace without
// a name, and without the standard library's functions: the linker could share them with code for other processors.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "kernels.h"

namespace jax_slim {
namespace {

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }

// Where the numbers of a window lie: runs of neighbours in memory.
struct Runs {
  int64_t number, length;
  int64_t inner, inner_step, outer_step;  // of each `inner` runs, each is a step after the one before
  int64_t at(int64_t index) const { return index / inner * outer_step + index % inner * inner_step; }
};

// Those of a window in rows of `width` pixels.
inline Runs runs_of(const Windows& w, int64_t channels, int64_t width) {
  const int64_t below = w.rate_y * width * channels;
  if (w.rate_x > 1) return {w.height * w.width, channels, w.width, w.rate_x * channels, below};
  return {w.height, w.width * channels, 1, 0, below};
}

// The rows and pixels of an image that windows see, with what is added around it.
struct Seen {
  int64_t width, height;
  bool padded;  // whether something is added
};

inline Seen seen_by(const Windows& w) {
  const int64_t width = (w.out_width - 1) * w.stride_x + (w.width - 1) * w.rate_x + 1;
  const int64_t height = (w.out_height - 1) * w.stride_y + (w.height - 1) * w.rate_y + 1;
  return {width, height, w.top || w.left || width > w.in_width || height > w.in_height};
}

// Memory of this thread's; null where there is none left.
inline void* scratch(int64_t bytes) {
  struct Memory {
    void* data = nullptr;
    int64_t size = 0;
    ~Memory() { std::free(data); }
  };
  static thread_local Memory memory;
  if (memory.size < bytes) {
    std::free(memory.data);
    memory.data = std::malloc(bytes);
    memory.size = memory.data ? bytes : 0;
  }
  return memory.data;
}

}  // namespace
}  // namespace jax_slim

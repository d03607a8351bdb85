// Random sizes and arrays for the programs that sanitizers watch: the same in each run.
#pragma once

#include <cstdint>
#include <memory>
#include <random>

class Draw {
 public:
  // From low to high, both included.
  int64_t operator()(int low, int high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }

  // Of exactly this size, of small whole numbers.
  std::unique_ptr<float[]> array(int64_t size) {
    std::unique_ptr<float[]> made(new float[size]);
    for (int64_t i = 0; i < size; ++i) made[i] = static_cast<float>((*this)(-4, 4));
    return made;
  }

 private:
  std::mt19937 random_{7};
};

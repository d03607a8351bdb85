// `Activation` of vectors.
#pragma once

#include "kernels.h"
#include "vectors.h"

namespace jax_slim {
namespace {

struct Activated {
  Vector low, high, shift, factor;
  bool gates, limits;  // limits: they are all there is

  explicit Activated(const Activation& a)
      : low(all(a.low)), high(all(a.high)), shift(all(a.shift)), factor(all(a.factor)), gates(a.gates),
        limits(!a.gates && a.shift == 0 && a.factor == 1) {}

  Vector operator()(Vector sum) const {
    if (limits) return clamp(sum, low, high);
    const Vector gate = clamp(sum + shift, low, high);
    return (gates ? sum * gate : gate) * factor;
  }
};

}  // namespace
}  // namespace jax_slim

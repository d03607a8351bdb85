// Kernels for several sets of instructions, of which one is in use.
#pragma once

#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

#include "processors.h"

namespace jax_slim {
namespace {

// In use are the best that run here, until others are taken.
template <typename Kernels>
class Choice {
 public:
  struct Kind {
    const Kernels* kernels;
    bool runs_here;
  };

  // Best first; the last runs everywhere.
  explicit Choice(std::vector<Kind> kinds) : kinds_(std::move(kinds)) {
    for (auto kind = kinds_.rbegin(); kind != kinds_.rend(); ++kind)
      if (kind->runs_here) chosen_ = kind->kernels;
  }

  const Kernels& get() const { return *chosen_.load(); }

  // Takes others than the best; false where they do not run here.
  bool take(const char* name) {
    for (const Kind& kind : kinds_) {
      if (!kind.runs_here || std::strcmp(kind.kernels->name, name)) continue;
      chosen_ = kind.kernels;
      return true;
    }
    return false;
  }

 private:
  const std::vector<Kind> kinds_;
  std::atomic<const Kernels*> chosen_{nullptr};
};

}  // namespace
}  // namespace jax_slim

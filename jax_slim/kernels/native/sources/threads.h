// The parts of an operation, and threads of our own that compute them. XLA's threads sleep between two operations, and to
// wake one may take as long as a layer lasts for one image; ours look out for a moment before they sleep.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace jax_slim {

// The parts of one operation after another, shared out among some threads, so that each has the same place of an image in
// every layer: what it reads then lies in its core's own caches, and those of another may be far. Who has done its share
// takes from the ends of the others'. Only who has a part in hand reads what the operation is, and `wait` is over when
// nobody has, so that a thread may come at any time, also too late.
class Parts {
 public:
  using Function = void (*)(const void* run, int64_t index);  // does not throw

  explicit Parts(int64_t threads) : threads_(threads), shares_(new Share[threads]) {}

  // What there is to do now: run(0) ... run(total - 1). Nothing may be left of what there was before.
  void set(int64_t total, Function function, const void* run);

  // Takes parts until none is left, as a thread of this number.
  void take(int64_t thread);

  // Waits until all are done, a moment awake, then asleep, so that whoever works gets the core.
  void wait();

 private:
  // Of parts that nobody took yet, the first and the one after the last, in a number's halves.
  struct alignas(64) Share {
    std::atomic<uint64_t> left{0};
    bool take(bool own, int64_t* index);
  };

  int64_t threads_;
  std::unique_ptr<Share[]> shares_;
  int64_t total_ = 0;
  Function function_ = nullptr;
  const void* run_ = nullptr;
  uint32_t rounding_ = 0;  // and what becomes of the smallest numbers: the caller's state
  alignas(64) std::atomic<int64_t> done_{0};
};

// Computes all parts in the calling thread and in others that look out for work, of which there are `threads` - 1 from the
// first call on. False, and nothing was done: they work for another caller, or there is no memory for them.
bool in_awake_threads(int64_t threads, int64_t total, Parts::Function function, const void* run);

}  // namespace jax_slim

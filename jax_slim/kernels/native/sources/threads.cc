#include "threads.h"

#include <chrono>
#include <new>
#include <system_error>
#include <thread>

#if defined(JAX_SLIM_X86)
#include <xmmintrin.h>
#endif

namespace jax_slim {
namespace {

// How long to look out before sleeping. Between two layers lie 1 to 3 microseconds, 10 to 25 where XLA does something.
constexpr std::chrono::microseconds kAwake{50};
constexpr int kLooksAtOnce = 32;  // between two looks at the clock

// Waits awake until `over`, a moment at most; whether it is.
template <typename Over>
bool looks_out(Over over) {
  const auto end = std::chrono::steady_clock::now() + kAwake;
  do {
    for (int look = 0; look < kLooksAtOnce; ++look) {
      if (over()) return true;
#if defined(JAX_SLIM_X86)
      _mm_pause();
#endif
    }
  } while (std::chrono::steady_clock::now() < end);
  return over();
}

// XLA computes with numbers too small for a normal float32 as 0, and says so to the processor for each thread.
#if defined(JAX_SLIM_X86)
uint32_t rounding() { return _mm_getcsr() & ~_MM_EXCEPT_MASK; }

void round(uint32_t as) { _mm_setcsr(as); }
#elif defined(__aarch64__)
uint32_t rounding() {
  uint64_t state;
  asm volatile("mrs %0, fpcr" : "=r"(state));
  return static_cast<uint32_t>(state);
}

void round(uint32_t as) { asm volatile("msr fpcr, %0" : : "r"(static_cast<uint64_t>(as))); }
#else
uint32_t rounding() { return 0; }

void round(uint32_t) {}
#endif

class Team {
 public:
  explicit Team(int64_t threads) : parts_(threads) {
    for (int64_t thread = 1; thread < threads; ++thread) {
      try {
        std::thread([this, thread] { help(thread); }).detach();
      } catch (const std::system_error&) {
        return;  // the system gives no more; the others take this one's share
      }
    }
  }

  bool run(int64_t total, Parts::Function function, const void* run) {
    if (busy_.exchange(true, std::memory_order_acquire)) return false;
    parts_.set(total, function, run);
    posted_.fetch_add(1);
    wake();
    parts_.take(0);
    parts_.wait();
    busy_.store(false, std::memory_order_release);
    return true;
  }

 private:
  void help(int64_t thread) {
    for (uint32_t seen = 0;;) {
      if (!looks_out([&] { return posted_.load(std::memory_order_acquire) != seen; })) {
        asleep_.fetch_add(1);
        posted_.wait(seen);  // returns at once where something was posted before it is asleep
        asleep_.fetch_sub(1);
        wake(), wake();  // so that a caller with many threads wakes one alone: each takes microseconds
      }
      seen = posted_.load();
      parts_.take(thread);
    }
  }

  void wake() {
    if (asleep_.load() > 0) posted_.notify_one();
  }

  Parts parts_;
  std::atomic<uint32_t> posted_{0};
  std::atomic<int64_t> asleep_{0};
  std::atomic<bool> busy_{false};
};

// Never deleted: its threads run until the process ends. One that was forked has none of them; its callers take all parts.
std::atomic<Team*> team{nullptr};

Team* made(int64_t threads) {
  static std::atomic_flag making;
  if (making.test_and_set()) return team.load();  // another thread does
  if (!team.load()) {
    try {
      team.store(new Team(threads));
    } catch (const std::bad_alloc&) {
    }
  }
  making.clear();
  return team.load();
}

}  // namespace

bool Parts::Share::take(bool own, int64_t* index) {
  for (uint64_t now = left.load(std::memory_order_acquire);;) {
    const uint64_t first = now >> 32, end = now & 0xffffffff;
    if (first >= end) return false;
    const uint64_t then = own ? (first + 1) << 32 | end : first << 32 | (end - 1);
    if (!left.compare_exchange_weak(now, then, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    *index = static_cast<int64_t>(own ? first : end - 1);
    return true;
  }
}

void Parts::set(int64_t total, Function function, const void* run) {
  total_ = total, function_ = function, run_ = run, rounding_ = rounding();
  done_.store(0, std::memory_order_relaxed);
  for (int64_t thread = 0; thread < threads_; ++thread) {
    const uint64_t first = thread * total / threads_, end = (thread + 1) * total / threads_;
    shares_[thread].left.store(first << 32 | end, std::memory_order_release);
  }
}

void Parts::take(int64_t thread) {
  int64_t taken = 0, index;
  for (int64_t other = 0; other < threads_; ++other) {
    Share& share = shares_[(thread + other) % threads_];
    while (share.take(other == 0, &index)) {
      if (!taken++ && rounding() != rounding_) round(rounding_);
      function_(run_, index);
    }
  }
  if (!taken) return;
  const int64_t total = total_;  // read before the last part is told done
  if (done_.fetch_add(taken) + taken == total) done_.notify_one();
}

void Parts::wait() {
  if (looks_out([this] { return done_.load(std::memory_order_acquire) == total_; })) return;
  for (int64_t now; (now = done_.load(std::memory_order_acquire)) != total_;) done_.wait(now);
}

bool in_awake_threads(int64_t threads, int64_t total, Parts::Function function, const void* run) {
  Team* found = team.load(std::memory_order_acquire);
  if (!found) found = made(threads);
  return found && found->run(total, function, run);
}

}  // namespace jax_slim

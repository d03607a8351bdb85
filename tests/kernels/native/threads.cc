// Many operations in parts, of several callers at once, one after the other without and with a pause, and in a process that
// was forked: a program for the compiler's thread and address sanitizers. Given a word, it forks.
#include "threads.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#if defined(JAX_SLIM_X86)
#include <xmmintrin.h>
#endif

using namespace jax_slim;

namespace {

constexpr int64_t kThreads = 3;

struct Job {
  std::vector<int> done;  // one for each part: not atomic, as nobody else may have it
  float tiny = 0x1p-130f;  // not a normal number
  std::vector<float> sums;
  std::atomic<bool> others;  // have begun: where there are any, no thread computes all parts alone

  Job(int64_t total, bool alone) : done(total), sums(total), others(alone || total == 1) {}

  static void run(const void* job, int64_t index) {
    Job* self = static_cast<Job*>(const_cast<void*>(job));
    ++self->done[index];
    if (index > 0) self->others.store(true);
    while (!self->others.load()) std::this_thread::yield();
    self->sums[index] = *static_cast<volatile float*>(&self->tiny) / 2;
  }

  bool right(float sum) const {
    for (int times : done)
      if (times != 1) return false;
    for (float each : sums)
      if (std::bit_cast<uint32_t>(each) != std::bit_cast<uint32_t>(sum)) return false;  // as floats they may count as 0
    return true;
  }
};

// Threads of our own, or, where they are busy, others that come when they come: also after all is done.
bool compute(int64_t total, float sum, bool alone, bool* awake, std::vector<std::thread>* late) {
  Job job(total, alone);
  *awake = in_awake_threads(kThreads, total, &Job::run, &job);
  if (!*awake) {
    auto parts = std::make_shared<Parts>(kThreads);
    parts->set(total, &Job::run, &job);
    late->emplace_back([parts] { parts->take(1); });
    parts->take(0);
    parts->wait();
  }
  return job.right(sum);
}

// How many operations of a caller threads of our own computed; -1: one was wrong.
int64_t calls(int64_t number, int64_t seed, float sum, bool alone = false) {
  int64_t found = 0;
  bool awake = false;
  std::vector<std::thread> late;
  for (int64_t turn = 0; turn < number; ++turn) {
    if (!compute(1 + (turn * 7 + seed) % 40, sum, alone, &awake, &late)) return -1;
    found += awake;
    if (turn % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // and so all are asleep
  }
  for (std::thread& each : late) each.join();
  return found;
}

}  // namespace

int main(int count, char**) {
  if (calls(500, 0, 0x1p-131f) != 500) return 1;
  std::vector<std::thread> callers;
  std::vector<int64_t> found(4);
  for (int64_t caller = 0; caller < 4; ++caller)
    callers.emplace_back([&found, caller] { found[caller] = calls(500, caller, 0x1p-131f); });
  for (std::thread& each : callers) each.join();
  for (int64_t each : found)
    if (each < 0) return 2;
#if defined(JAX_SLIM_X86)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // numbers too small count as 0, as XLA has it: in all threads, and not for ever
  if (calls(500, 0, 0.0f) != 500) return 3;
  _mm_setcsr(_mm_getcsr() & ~0x8040);
  if (calls(500, 0, 0x1p-131f) != 500) return 4;
#endif
  if (count > 1) {
    const pid_t child = fork();
    if (child == 0) std::_Exit(calls(500, 0, 0x1p-131f, true) == 500 ? 0 : 5);
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) return 6;
  }
  return 0;  // while threads of our own run
}

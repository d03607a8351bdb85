// What the processor and the operating system offer. Read from them: __builtin_cpu_supports says no to everything where
// zig is the compiler (findings/zig_cpu_supports_nothing.sh).
#pragma once

#if defined(JAX_SLIM_X86)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace jax_slim {

struct Processor {
  bool avx2 = false, avx512 = false, avx512vnni = false, avx512bf16 = false, amx = false;
};

inline Processor read_processor() {
  Processor has;
#if defined(JAX_SLIM_X86)
  unsigned a, b, c, d, state, high;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return has;
  const bool fma = c >> 12 & 1, states_are_told = c >> 27 & 1;
  if (!fma || !states_are_told || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return has;
  asm("xgetbv" : "=a"(state), "=d"(high) : "c"(0));  // which registers the system keeps for each thread
  has.avx2 = b >> 5 & 1 && (state & 0x06) == 0x06;
  const bool f = b >> 16 & 1, dq = b >> 17 & 1, bw = b >> 30 & 1, vl = b >> 31 & 1;
  has.avx512 = has.avx2 && f && dq && bw && vl && (state & 0xe6) == 0xe6;
  has.avx512vnni = has.avx512 && c >> 11 & 1;
  const bool tiles = d >> 22 & 1 && d >> 24 & 1 && d >> 25 & 1 && (state & 0x60000) == 0x60000;
  has.avx512bf16 = has.avx512vnni && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a >> 5 & 1;
#if defined(__linux__)
  // Tiles are many registers to keep for each thread, so Linux wants to be asked, once for a process.
  constexpr long kAskForState = 0x1023, kTileData = 18;
  has.amx = has.avx512bf16 && tiles && syscall(SYS_arch_prctl, kAskForState, kTileData) == 0;
#endif
#endif
  return has;
}

inline const Processor& processor() {
  static const Processor has = read_processor();
  return has;
}

}  // namespace jax_slim

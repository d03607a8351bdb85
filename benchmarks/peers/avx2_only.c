// A processor with AVX-512 that says it has none: preloaded (LD_PRELOAD) on x86-64 Linux, it answers the CPUID
// instruction itself, for every library in the process alike. Linux lets a process ask for CPUID to fault
// (arch_prctl, ARCH_SET_CPUID), where the processor can do it: cpuid_fault in /proc/cpuinfo.

#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))

static long let_cpuid_run(int yes) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, (unsigned long)yes); }

// Features of leaf 7 that came with AVX-512 or after it: the AVX-512 family, and AMX.
static const uint32_t newer_b = BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31);
static const uint32_t newer_c = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14);
static const uint32_t newer_d = BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25);

static void answer(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *code = (const uint8_t *)registers[REG_RIP];
  if (info->si_code != SI_KERNEL || code[0] != 0x0f || code[1] != 0xa2) {
    signal(number, SIG_DFL);  // a fault of the program's own, which comes again now
    return;
  }
  uint32_t leaf = registers[REG_RAX], part = registers[REG_RCX], a, b, c, d;
  let_cpuid_run(1);
  __cpuid_count(leaf, part, a, b, c, d);
  let_cpuid_run(0);
  if (leaf == 7 && part == 0) {
    b &= ~newer_b;
    c &= ~newer_c;
    d &= ~newer_d;
  } else if (leaf == 7) {
    a = b = c = d = 0;  // AVX-VNNI, bfloat16 and later
  }
  registers[REG_RAX] = a;
  registers[REG_RBX] = b;
  registers[REG_RCX] = c;
  registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  if (let_cpuid_run(0) != 0) {
    fputs("avx2_only: this processor or system does not let CPUID fault\n", stderr);
    _exit(1);
  }
}

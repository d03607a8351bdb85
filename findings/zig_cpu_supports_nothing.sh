#!/bin/bash
# In what the C++ compiler of the package ziglang makes, __builtin_cpu_supports says no to everything, even to SSE2, which
# every x86-64 has, with and without __builtin_cpu_init(): the __cpu_indicator_init of its runtime library sets nothing.
# With g++ the answers are the processor's. The instruction CPUID, asked by <cpuid.h>, tells the truth in both.
# Code that chooses its instructions by the builtin takes the slowest, without a word.
# Seen with ziglang 0.17.1, x86-64 Linux:
#   zig c++: without init 0, with init 0, by cpuid 1
#   g++: without init 1, with init 1, by cpuid 1
# Exits 0 while that is so (also where there is no g++ to compare with), 1 when it is no longer.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ziglang==0.17.1
cd "$folder"
export ZIG_GLOBAL_CACHE_DIR="$folder/cache" ZIG_LOCAL_CACHE_DIR="$folder/cache"
cat > asks.cc <<'CC'
#include <cpuid.h>
#include <cstdio>
int main() {
  const int before = __builtin_cpu_supports("sse2") != 0;
  __builtin_cpu_init();
  unsigned a, b, c, d;
  __get_cpuid(1, &a, &b, &c, &d);
  std::printf("without init %d, with init %d, by cpuid %d\n", before, __builtin_cpu_supports("sse2") != 0, d >> 26 & 1);
}
CC
"$folder/venv/bin/pip" list 2>/dev/null | grep ziglang
"$folder/venv/bin/python" -m ziglang c++ -O2 asks.cc -o zig_asks
zig_says=$(./zig_asks)
echo "zig c++: $zig_says"
gcc_says="without init 1, with init 1, by cpuid 1"
if command -v g++ >/dev/null; then
    g++ -O2 asks.cc -o gcc_asks
    gcc_says=$(./gcc_asks)
    echo "g++: $gcc_says"
fi
[ "$zig_says" = "without init 0, with init 0, by cpuid 1" ] && [ "$gcc_says" = "without init 1, with init 1, by cpuid 1" ]

"""Compiling for little time: what a program runs for once in a test, on a handful of numbers, is less than that.

XLA's passes and libraries are those that users get. Only its loops are made with less effort: LLVM does not optimize
them, and they are not lowered by way of MLIR, where each program takes a context of its own with all dialects.
"""

OPTIONS = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}
FLAGS = " ".join(f"--{name}={str(value).lower()}" for name, value in OPTIONS.items())

# For a single program, where last bits decide what is tested.
AS_USERS_DO = {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_use_fusion_emitters": True,
}

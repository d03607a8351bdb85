"""Compiling for little time: what a program runs for once in a test, on a handful of numbers, is less than that.

XLA's passes and libraries are those that users get. Only its loops are made with less effort: LLVM does not optimize
them, and they are not lowered by way of MLIR, where each program takes a context of its own with all dialects. LLVM
gets them in one part, not in up to 32 that are each prepared and linked: large programs then take half of the time.
"""

OPTIONS = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
FLAGS = " ".join(f"--{name}={str(value).lower()}" for name, value in OPTIONS.items())


def on_devices(count):
    """`XLA_FLAGS` of a process that simulates so many devices, and compiles quickly."""
    return f"{FLAGS} --xla_force_host_platform_device_count={count}"


# For a single program, where last bits decide what is tested.
AS_USERS_DO = {
    "xla_backend_optimization_level": 3,
    "xla_llvm_disable_expensive_passes": False,
    "xla_cpu_use_fusion_emitters": True,
    "xla_cpu_parallel_codegen_split_count": 32,
}

"""The memory of a training step on a CPU: less of it, and kept for the next step instead of given back to the system."""

import ctypes
import functools
import platform

import jax

# <malloc.h>
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -3, -4, -8
_KEEP = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, -1), (_M_TOP_PAD, 64 << 20), (_M_ARENA_MAX, 1))
_AS_EVER = (
    (_M_MMAP_MAX, 65536),
    (_M_MMAP_THRESHOLD, 128 << 10),
    (_M_TRIM_THRESHOLD, 128 << 10),
    (_M_TOP_PAD, 128 << 10),
)
# Operations in an order that lets arrays end soon. XLA's own order starts all that can be started: what only a gradient
# needs, such as shifted copies of a convolution's inputs, is made on the way forward and lies there until it is used.
_SPARING = {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}


def compiler_options() -> dict[str, str]:
    """What to give `jax.jit` as `compiler_options`, so that a training step on a CPU takes less memory and time.

    The step's operations run in an order in which their results are used soon. At batch 8 the temporary memory of
    Inception-v3's step went from 1517 to 689 MB, MobileNet-v2's from 723 to 374, and steps took a tenth less time.
    Passes forward gain nothing. The values are the same.

        step = jax.jit(train_op, donate_argnums=0, compiler_options=slim.compiler_options())

    `learning.train` compiles its steps so. JAX takes such options in the outermost `jax.jit` only.

    Returns:
      The options where JAX compiles for a CPU by default and knows them, else {}.
    """
    return dict(_SPARING) if jax.default_backend() == "cpu" and _known() else {}


@functools.cache
def _known() -> bool:
    try:
        jax.jit(lambda x: x, compiler_options=_SPARING).lower(jax.ShapeDtypeStruct((), "float32")).compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True


def keep_freed_memory(keep: bool = True) -> bool:
    """Lets the process keep the memory that arrays free, which makes training on a CPU faster and the process larger.

    A training step on a CPU allocates large temporary arrays and frees them again. glibc gives them back to the system
    at once, and each next step takes a page fault for every 4 kB: 600,000 of them in a step of VGG-16. Kept, they are
    there already: a step of MobileNet-v1 at batch 8 went from 0.50 to 0.40 seconds.

        slim.keep_freed_memory()      # at the start of the program: what is allocated later stays
        slim.learning.train(...)

    Better still, where the system allows it, are pages of 2 MB, which a process only gets when it is started with
    GLIBC_TUNABLES=glibc.malloc.hugetlb=1 (glibc 2.35): as `jax-slim train` does by itself. Then leave this out.

    It changes the whole process, other libraries too: so nothing here calls it unasked.

    Args:
      keep: False goes back to glibc's usual limits; memory that is free by then is given back as more is freed.

    Returns:
      Whether there was something to set: True on Linux with glibc, else False, and nothing has changed.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    taken = [library.mallopt(name, value) for name, value in (_KEEP if keep else _AS_EVER)]
    return all(taken)

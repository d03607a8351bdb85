"""How XLA is asked to compile programs for a CPU."""

import contextlib
import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax

from jax_slim.kernels import choices

_LIBRARIES = "xla_cpu_experimental_ynn_fusion_type"
_WANTED = {
    # Operations in an order that lets arrays end soon. XLA's own order starts all that can be started: what only a
    # gradient needs, such as shifted copies of a convolution's inputs, is made on the way forward and lies there.
    "xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED",
    # Of the library YNNPACK only sums. Convolutions and products of Eigen, XLA's other library, are faster: 3 x 3 with
    # 64 channels at 56 pixels ran at 172 instead of 101 GFLOP/s, with 32 and no padding at 199 instead of 38; the
    # gradient of their weights 3 to 4 times; Winograd's 16 products 1.3 times.
    _LIBRARIES: "LIBRARY_FUSION_TYPE_REDUCE",
}
# LLVM without optimizations, and fusions written in the older way, which is made of less: to arrange the weights of
# MobileNet-v1 and Inception-v3 then compiled in 0.3 and 0.7 seconds instead of 1.4 and 1.9, and took 0.04 and 0.3
# instead of 0.04 and 0.2.
_WANTED_ONCE = {"xla_backend_optimization_level": "0", "xla_cpu_use_fusion_emitters": "False"}
# LLVM prefers vectors of 256 bits where there are larger ones. Evaluation of MobileNets, ResNet-50 and Inception-v3
# took 1/1.01 to 1/1.06 of the time with all bits.
_WANTED_WITH_AVX512 = {"xla_cpu_prefer_vector_width": "512"}


def compiler_options() -> dict[str, str]:
    """What to give JAX as `compiler_options`, so that programs for a CPU are faster and take less memory.

        step = jax.jit(train_op).lower(state, batch).compile(compiler_options=slim.compiler_options())

    Convolutions and products are computed by Eigen instead of YNNPACK, operations run in an order in which their
    results are used soon, and vectors have 512 bits where the processor has such. `jit` compiles with them and also
    lets layers compute as is best then, which makes training faster still; these options are for where it cannot be
    used.

    Returns:
      Those options that JAX's compiler knows, where a CPU is JAX's default platform; elsewhere {}.
    """
    if jax.default_backend() != "cpu":
        return {}
    wanted = _WANTED | (_WANTED_WITH_AVX512 if _avx512() else {})
    return {name: value for name, value in wanted.items() if _known(name, value)}


def jit(function: Callable[..., Any] | None = None, /, **arguments: Any) -> Any:
    """`jax.jit`, with what makes programs for a CPU faster and take less memory.

        step = slim.jit(train_op, donate_argnums=0)

    It is `jax.jit(function, **arguments)` with `compiler_options()`, and layers inside compute as is best with them;
    on other platforms it is `jax.jit`. Results differ from `jax.jit`'s by rounding. `learning.train`, evaluation and
    the command compile with it. All that a compiled function returns has to be computed and written: with
    `slim.jit(model.apply)`, a net of the zoo makes all of its end points, which takes 1.1 to 2 times as long as the
    logits. `slim.predictor` makes these alone.

    It is for the outermost function: JAX refuses options, with a ValueError, where what it returns is called inside of
    another `jit` or differentiated. Differentiate inside: `slim.jit(jax.grad(loss))`.

    Args:
      function: what to compile; without it, `jit` returns a decorator.
      **arguments: as `jax.jit` takes them. `compiler_options` of yours are added, and win.

    Returns:
      What `jax.jit` returns.
    """
    if function is None:
        return functools.partial(jit, **arguments)
    given = arguments.pop("compiler_options", None) or {}
    options = {**compiler_options(), **given}
    if not _tunes(options):
        return jax.jit(function, compiler_options=options, **arguments)

    @functools.wraps(function, updated=())
    def tuned(*args: Any, **kwargs: Any) -> Any:
        with choices.for_tuned_programs():
            return function(*args, **kwargs)

    tuned.__name__ = getattr(function, "__name__", type(function).__name__)  # as profiles show it
    return jax.jit(tuned, compiler_options=options, **arguments)


def jit_once(function: Callable[..., Any], /, **arguments: Any) -> Any:
    """As `jit`, for what runs once: it is compiled soon, to a program that may take twice as long."""
    wanted = _WANTED_ONCE if jax.default_backend() == "cpu" else {}
    return jit(function, compiler_options={key: to for key, to in wanted.items() if _known(key, to)}, **arguments)


def as_in_jit() -> contextlib.AbstractContextManager[None]:
    """A scope in which programs are traced as by `jit`, so that one looked into beforehand is not traced twice."""
    return choices.for_tuned_programs() if _tunes(compiler_options()) else contextlib.nullcontext()


def _tunes(options: Mapping[str, Any]) -> bool:
    return options.get(_LIBRARIES) == _WANTED[_LIBRARIES]


@functools.cache
def _avx512() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return False
    return re.search(r"^flags\s*:.*\bavx512f\b", flags, re.MULTILINE) is not None


@functools.cache
def _known(name: str, value: str) -> bool:
    try:
        jax.jit(lambda x: x, compiler_options={name: value}).lower(jax.ShapeDtypeStruct((), "float32")).compile()
    except jax.errors.JaxRuntimeError:
        return False
    return True

"""Functions that forget what they computed on the way, or keep it at half width: their gradient computes it again.

`jax.checkpoint` is that, and on a CPU it saves nothing: it parts the first computation from the second by a barrier,
which XLA takes away for a CPU before it looks for what is computed twice, finds both, and keeps the first. So on a CPU
the second computation begins with inputs that the compiler cannot know to be the same: chosen by a condition on the
gradient that comes in, which always holds. It also keeps the second from running before that gradient is there.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from jax_slim.kernels import choices
from jax_slim.kernels.narrowing import run_narrowing
from jax_slim.kernels.ordering import surely

# What is more than a pass over arrays, or makes small ones out of large ones.
_DEAR = re.compile(
    r"slim_(convolution|dense).*|conv_general_dilated|(ragged_)?dot.*|reduce(_and|_or|_sum|_prod|_max|_min)?|arg(max|min)|"
    r"cum.*|scatter.*|gather|sort|.*top_k|fft|random_.*|threefry.*|scan|while|cond|.*_call(back)?|pure_callback|"
    r"cholesky|lu|geqrf|eigh?|svd|triangular_solve"
)


def keeps_dear(primitive: Any, *_: Any, **__: Any) -> bool:
    """A policy for `jax.checkpoint`: keeps products, sums and what else is dear; elementwise passes are run again."""
    return _DEAR.fullmatch(primitive.name) is not None


def recomputed(closed: ClosedJaxpr, again: str = "all", kept_dtype: Any = None) -> Callable[..., Sequence[jax.Array]]:
    """A traced function whose gradient computes its intermediate values again, or finds them at half width.

    Args:
      closed: the function. What its trace closed over is an argument like others for the gradient; but only what
        depends on its other arguments is sure to be computed again.
      again: what is computed again: "all", "cheap": what is between products and sums, whose results are kept; or
        "nothing".
      kept_dtype: the dtype in which large arrays are kept; None: their own.

    Returns:
      (*arrays) -> list of arrays, as the function. On a CPU it has a gradient, but no derivative in forward mode; with
      `kept_dtype` nowhere.
    """
    jaxpr, policy = closed.jaxpr, keeps_dear if again == "cheap" else None
    # What the trace closed over comes as arguments: a gradient of one's own sees nothing else.
    arguments = [*jaxpr.constvars, *jaxpr.invars]
    run = jaxpr_as_fun(ClosedJaxpr(jaxpr.replace(constvars=[], invars=arguments), ()))
    on_cpu = jax.default_backend() == "cpu"
    if kept_dtype is None and (again == "nothing" or choices.plain() or not on_cpu):
        function = run if again == "nothing" else jax.checkpoint(run, policy=policy)
        return functools.partial(function, *closed.consts)

    fixed = len(jaxpr.constvars)

    def forward(*primals: Any) -> tuple[list[Any], Any]:
        arrays, wanted = [primal.value for primal in primals], [primal.perturbed for primal in primals]

        made: list[Any] = []

        def results_and_kept(*arrays: Any) -> list[Any]:
            def of_wanted(*given: Any) -> Any:
                values = iter(given)
                return run(*(next(values) if want else array for want, array in zip(wanted, arrays, strict=True)))

            forgetful = of_wanted
            if again != "nothing":
                forgetful = jax.checkpoint(of_wanted, policy=policy, prevent_cse=not on_cpu)
            results, pullback = jax.vjp(forgetful, *(a for a, want in zip(arrays, wanted, strict=True) if want))
            kept, structure = jax.tree.flatten(pullback)
            same = {id(array): index for index, array in enumerate(arrays[:fixed])}
            made[:] = structure, len(results), [same.get(id(array)) for array in kept]
            return [*results, *kept]

        if kept_dtype is None:
            found, ways = results_and_kept(*arrays), {}
            structure, count, same = made
        else:
            traced = jax.make_jaxpr(results_and_kept)(*arrays)
            structure, count, same = made
            waiting = [count + index for index, known in enumerate(same) if known is None]
            found, ways = run_narrowing(traced, arrays, waiting, kept_dtype, on_cpu)
        results, kept = found[:count], found[count:]
        narrow = [ways.get(count + index) for index in range(len(kept))]
        known = [None if index is None else arrays[index] for index in same]
        others = [array if index is None else None for array, index in zip(kept, same, strict=True)]

        def gradients(kept: list[Any], cotangents: list[Any]) -> list[Any]:
            kept = [array if how is None else how.widened(array) for array, how in zip(kept, narrow, strict=True)]
            found = iter(jax.tree.unflatten(structure, kept)(cotangents))
            return [next(found) if want else None for want in wanted]

        return results, (known, others, jax.tree_util.Partial(gradients))

    def backward(made: tuple[list[Any], list[Any], Any], cotangents: list[Any]) -> Any:
        known, others, gradients = made
        hide = _hidden if again != "nothing" and on_cpu else _as_they_are
        hidden = hide(others, cotangents)
        kept = [b if a is None else a for a, b in zip(known, hidden, strict=True)]
        found = gradients(kept, [_instantiated(c) for c in cotangents])
        # What comes before waits for the gradients of weights: else the compiler puts them off to the very end, and all
        # that they are made of lies there until then.
        return (*found[:fixed], *hide(found[fixed:], found[:fixed]))

    forgetful = jax.custom_vjp(run)
    forgetful.defvjp(forward, backward, symbolic_zeros=True)
    return functools.partial(forgetful, *closed.consts)


def _as_they_are(arrays: Sequence[Any], after: Sequence[Any]) -> list[Any]:
    del after
    return list(arrays)


def _instantiated(cotangent: Any) -> Any:
    if not isinstance(cotangent, SymbolicZero):
        return cotangent
    aval: Any = cotangent.aval
    if aval.dtype == jax.dtypes.float0:
        return np.zeros(aval.shape, jax.dtypes.float0)
    return jnp.zeros(aval.shape, aval.dtype)


def _hidden(arrays: Sequence[Any], after: Sequence[Any]) -> list[Any]:
    """The same arrays, as far as a compiler knows others, and not before those `after` are there; None for None."""
    firsts = [lax.slice(c, [0] * c.ndim, [1] * c.ndim).reshape(()) for c in after if _is_float(c)]
    if not firsts:
        return list(arrays)
    holds = surely(jnp.asarray(sum(first.astype(jnp.float32) for first in firsts)))

    def hidden(array: Any) -> Any:
        if not _is_float(array):
            return array
        return lax.select(jnp.broadcast_to(holds, array.shape), array, jnp.zeros_like(array))

    return [hidden(array) for array in arrays]


def _is_float(array: Any) -> bool:
    if array is None or isinstance(array, SymbolicZero):
        return False
    return bool(jnp.issubdtype(array.dtype, jnp.floating)) and array.size > 0

"""Functions that forget what they computed on the way: their gradient computes it again.

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
from jax import lax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from jax_slim.kernels import choices

# What is more than a pass over arrays, or makes small ones out of large ones.
_DEAR = re.compile(
    r"slim_(convolution|dense).*|conv_general_dilated|(ragged_)?dot.*|reduce(_and|_or|_sum|_prod|_max|_min)?|arg(max|min)|"
    r"cum.*|scatter.*|gather|sort|.*top_k|fft|random_.*|threefry.*|scan|while|cond|.*_call(back)?|pure_callback|"
    r"cholesky|lu|geqrf|eigh?|svd|triangular_solve"
)


def keeps_dear(primitive: Any, *_: Any, **__: Any) -> bool:
    """A policy for `jax.checkpoint`: keeps products, sums and what else is dear; elementwise passes are run again."""
    return _DEAR.fullmatch(primitive.name) is not None


def recomputed(closed: ClosedJaxpr, cheap_alone: bool = False) -> Callable[..., Sequence[jax.Array]]:
    """A traced function whose gradient computes its intermediate values again instead of keeping them.

    Args:
      closed: the function. What its trace closed over is an argument like others for the gradient.
      cheap_alone: whether to keep the results of products and sums, and compute again what is between.

    Returns:
      (*arrays) -> list of arrays, as the function. On a CPU it has a gradient, but no derivative in forward mode.
    """
    jaxpr, policy = closed.jaxpr, keeps_dear if cheap_alone else None
    # What the trace closed over comes as arguments: a gradient of one's own sees nothing else.
    arguments = [*jaxpr.constvars, *jaxpr.invars]
    run = jaxpr_as_fun(ClosedJaxpr(jaxpr.replace(constvars=[], invars=arguments), ()))
    if choices.plain() or jax.default_backend() != "cpu":
        return functools.partial(jax.checkpoint(run, policy=policy), *closed.consts)

    def forward(*arrays: Any) -> tuple[list[Any], Any]:
        return jax.vjp(jax.checkpoint(run, policy=policy, prevent_cse=False), *arrays)

    def backward(pullback: Any, cotangents: list[Any]) -> Any:
        kept, structure = jax.tree.flatten(pullback)
        return jax.tree.unflatten(structure, _hidden(kept, cotangents))(cotangents)

    forgetful = jax.custom_vjp(run)
    forgetful.defvjp(forward, backward)
    return functools.partial(forgetful, *closed.consts)


def _hidden(arrays: Sequence[Any], cotangents: Sequence[Any]) -> list[Any]:
    """The same arrays, as far as a compiler knows others, and not before these cotangents are there."""
    firsts = [lax.slice(c, [0] * c.ndim, [1] * c.ndim).reshape(()) for c in cotangents if _is_float(c)]
    if not firsts:
        return list(arrays)
    total = sum(first.astype(jnp.float32) for first in firsts)
    holds = (total <= jnp.inf) | jnp.isnan(total)  # what comes as a constant zero drops out of it
    return [
        lax.select(jnp.broadcast_to(holds, array.shape), array, jnp.zeros_like(array)) if _is_float(array) else array
        for array in arrays
    ]


def _is_float(array: Any) -> bool:
    return bool(jnp.issubdtype(array.dtype, jnp.floating)) and array.size > 0

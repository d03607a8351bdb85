"""The order in which a program for a CPU computes: told by values, since XLA takes barriers away before it decides.

What has to wait for an array is chosen by a condition on it that always holds, which the compiler cannot know.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from jax_slim.kernels import choices
from jax_slim.kernels.linear_maps import LinearMap, varying_as, varying_axes


def surely(array: jax.Array) -> jax.Array:
    """A condition that always holds, which the compiler cannot know, and not before the array of floats is there."""
    first = lax.slice(array, [0] * array.ndim, [1] * array.ndim).reshape(()).astype(jnp.float32)
    return (first <= jnp.inf) | jnp.isnan(first)


def after(array: jax.Array, other: jax.Array) -> jax.Array:
    """The first array as it is, but not before the second is there: in programs for one CPU by `compiler_options()`."""
    return _waiting(array, other) if choices.tuned() else array


def in_order(array: jax.Array, other: jax.Array) -> jax.Array:
    """As `after`, for forms of operations on a CPU."""
    if (
        choices.devices() > 1 or not array.size or not other.size
    ):  # what one device waits for, others would have to send
        return array
    return lax.select(jnp.broadcast_to(surely(other), array.shape), array, jnp.zeros_like(array))


_waiting = LinearMap(
    "slim_after",
    lambda array, other: array,
    in_order,
    {0: lambda cotangent, array, other: cotangent},
    lambda arrays, axes: (arrays[0], axes[0]),
)


def at_once(function: Callable[[jax.Array], jax.Array], array: jax.Array) -> jax.Array:
    """`function(array)`, computed as a whole, and once, as soon as a part of it is wanted: for forms on a CPU.

    A compiler that may choose computes sums that are elementwise anew wherever they are read, and the part of them that
    is: so it keeps what they are made of, until the last one reads it. It does not look into a branch.
    """
    if choices.devices() > 1 or not array.size:
        return function(array)
    like = jax.eval_shape(function, array)
    return lax.cond(surely(array), function, lambda array: varying_as(jnp.zeros(like.shape, like.dtype), array), array)


def parameters_first(inputs: jax.Array, parameters: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What a layer computes from, as it is; but the gradient of its inputs waits for that of its parameters.

    A compiler that may choose computes gradients of biases last, as nothing but the update needs them, and keeps the
    gradient of each layer's outputs until then. Products order the gradients of their weights themselves
    (`product_maps`). In programs for one CPU by `compiler_options()`; elsewhere it does nothing.
    """
    return _ordered(inputs, parameters) if choices.tuned() else (inputs, parameters)


@jax.custom_jvp
def _ordered(inputs: jax.Array, parameters: jax.Array) -> tuple[jax.Array, jax.Array]:
    return inputs, parameters


def _derivative(primals: Any, tangents: Any) -> tuple[Any, Any]:
    if any(isinstance(tangent, SymbolicZero) for tangent in tangents):
        return primals, tangents
    return primals, tuple(_of_tangents.bind(*tangents))


_ordered.defjvp(_derivative, symbolic_zeros=True)


def _jvp_of_tangents(primals: Any, tangents: Any) -> tuple[Any, Any]:
    waits = not any(isinstance(tangent, ad.Zero) for tangent in tangents)
    return _of_tangents.bind(*primals), _of_tangents.bind(*tangents) if waits else list(tangents)


def _cotangents(cotangents: Any, *tangents: Any) -> list[Any]:
    found: list[Any] = [
        cotangent if ad.is_undefined_primal(tangent) else None
        for cotangent, tangent in zip(cotangents, tangents, strict=True)
    ]
    of_inputs, of_parameters = found
    both = not any(cotangent is None or isinstance(cotangent, ad.Zero) for cotangent in (of_inputs, of_parameters))
    # Within a `shard_map` what waits must not come to differ between devices that it does not differ between.
    if both and varying_axes(of_parameters) <= varying_axes(of_inputs):
        of_inputs = after(of_inputs, of_parameters)
    return [of_inputs, of_parameters]


_of_tangents = Primitive("slim_parameters_first")
_of_tangents.multiple_results = True
_of_tangents.def_impl(lambda *arrays: list(arrays))
_of_tangents.def_abstract_eval(lambda *avals: list(avals))
ad.primitive_jvps[_of_tangents] = _jvp_of_tangents
ad.primitive_transposes[_of_tangents] = _cotangents
batching.primitive_batchers[_of_tangents] = lambda arrays, axes: (_of_tangents.bind(*arrays), list(axes))
mlir.register_lowering(_of_tangents, lambda context, *arrays: list(arrays))

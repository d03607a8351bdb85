"""Activations whose usual form costs more than the products around them."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim.kernels import choices
from jax_slim.kernels.linear_maps import LinearMap
from jax_slim.kernels.ordering import in_order

# The part of the normal distribution beyond |x| is exp(-x^2 / 2) t P(t) with t = 1 / (1 + |x| * _BEND). P is fitted for
# the smallest relative error between 0 and 14, which is 3e-8, half a step of float32; the part itself is then 1e-40.
_BEND = 0.34
_TERMS = (
    0.135620505, 0.136112198, 0.115197629, 0.115359321, -0.044718884, 0.202183396, -0.273133457, 0.139499873,
    -0.026120562,
)  # fmt: skip
_DENSITY = 1 / math.sqrt(2 * math.pi)

_Function = Callable[[jax.Array], jax.Array]


def gelu(inputs: jax.Array) -> jax.Array:
    """Multiplies each number by the part of the normal distribution that is below it: x Phi(x).

        net = slim.fully_connected(net, 1536, activation_fn=slim.gelu)      # [N, 197, 384] -> [N, 197, 1536]

    The exact function, not the one with tanh: `jax.nn.gelu(inputs, approximate=False)` up to rounding, with less to
    compute on a CPU, and nothing but `inputs` is kept for the gradient. From Hendrycks and Gimpel, "Gaussian Error
    Linear Units", 2016.

    Args:
      inputs: floats of any shape.

    Returns:
      An array like `inputs`.

    Raises:
      TypeError: `inputs` are not floats.
    """
    inputs = _floats("gelu", inputs)
    return jax.nn.gelu(inputs, approximate=False) if choices.plain() else _gelu(inputs)


def swish(inputs: jax.Array) -> jax.Array:
    """Multiplies each number by its logistic function: x / (1 + exp(-x)), `jax.nn.swish` up to rounding.

    On a CPU nothing but `inputs` is kept for the gradient: half as much. From Elfwing, Uchibe and Doya,
    "Sigmoid-Weighted Linear Units", 2017, and Ramachandran, Zoph and Le, "Searching for Activation Functions", 2017.

    Args:
      inputs: floats of any shape.

    Returns:
      An array like `inputs`.

    Raises:
      TypeError: `inputs` are not floats.
    """
    inputs = _floats("swish", inputs)
    return jax.nn.silu(inputs) if choices.plain() else _swish(inputs)


def _floats(function: str, inputs: Any) -> jax.Array:
    inputs = jnp.asarray(inputs)
    if not jnp.issubdtype(inputs.dtype, jnp.floating):
        raise TypeError(
            f"{function}: inputs must be floats, got {inputs.dtype}. inputs.astype(jnp.float32) makes them such."
        )
    return inputs


@jax.custom_jvp
def _below(exact: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The part of the normal distribution below each number; and exp(-x^2 / 2), which it is made of."""
    bell = jnp.exp(-0.5 * jnp.square(exact))
    if exact.dtype != jnp.float32:
        return 0.5 * lax.erfc(exact * -math.sqrt(0.5)), bell
    near = 1 / (1 + _BEND * jnp.abs(exact))
    polynomial = jnp.full_like(near, _TERMS[-1])
    for term in _TERMS[-2::-1]:
        polynomial = polynomial * near + term
    beyond = bell * (polynomial * near)
    return jnp.where(exact < 0, beyond, 1 - beyond), bell


@_below.defjvp
def _bell(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[Any, Any]:
    (exact,), (moved,) = primals, tangents
    below, bell = _below(exact)
    return (below, bell), (moved * bell * _DENSITY, moved * (-exact * bell))


def _fold(arrays: tuple[jax.Array, ...], axes: tuple[int | None, ...], by_slope: LinearMap) -> tuple[jax.Array, int]:
    size = next(array.shape[axis] for array, axis in zip(arrays, axes, strict=True) if axis is not None)
    mapped = [
        jnp.broadcast_to(array, (size, *array.shape)) if axis is None else jnp.moveaxis(array, axis, 0)
        for array, axis in zip(arrays, axes, strict=True)
    ]
    return by_slope(*mapped), 0


def _keeping_inputs(name: str, values: _Function, slope: _Function) -> _Function:
    """`values` of each number in float32 at least; the gradient takes `slope` of the inputs, and keeps only these."""

    def times_slope(array: jax.Array, inputs: jax.Array) -> jax.Array:
        return (array * slope(_exact(inputs))).astype(array.dtype)

    def times_slope_then(array: jax.Array, inputs: jax.Array) -> jax.Array:
        # Not before the gradient is there: the compiler would take exponentials of the way forward, and keep them.
        return times_slope(array, in_order(inputs, array))

    by_slope = LinearMap(
        name,
        times_slope,
        times_slope_then,
        {0: lambda cotangent, array, inputs: by_slope(cotangent, inputs)},
        lambda arrays, axes: _fold(arrays, axes, by_slope),
    )

    @jax.custom_jvp
    def activation(inputs: jax.Array) -> jax.Array:
        return values(_exact(inputs)).astype(inputs.dtype)

    @activation.defjvp
    def derivative(primals: tuple[jax.Array], tangents: tuple[jax.Array]) -> tuple[jax.Array, jax.Array]:
        return activation(*primals), by_slope(tangents[0], *primals)

    return activation


def _exact(inputs: jax.Array) -> jax.Array:
    return inputs.astype(jnp.promote_types(inputs.dtype, jnp.float32))


def _values_of_gelu(exact: jax.Array) -> jax.Array:
    return exact * _below(exact)[0]


def _slope_of_gelu(exact: jax.Array) -> jax.Array:
    below, bell = _below(exact)
    return below + exact * (bell * _DENSITY)


def _slope_of_swish(exact: jax.Array) -> jax.Array:
    part = lax.logistic(exact)
    return part * (1 + exact * (1 - part))


_gelu = _keeping_inputs("slim_gelu_slope", _values_of_gelu, _slope_of_gelu)
_swish = _keeping_inputs("slim_swish_slope", jax.nn.silu, _slope_of_swish)

"""Native kernels in the place of a traced program's convolutions and what follows them."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import ClosedJaxpr

from jax_slim.inference.chains import Chain, chains_of, uses_of, values_with
from jax_slim.inference.splitting import Split
from jax_slim.kernels import choices
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.native import (
    convolution_of_bfloat16,
    convolution_of_bytes,
    fused_convolution,
    has_bfloat16,
    library,
    panels,
    sum_of_pixels,
)

# XLA multiplies a row by a matrix in one thread, which for one image counts where a cache has the matrix. Larger ones
# wait for memory, whoever reads them, and to arrange them would take as much of it again.
_WEIGHTS_IN_A_CACHE = 4 << 20


def worth_fusing() -> bool:
    """Whether programs run on one CPU, for which there are native kernels."""
    if jax.default_backend() != "cpu" or jax.device_count() != 1 or choices.plain():
        return False
    return library() is not None


def in_bfloat16() -> bool:
    """Whether the user lets float32 be multiplied as bfloat16, in JAX's own way, and native kernels can."""
    chosen = jax.config.jax_default_matmul_precision  # pyright: ignore[reportAttributeAccessIssue]
    return chosen == "bfloat16" and has_bfloat16()


class FusedSplit:
    """As `Split`, with native kernels in what is left of the program: their weights are arranged by `prepare`.

    Args:
      closed: the program. Its first arguments are the variables.
      variables: their names.
      bfloat16: whether convolutions may multiply bfloat16.
    """

    derivatives = False

    def __init__(self, closed: ClosedJaxpr, variables: Sequence[str], bfloat16: bool) -> None:
        self._folded = Split(closed, variables)  # first: batch norm would stand between a convolution and its limits
        folded = self._folded.shapes
        left = jax.make_jaxpr(self._folded.run)(folded, closed.in_avals[len(variables) :])
        # A dictionary of values goes in by the order of its names.
        self._fused = Split(fused(left, len(folded), bfloat16), sorted(folded))
        self.shapes = self._fused.shapes

    @property
    def unchanged(self) -> set[str]:
        return self._fused.unchanged & self._folded.unchanged

    def prepare_changed(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        prepared = self._fused.prepare(self._folded.prepare(variables))
        return {name: array for name, array in prepared.items() if name not in self.unchanged}

    def run(self, prepared: Mapping[str, Any], inputs: Sequence[Any]) -> list[Any]:
        return self._fused.run(prepared, inputs)


def fused(closed: ClosedJaxpr, variables: int, bfloat16: bool) -> ClosedJaxpr:
    """The same program with native kernels where they are faster, and for all convolutions of bytes.

    Args:
      closed: a program without inner ones, whose first `variables` arguments are what is known.
      bfloat16: whether convolutions may multiply bfloat16.
    """
    found = chains_of(closed, variables, _bfloat16_is_faster if bfloat16 else native_is_faster, gates=True)
    halves = _taken_as_bfloat16(closed, found) if bfloat16 else frozenset()

    def computed(chain: Chain, value_of: Callable[[Any], Any]) -> jax.Array:
        operands = chain.operands(value_of)
        weights, excitation = value_of(chain.weights), chain.excitation_of(value_of)
        geometry, activation = chain.geometry.channels_last(), chain.activation
        weights = weights[None, None] if weights.ndim == 2 else weights  # a matrix is a window of one pixel
        if bfloat16:
            made = convolution_of_bfloat16(
                operands[0], weights, *operands[1:], excitation, geometry=geometry, activation=activation,
                made=jnp.bfloat16 if chain.result in halves else jnp.float32,
            )  # fmt: skip
        else:
            tile = choices.native_winograd_tile(weights.shape[2], weights.shape[3], weights.dtype, geometry)
            weights = panels(weights, tile) if geometry.groups == 1 else weights
            made = fused_convolution(
                operands[0], weights, *operands[1:], excitation, geometry=geometry, activation=activation, tile=tile
            )
        return chain.as_result(made)

    def run(*arguments: Any) -> list[Any]:
        value_of = values_with(closed, arguments, found, computed, _OTHERS)
        return [value_of(variable) for variable in closed.jaxpr.outvars]

    return jax.make_jaxpr(run)(*closed.in_avals)


def _taken_as_bfloat16(closed: ClosedJaxpr, chains: Sequence[Chain]) -> set[Any]:
    """The results of convolutions that nothing else reads but convolutions, and sums over pixels."""
    taken = Counter(variable for chain in chains for variable in (chain.inputs, chain.shortcut))
    taken.update(equation.invars[0] for equation in closed.jaxpr.eqns if _sums_pixels(equation))
    uses = uses_of(closed)
    return {chain.result for chain in chains if taken[chain.result] == uses[chain.result]}


def _sums_pixels(equation: Any) -> bool:
    array = equation.invars[0].aval if equation.invars else None
    return equation.primitive.name == "reduce_sum" and _of_pixels(array, equation.params["axes"])


def _of_pixels(array: Any, axes: Sequence[int]) -> bool:
    known = array.dtype == jnp.float32 or (array.dtype == jnp.bfloat16 and has_bfloat16())
    return array.ndim == 4 and tuple(axes) == (1, 2) and known


def _reduce_sum(array: jax.Array, *, axes: Sequence[int], **parameters: Any) -> jax.Array:
    """Sums; those over all pixels of images, as squeeze-and-excitation takes them, by a native kernel."""
    if _of_pixels(array, axes):
        return sum_of_pixels(array)
    return lax.reduce_sum_p.bind(array, axes=axes, **parameters)


_OTHERS = {"reduce_sum": _reduce_sum, "slim_quantized_convolution": convolution_of_bytes}


def native_is_faster(inputs: Sequence[int], weights: Sequence[int], geometry: Geometry) -> bool:
    """Whether the native kernel is faster than the form that XLA gets; the same for every size of a batch."""
    if 0 in (*inputs, *weights) or len(inputs) not in (2, 4):
        return False
    if len(inputs) == 2:
        return math.prod(weights) <= _WEIGHTS_IN_A_CACHE
    channels = inputs[-1]
    # Of a batch of 8, whatever the batch: what was prepared for one has to serve others.
    form_on_xla = choices.for_outputs((8, *inputs[1:]), tuple(weights), np.dtype("float32"), geometry)
    if geometry.groups == 1:
        # One window an image is a product with a large matrix, which is read once for a batch.
        return form_on_xla != choices.Form.WHOLE
    return geometry.groups == channels == weights[-1] and weights[-2] == 1


def _bfloat16_is_faster(inputs: Sequence[int], weights: Sequence[int], geometry: Geometry) -> bool:
    if geometry.groups > 1 or len(inputs) != 4:
        return native_is_faster(inputs, weights, geometry)
    return 0 not in (*inputs, *weights)

"""Convolutions of a traced program with what follows them, found as what one kernel computes.

What follows a convolution with known weights, when nothing else reads what is between: a bias, the sum with a shortcut
of the same shape, and limits such as ReLU's and ReLU6's, in this order. What comes before and is only padding with
zeros goes in as well.
"""

import dataclasses
import math
import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from jax_slim.inference.splitting import FREE, bound, scope_of
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Layout, Windows, from_last, to_last

# Whether a convolution is to be found, by the shapes of inputs and weights, and its geometry.
Wanted = Callable[[Sequence[int], Sequence[int], Geometry], bool]

_OF_A_PRODUCT = Geometry(Layout("NHWC"), (1, 1), Windows((1, 1), (1, 1), (1, 1), ((0, 0), (0, 0))), 1, None)


@dataclasses.dataclass
class Chain:
    """A convolution, or a product of rows with a matrix, and what follows it.

    Attributes:
      equations: all of them, the last one's result being the chain's.
      geometry: that of the convolution; of a product, which has one pixel an image.
      inputs, weights, bias, shortcut: the variables; there may be no bias and no shortcut. A bias has one number for
        each filter, in any shape.
      low, high: limits; None where there are none.
      padding: the equation that pads the inputs, where that is a part of the geometry.
    """

    equations: list[Any]
    geometry: Geometry
    inputs: Any
    weights: Any
    bias: Any = None
    shortcut: Any = None
    low: float | None = None
    high: float | None = None
    padding: Any = None

    @property
    def result(self) -> Any:
        """The variable that the chain computes."""
        return self.equations[-1].outvars[0]

    @property
    def limits(self) -> tuple[float, float]:
        return -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high

    def operands(self, value_of: Callable[[Any], Any]) -> tuple[jax.Array, jax.Array, jax.Array | None]:
        """What kernels take besides the weights: inputs and shortcut as images with channels last, and the bias."""
        filters = self.weights.aval.shape[-1]
        bias = jnp.zeros(filters, self.result.aval.dtype) if self.bias is None else value_of(self.bias).reshape(filters)
        shortcut = None if self.shortcut is None else self._as_images(value_of(self.shortcut))
        return self._as_images(value_of(self.inputs)), bias, shortcut

    def as_result(self, images: jax.Array) -> jax.Array:
        """What a kernel made, in the result's layout."""
        rows = len(self.result.aval.shape) == 2
        return images.reshape(-1, images.shape[-1]) if rows else from_last(images, self.geometry.layout)

    def _as_images(self, array: jax.Array) -> jax.Array:
        return array[:, None, None] if array.ndim == 2 else to_last(array, self.geometry.layout)


def chains_of(closed: ClosedJaxpr, variables: int, wanted: Wanted) -> list["Chain"]:
    """The convolutions of a program without inner ones, whose first `variables` arguments are what is known."""
    return _Search(closed, variables, wanted).chains()


def uses_of(closed: ClosedJaxpr) -> Counter[Any]:
    """How often each variable is read. A result is read twice, by others than the program's own."""
    read = [variable for equation in closed.jaxpr.eqns for variable in equation.invars]
    return Counter(v for v in [*read, *closed.jaxpr.outvars, *closed.jaxpr.outvars] if not isinstance(v, Literal))


def values_with(
    closed: ClosedJaxpr,
    arguments: Sequence[Any],
    chains: Sequence["Chain"] = (),
    computed: Callable[["Chain", Callable[[Any], Any]], jax.Array] | None = None,
    others: Mapping[str, Callable[..., jax.Array]] = types.MappingProxyType({}),
) -> Callable[[Any], Any]:
    """Runs a program in which `computed(chain, value_of)` gives the results of chains.

    Args:
      others: the name of an operation -> what computes it instead, with the same operands and parameters.

    Returns:
      What gives the value of each of the program's variables, but for those inside of chains.
    """
    last = {id(chain.equations[-1]): chain for chain in chains}
    inside = {id(equation) for chain in chains for equation in (*chain.equations, chain.padding)}
    values = dict(zip(closed.jaxpr.invars, arguments, strict=True))
    values |= zip(closed.jaxpr.constvars, closed.consts, strict=True)

    def value_of(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else values[variable]

    for equation in closed.jaxpr.eqns:
        if computed is not None and (chain := last.get(id(equation))):
            with scope_of(chain.equations[0]):
                values[chain.result] = computed(chain, value_of)
        elif other := others.get(equation.primitive.name):
            with scope_of(equation):
                values[equation.outvars[0]] = other(*map(value_of, equation.invars), **equation.params)
        elif id(equation) not in inside:
            values |= zip(equation.outvars, bound(equation, *map(value_of, equation.invars)), strict=True)
    return value_of


class _Search:
    """The chains of a program."""

    def __init__(self, closed: ClosedJaxpr, variables: int, wanted: Wanted) -> None:
        self._wanted = wanted
        self._equations = closed.jaxpr.eqns
        self._known = _known(closed, variables)
        self._makers: dict[Any, Any] = {}
        self._readers: dict[Any, list[Any]] = {}
        self._uses = uses_of(closed)
        for equation in self._equations:
            self._makers |= dict.fromkeys(equation.outvars, equation)
            for variable in equation.invars:
                if not isinstance(variable, Literal):
                    self._readers.setdefault(variable, []).append(equation)

    def chains(self) -> list[Chain]:
        taken: set[int] = set()
        found = []
        for equation in self._equations:
            chain = self._begun(equation)
            if chain is None:
                continue
            result = equation.outvars[0]
            while self._uses[result] == 1 and id(after := self._readers[result][0]) not in taken:
                if not self._continued(chain, after, result):
                    break
                chain.equations.append(after)
                taken.add(id(after))
                result = after.outvars[0]
            found.append(chain)
        return found

    def _begun(self, equation: Any) -> Chain | None:
        name = equation.primitive.name
        if name not in ("slim_convolution", "slim_dense"):
            return None
        inputs, weights = equation.invars
        if weights not in self._known or inputs in self._known or inputs.aval.dtype != jnp.float32:
            return None
        geometry = equation.params["geometry"] if name == "slim_convolution" else _OF_A_PRODUCT
        if geometry.layout.name not in ("NHWC", "NCHW") or (name == "slim_dense" and len(inputs.aval.shape) != 2):
            return None
        layout, shape = geometry.layout, inputs.aval.shape
        if len(shape) == len(layout.name):
            shape = (shape[0], *(shape[axis] for axis in layout.spatial), shape[layout.channel])
        if not self._wanted(shape, weights.aval.shape, geometry.channels_last()):
            return None
        before = self._makers.get(inputs)
        if before is not None and self._uses[inputs] == 1 and (padding := _padding(before, geometry)):
            return Chain([equation], _padded(geometry, padding), before.invars[0], weights, padding=before)
        return Chain([equation], geometry, inputs, weights)

    def _continued(self, chain: Chain, equation: Any, result: Any) -> bool:
        """Whether the chain goes on with this equation; it is then a part of it."""
        name = equation.primitive.name
        if name in ("max", "min"):
            (limit,) = [v for v in equation.invars if v is not result] or [result]
            if not isinstance(limit, Literal) or np.ndim(limit.val):
                return False
            # First from below, then from above, is what the kernel does; the other way round is the same where the
            # limits are in order.
            if name == "max" and chain.low is None and (chain.high is None or limit.val <= chain.high):
                chain.low = float(limit.val)
                return True
            if name == "min" and chain.high is None and (chain.low is None or chain.low <= limit.val):
                chain.high = float(limit.val)
                return True
            return False
        if name != "add" or chain.low is not None or chain.high is not None or chain.shortcut is not None:
            return False
        others = [v for v in equation.invars if v is not result]
        if len(others) != 1 or isinstance(others[0], Literal):
            return False
        other, shape = others[0], others[0].aval.shape
        if other in self._known:
            rank = len(result.aval.shape)
            back = rank - chain.geometry.layout.channel if rank > 2 else 1  # where the filters are, from behind
            filters = chain.weights.aval.shape[-1]
            if chain.bias is None and len(shape) >= back and shape[-back] == math.prod(shape) == filters:
                chain.bias = other
                return True
        elif shape == result.aval.shape:
            chain.shortcut = other
            return True
        return False


def _known(closed: ClosedJaxpr, variables: int) -> set[Any]:
    """What a program knows before its inputs: variables, in any shape, and whatever is made of constants."""
    constants = set(closed.jaxpr.constvars)
    known = constants.union(closed.jaxpr.invars[:variables])
    for equation in closed.jaxpr.eqns:
        operands = {variable for variable in equation.invars if not isinstance(variable, Literal)}
        if operands <= constants and not equation.effects:
            constants.update(equation.outvars)
            known.update(equation.outvars)
        elif operands <= known and equation.primitive.name in FREE:
            known.update(equation.outvars)
    return known


def _padding(equation: Any, geometry: Geometry) -> list[tuple[int, int]] | None:
    """What an operation adds around images, if all it does is to pad them with zeros."""
    if equation.primitive.name != "pad" or not isinstance(equation.invars[1], Literal) or equation.invars[1].val != 0:
        return None
    config = equation.params["padding_config"]
    if len(config) != 4 or any(low < 0 or high < 0 or inner for low, high, inner in config):
        return None
    layout = geometry.layout
    if any(any(config[axis]) for axis in range(4) if axis not in layout.spatial):
        return None
    return [config[axis][:2] for axis in layout.spatial]


def _padded(geometry: Geometry, padding: Sequence[tuple[int, int]]) -> Geometry:
    windows = geometry.windows
    both = tuple(
        (low + more_low, high + more_high)
        for (low, high), (more_low, more_high) in zip(windows.padding, padding, strict=True)
    )
    wider: Windows = dataclasses.replace(windows, padding=both)
    lengths = tuple(length - low - high for length, (low, high) in zip(geometry.lengths, padding, strict=True))
    return dataclasses.replace(geometry, lengths=lengths, windows=wider)

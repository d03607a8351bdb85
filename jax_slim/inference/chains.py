"""Convolutions of a traced program with what follows them, found as what one kernel computes.

What follows a convolution with known weights, when nothing else reads what is between: a bias, the sum with a shortcut
of the same shape, and limits such as ReLU's and ReLU6's, in this order. What comes before and is only padding with
zeros goes in as well. For kernels that can more, hard swish and hard sigmoid are found too, and what
squeeze-and-excitation multiplies pixels by.
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
from jax_slim.kernels.native import Activation

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
      shift, factor: what is added before the limits, and what the rest is multiplied by.
      gates: whether the result is multiplied by what came before shift and limits, as by hard swish.
      padding: the equation that pads the inputs, where that is a part of the geometry.
      excitation: the variable that the inputs are multiplied by, one number for each image and channel; there may be
        none.
      exciting: the equation that does so.
    """

    equations: list[Any]
    geometry: Geometry
    inputs: Any
    weights: Any
    bias: Any = None
    shortcut: Any = None
    low: float | None = None
    high: float | None = None
    shift: float = 0.0
    factor: float = 1.0
    gates: bool = False
    padding: Any = None
    excitation: Any = None
    exciting: Any = None

    @property
    def result(self) -> Any:
        """The variable that the chain computes."""
        return self.equations[-1].outvars[0]

    @property
    def limits(self) -> tuple[float, float]:
        return -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high

    @property
    def activation(self) -> Activation:
        return Activation(*self.limits, self.shift, self.factor, self.gates)

    def operands(self, value_of: Callable[[Any], Any]) -> tuple[jax.Array, jax.Array, jax.Array | None]:
        """What kernels take besides the weights: inputs and shortcut as images with channels last, and the bias."""
        filters = self.weights.aval.shape[-1]
        bias = jnp.zeros(filters, self.result.aval.dtype) if self.bias is None else value_of(self.bias).reshape(filters)
        shortcut = None if self.shortcut is None else self._as_images(value_of(self.shortcut))
        return self._as_images(value_of(self.inputs)), bias, shortcut

    def excitation_of(self, value_of: Callable[[Any], Any]) -> jax.Array | None:
        """What kernels multiply inputs by: [N, C]."""
        if self.excitation is None:
            return None
        channels = self.inputs.aval.shape[self.geometry.layout.channel]
        return value_of(self.excitation).reshape(-1, channels)

    def as_result(self, images: jax.Array) -> jax.Array:
        """What a kernel made, in the result's layout."""
        rows = len(self.result.aval.shape) == 2
        return images.reshape(-1, images.shape[-1]) if rows else from_last(images, self.geometry.layout)

    def _as_images(self, array: jax.Array) -> jax.Array:
        return array[:, None, None] if array.ndim == 2 else to_last(array, self.geometry.layout)


def chains_of(closed: ClosedJaxpr, variables: int, wanted: Wanted, gates: bool = False) -> list["Chain"]:
    """The convolutions of a program without inner ones, whose first `variables` arguments are what is known.

    Args:
      gates: whether shifts, factors, gates and excitations are wanted, too.
    """
    return _Search(closed, variables, wanted, gates).chains()


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
    inside = {id(equation) for chain in chains for equation in (*chain.equations, chain.padding, chain.exciting)}
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
                made = other(*map(value_of, equation.invars), **equation.params)
                values[equation.outvars[0]] = made.astype(equation.outvars[0].aval.dtype)
        elif id(equation) not in inside:
            values |= zip(equation.outvars, bound(equation, *map(value_of, equation.invars)), strict=True)
    return value_of


class _Search:
    """The chains of a program."""

    def __init__(self, closed: ClosedJaxpr, variables: int, wanted: Wanted, gates: bool) -> None:
        self._wanted, self._gates = wanted, gates
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
            if self._gates and (gate := self._gate(chain, result)):
                chain.equations += gate
                taken |= set(map(id, gate))
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
        if self._gates and before is not None and before.primitive.name == "mul" and self._uses[inputs] == 1:
            for images, factors in (before.invars, before.invars[::-1]) if _of_pixels(geometry) else ():
                whole = inputs.aval.shape
                if images.aval.shape == whole and (found := self._by_image(factors, whole, layout)) is not None:
                    return Chain([equation], geometry, images, weights, excitation=found, exciting=before)
        return Chain([equation], geometry, inputs, weights)

    def _by_image(self, factors: Any, shape: tuple[int, ...], layout: Layout) -> Any:
        """What images of this shape are multiplied by, before it was spread over their pixels, where it has one number
        for each of them and each channel; else None."""
        spread = tuple(1 if axis in layout.spatial else size for axis, size in enumerate(shape))
        if len(shape) != 4 or spread == shape or isinstance(factors, Literal):
            return None
        if factors.aval.shape == spread:
            return factors
        maker = self._makers.get(factors)
        if maker is None or maker.primitive.name != "broadcast_in_dim" or isinstance(maker.invars[0], Literal):
            return None
        sizes = [1] * 4
        for axis, size in zip(maker.params["broadcast_dimensions"], maker.invars[0].aval.shape, strict=True):
            sizes[axis] = size
        return maker.invars[0] if tuple(sizes) == spread else None

    def _gate(self, chain: Chain, result: Any) -> list[Any]:
        """The equations that multiply a chain's sums by clip(sums + shift, low, high) * factor, which goes into the
        chain; none where others read the sums."""
        if chain.low is not None or chain.high is not None or self._uses[result] != 2:
            return []
        readers = {equation.primitive.name: equation for equation in self._readers.get(result, ())}
        if readers.keys() != {"add", "mul"} or (shift := _number_beside(readers["add"], result)) is None:
            return []
        gate = dataclasses.replace(chain, equations=[], shift=shift)
        made = readers["add"].outvars[0]
        equations = [readers["add"]]
        while self._uses[made] == 1 and (after := self._readers[made][0]) is not readers["mul"]:
            if after.primitive.name == "add" or not self._continued(gate, after, made):
                return []
            equations.append(after)
            made = after.outvars[0]
        if self._uses[made] != 1 or (gate.low is None and gate.high is None):
            return []
        equations.append(readers["mul"])
        (product,) = readers["mul"].outvars
        if gate.factor == 1 and self._uses[product] == 1:
            after = self._readers[product][0]  # limits of the product would be none of the gate's
            if after.primitive.name in ("mul", "div") and self._continued(gate, after, product):
                equations.append(after)
        chain.low, chain.high, chain.shift, chain.factor, chain.gates = gate.low, gate.high, shift, gate.factor, True
        return equations

    def _continued(self, chain: Chain, equation: Any, result: Any) -> bool:
        """Whether the chain goes on with this equation; it is then a part of it."""
        name = equation.primitive.name
        if chain.factor != 1:
            return False
        if name in ("max", "min"):
            limit = _number_beside(equation, result)
            if limit is None:
                return False
            # First from below, then from above, is what the kernel does; the other way round is the same where the
            # limits are in order.
            if name == "max" and chain.low is None and (chain.high is None or limit <= chain.high):
                chain.low = limit
                return True
            if name == "min" and chain.high is None and (chain.low is None or chain.low <= limit):
                chain.high = limit
                return True
            return False
        if name in ("mul", "div") and self._gates and (chain.low is not None or chain.high is not None):
            factor = _number_beside(equation, result)
            if not factor or (name == "div" and equation.invars[0] is not result):
                return False
            chain.factor = factor if name == "mul" else 1 / factor
            return True
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


def _number_beside(equation: Any, variable: Any) -> float | None:
    """The number that a program has as the other operand."""
    others = [other for other in equation.invars if other is not variable]
    if len(others) != 1 or not isinstance(others[0], Literal) or np.ndim(others[0].val):
        return None
    return float(others[0].val)


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


def _of_pixels(geometry: Geometry) -> bool:
    """Whether each result is of all channels of the pixel in its place."""
    windows = geometry.windows
    unpadded = not any(map(any, windows.padding))
    return geometry.groups == 1 and {*windows.sizes, *windows.strides} == {1} and unpadded


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

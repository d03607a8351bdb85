"""Convolutions of a traced program with what follows them as one operation of the native kernels.

What follows a convolution with known weights, when nothing else reads what is between: a bias, the sum with a shortcut
of the same shape, and limits such as ReLU's and ReLU6's, in this order. What comes before and is only padding with
zeros goes in as well.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from jax_slim.inference.splitting import bound, scope_of
from jax_slim.kernels import choices
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.layouts import Windows
from jax_slim.kernels.native import fused_convolution, library, panels


def worth_fusing() -> bool:
    """Whether programs run on one CPU, for which there are native kernels."""
    if jax.default_backend() != "cpu" or jax.device_count() != 1 or choices.plain():
        return False
    return library() is not None


def fused(closed: ClosedJaxpr, variables: int) -> ClosedJaxpr:
    """The same program with native kernels where they are faster.

    Args:
      closed: a program without inner ones, whose first `variables` arguments are what is known.
    """
    found = _Search(closed, variables).chains()
    absorbed = {id(equation) for chain in found.values() for equation in chain.equations}

    def run(*arguments: Any) -> list[Any]:
        values = dict(zip(closed.jaxpr.invars, arguments, strict=True))
        values |= zip(closed.jaxpr.constvars, closed.consts, strict=True)

        def value_of(variable: Any) -> Any:
            return variable.val if isinstance(variable, Literal) else values[variable]

        for equation in closed.jaxpr.eqns:
            if chain := found.get(id(equation)):
                values[equation.outvars[0]] = chain.run(value_of)
            elif id(equation) not in absorbed:
                values |= zip(equation.outvars, bound(equation, *map(value_of, equation.invars)), strict=True)
        return [value_of(variable) for variable in closed.jaxpr.outvars]

    return jax.make_jaxpr(run)(*closed.in_avals)


@dataclasses.dataclass
class _Chain:
    """A convolution and what follows it.

    Attributes:
      equations: all of them, the last one's result being the chain's.
      inputs, weights, bias, shortcut: the variables; there may be no bias and no shortcut.
    """

    equations: list[Any]
    geometry: Geometry
    inputs: Any
    weights: Any
    bias: Any = None
    shortcut: Any = None
    low: float | None = None
    high: float | None = None

    def run(self, value_of: Any) -> jax.Array:
        inputs, weights = value_of(self.inputs), value_of(self.weights)
        filters = weights.shape[-1]
        arranged = panels(weights) if self.geometry.groups == 1 else weights
        bias = jnp.zeros(filters, weights.dtype) if self.bias is None else value_of(self.bias)
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        with scope_of(self.equations[0]):
            return fused_convolution(
                inputs, arranged, bias.reshape(filters), None if self.shortcut is None else value_of(self.shortcut),
                geometry=self.geometry, low=low, high=high,
            )  # fmt: skip


class _Search:
    """The chains of a program."""

    def __init__(self, closed: ClosedJaxpr, variables: int) -> None:
        self._equations = closed.jaxpr.eqns
        self._known = set(closed.jaxpr.invars[:variables])
        self._makers: dict[Any, Any] = {}
        self._readers: dict[Any, list[Any]] = {}
        self._uses: Counter[Any] = Counter(v for v in closed.jaxpr.outvars if not isinstance(v, Literal))
        self._uses.update(self._uses)  # a result is read by others than the program's own
        for equation in self._equations:
            self._makers |= dict.fromkeys(equation.outvars, equation)
            for variable in equation.invars:
                if not isinstance(variable, Literal):
                    self._uses[variable] += 1
                    self._readers.setdefault(variable, []).append(equation)

    def chains(self) -> dict[int, _Chain]:
        """Chains by the identity of their last equations."""
        taken: set[int] = set()
        found = {}
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
            found[id(chain.equations[-1])] = chain
        return found

    def _begun(self, equation: Any) -> _Chain | None:
        if equation.primitive.name != "slim_convolution":
            return None
        inputs, weights = equation.invars
        geometry: Geometry = equation.params["geometry"]
        if weights not in self._known or inputs in self._known or inputs.aval.dtype != jnp.float32:
            return None
        if geometry.layout.name != "NHWC" or not native_is_faster(inputs.aval.shape, weights.aval.shape, geometry):
            return None
        before = self._makers.get(inputs)
        if before is not None and self._uses[inputs] == 1 and (padding := _padding(before)):
            # The padding's own equation is left where it is: what nothing reads is not computed.
            return _Chain([equation], _padded(geometry, padding), before.invars[0], weights)
        return _Chain([equation], geometry, inputs, weights)

    def _continued(self, chain: _Chain, equation: Any, result: Any) -> bool:
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
        bias = self._bias(others[0], result.aval.shape[-1])
        if bias is not None and chain.bias is None:
            chain.bias = bias
            return True
        if bias is None and others[0].aval.shape == result.aval.shape and others[0] not in self._known:
            chain.shortcut = others[0]
            return True
        return False

    def _bias(self, variable: Any, filters: int) -> Any:
        """What is known and is one number for each filter, if that is what this is made of."""
        shape = variable.aval.shape
        if math.prod(shape) != filters or shape[-1] != filters:
            return None
        while variable not in self._known:
            maker = self._makers.get(variable)
            if maker is None or maker.primitive.name not in ("reshape", "broadcast_in_dim", "squeeze"):
                return None
            variable = maker.invars[0]
            if isinstance(variable, Literal) or math.prod(variable.aval.shape) != filters:
                return None
        return variable


def native_is_faster(inputs: Sequence[int], weights: Sequence[int], geometry: Geometry) -> bool:
    """Whether the native kernel is faster than the form that XLA gets; the same for every size of a batch."""
    if 0 in (*inputs, *weights):
        return False
    channels = inputs[-1]
    # Of a batch of 8, whatever the batch: what was prepared for one has to serve others.
    form_on_xla = choices.for_outputs((8, *inputs[1:]), tuple(weights), np.dtype("float32"), geometry)
    if geometry.groups == 1:
        # One window an image is a product with a large matrix, which is read once for a batch.
        return form_on_xla not in (choices.Form.WINOGRAD, choices.Form.WHOLE)
    return geometry.groups == channels == weights[-1] and weights[-2] == 1


def _padding(equation: Any) -> list[tuple[int, int]] | None:
    """What an operation adds around images, if all it does is to pad them with zeros."""
    if equation.primitive.name != "pad" or not isinstance(equation.invars[1], Literal) or equation.invars[1].val != 0:
        return None
    config = equation.params["padding_config"]
    if len(config) != 4 or any(low < 0 or high < 0 or inner for low, high, inner in config):
        return None
    images, *space, channels = config
    if any(images) or any(channels):
        return None
    return [(low, high) for low, high, _ in space]


def _padded(geometry: Geometry, padding: Sequence[tuple[int, int]]) -> Geometry:
    windows = geometry.windows
    both = tuple(
        (low + more_low, high + more_high)
        for (low, high), (more_low, more_high) in zip(windows.padding, padding, strict=True)
    )
    wider: Windows = dataclasses.replace(windows, padding=both)
    lengths = tuple(length - low - high for length, (low, high) in zip(geometry.lengths, padding, strict=True))
    return dataclasses.replace(geometry, lengths=lengths, windows=wider)

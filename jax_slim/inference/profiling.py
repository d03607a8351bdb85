"""`Profile`: the time of each layer of a prepared program."""

import dataclasses
import math
import re
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Literal

from jax_slim.inference.grouping import products_of
from jax_slim.inference.splitting import bound
from jax_slim.kernels import jit

# What JAX writes around the names of scopes.
_NO_SCOPE = re.compile(r"^(jit|jvp|transpose|vmap|checkpoint)\(|^(while|body|cond|closed_call)$")


@dataclasses.dataclass(frozen=True)
class LayerTime:
    """What a layer takes for a batch.

    Attributes:
      name: its scope, 'MobilenetV1/Conv2d_0'; '' in a program without scopes.
      kernels: the operations that multiply, by their names in JAX; those that begin with 'slim_fused' and
        'slim_convolution_of' are native kernels.
      seconds: its time.
      share: of the sum of all layers' times, 0 to 1.
      flops: two for each product of convolutions and of products with matrices; other operations count nothing.
    """

    name: str
    kernels: tuple[str, ...]
    seconds: float
    share: float
    flops: float

    @property
    def gflops_per_second(self) -> float:
        """10^9 floating point operations a second; of bytes, as many operations."""
        return self.flops / self.seconds / 1e9 if self.seconds else 0.0


@dataclasses.dataclass(frozen=True)
class Profile:
    """The times of a predictor's layers for a batch; its text is a table of them.

    Attributes:
      layers: in the order in which they first run.
      seconds: the sum of their times.
      whole: seconds that the predictor takes for the same batch, compiled as one program.
    """

    layers: tuple[LayerTime, ...]
    seconds: float
    whole: float

    def __str__(self) -> str:
        width = max([len("layer"), *(len(layer.name) for layer in self.layers)])
        lines = [f"{'layer':{width}}       ms      %  GFLOP/s  kernels"]
        lines += [
            f"{layer.name:{width}} {1e3 * layer.seconds:8.3f} {100 * layer.share:6.1f} {layer.gflops_per_second:8.1f}  "
            f"{', '.join(layer.kernels)}".rstrip()
            for layer in self.layers
        ]
        lines.append(f"{'sum':{width}} {1e3 * self.seconds:8.3f}  100.0")
        lines.append(f"{'as one program':{width}} {1e3 * self.whole:8.3f}")
        return "\n".join(lines)


def profiled(closed: ClosedJaxpr, arguments: Sequence[Any], whole: Callable[[], Any], rounds: int) -> Profile:
    """Runs a program layer by layer, `rounds` times and once before to compile.

    Args:
      closed: the program.
      arguments: its arrays.
      whole: runs it as one.
    """
    parts = _parts(closed)
    results = {variable for variable in closed.jaxpr.outvars if not isinstance(variable, Literal)}
    wanted: set[Any] = set(results)
    for part in reversed(parts):
        part.close(wanted)
    times: list[list[float]] = [[] for _ in parts]
    of_whole = []
    for turn in range(rounds + 1):
        values = dict(zip(closed.jaxpr.invars, arguments, strict=True))
        values |= zip(closed.jaxpr.constvars, closed.consts, strict=True)
        for part, seconds in zip(parts, times, strict=True):
            inputs = [values[variable] for variable in part.inputs]
            spent, made = _timed(lambda part=part, inputs=inputs: part.run(inputs))
            values |= zip(part.outputs, made, strict=True)
            for variable in part.last_read:
                del values[variable]
            if turn:
                seconds.append(spent)
        spent, _ = _timed(whole)
        if turn:
            of_whole.append(spent)
    by_name: dict[str, tuple[dict[str, None], float, float]] = {}
    for part, seconds in zip(parts, times, strict=True):
        kernels, total, flops = by_name.get(part.name, ({}, 0.0, 0.0))
        by_name[part.name] = (
            kernels | dict.fromkeys(part.kernels), total + statistics.median(seconds), flops + part.flops,
        )  # fmt: skip
    total = sum(seconds for _, seconds, _ in by_name.values())
    layers = tuple(
        LayerTime(name, tuple(kernels), seconds, seconds / total, flops)
        for name, (kernels, seconds, flops) in by_name.items()
    )
    return Profile(layers, total, statistics.median(of_whole))


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = jax.block_until_ready(run())
    return time.perf_counter() - start, made


class _Part:
    """Some neighbouring equations of one layer.

    Attributes:
      name: the layer's.
      equations: those of them that are needed.
      inputs, outputs: the variables that they read from others, and that others read.
      last_read: those that no later part reads.
      kernels, flops: as `LayerTime` has them.
      run: computes the outputs.
    """

    def __init__(self, name: str) -> None:
        self.name, self.equations = name, list[Any]()
        self.inputs, self.outputs, self.last_read = list[Any](), list[Any](), list[Any]()
        self.kernels, self.flops = list[str](), 0.0
        self.run: Callable[[list[Any]], list[Any]]

    def close(self, wanted: set[Any]) -> None:
        """Ends the part; `wanted` is what is read after it, and then what is read from here on."""
        made = {variable for equation in self.equations for variable in equation.outvars}
        read = dict.fromkeys(
            variable for equation in self.equations for variable in equation.invars if not isinstance(variable, Literal)
        )
        self.outputs = [variable for variable in made if variable in wanted]
        self.inputs = [variable for variable in read if variable not in made]
        self.last_read = [variable for variable in self.inputs if variable not in wanted]
        wanted.difference_update(made)
        wanted.update(self.inputs)
        for equation in self.equations:
            if products := products_of(equation):
                self.kernels.append(equation.primitive.name)
                self.flops += 2 * products * math.prod(equation.outvars[0].aval.shape)
        self.run = jit(self._computed)

    def _computed(self, inputs: list[Any]) -> list[Any]:
        values = dict(zip(self.inputs, inputs, strict=True))
        for equation in self.equations:
            operands = [v.val if isinstance(v, Literal) else values[v] for v in equation.invars]
            values |= zip(equation.outvars, bound(equation, *operands), strict=True)
        return [values[variable] for variable in self.outputs]


def _parts(closed: ClosedJaxpr) -> list[_Part]:
    parts: list[_Part] = []
    for equation in closed.jaxpr.eqns:
        scopes = str(equation.source_info.name_stack).split("/")
        name = "/".join(scope for scope in scopes if scope and not _NO_SCOPE.match(scope))
        if not parts or (name and name != parts[-1].name):
            if parts and not parts[-1].name:  # what came without a scope before the first layer is a part of it
                parts[-1].name = name
            else:
                parts.append(_Part(name))
        parts[-1].equations.append(equation)
    return parts

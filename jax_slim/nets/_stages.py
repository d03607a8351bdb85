"""Nets as lists of named stages, each the one before it continued: how the Inception nets are written down.

    stages = [
        conv("Conv2d_1a_3x3", 32, stride=2, padding="VALID"),
        max_pool("MaxPool_3a_3x3", stride=2, padding="VALID"),
        mixed("Mixed_5b",
              [conv("Conv2d_0a_1x1", 64)],
              [conv("Conv2d_0a_1x1", 48), conv("Conv2d_0b_5x5", 64)],
              [avg_pool("AvgPool_0a_3x3"), conv("Conv2d_0b_1x1", 32)]),
    ]
    net, end_points = run("inception_v3_base", inputs, stages, final_endpoint)

Nothing is made before `run`. The kernel is what the name says, `kernel_size` where a name misleads.
"""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.scopes import variable_scope
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.pooling import avg_pool2d, max_pool2d

_KERNEL = re.compile(r"_(\d+)x(\d+)$")


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of a net: its scope, and what it does to the activations."""

    name: str
    call: Callable[[jax.Array], jax.Array]

    def __call__(self, net: jax.Array) -> jax.Array:
        return self.call(net)


def conv(name: str, depth: int, kernel_size: Sequence[int] | None = None, **arguments: Any) -> Stage:
    """A convolution to `depth` channels."""
    kernel = kernel_size or _kernel(name)
    return Stage(name, lambda net: conv2d(net, depth, kernel, scope=name, **arguments))


def padded_conv(name: str, depth: int, **arguments: Any) -> Stage:
    """A convolution that pads as much on either side, whatever the size and the stride."""
    arguments["padding"] = "VALID"
    return Stage(name, lambda net: conv2d(_around(net, _kernel(name)), depth, _kernel(name), scope=name, **arguments))


def max_pool(name: str, **arguments: Any) -> Stage:
    """A maximum over windows."""
    return Stage(name, lambda net: max_pool2d(net, _kernel(name), scope=name, **arguments))


def max_pool_from_the_first(name: str, stride: int) -> Stage:
    """A maximum over windows of which the first begins at the first pixel; the last may reach beyond the last one.

    PyTorch's `ceil_mode` without padding. With padding "SAME", maps of an odd length begin before the first pixel.
    """

    def call(net: jax.Array) -> jax.Array:
        beyond = [
            max(0, -(-(length - window) // stride) * stride + window - length)
            for length, window in zip(net.shape[1:3], _kernel(name), strict=True)
        ]
        padded = jnp.pad(net, [(0, 0), *((0, more) for more in beyond), (0, 0)], constant_values=-jnp.inf)
        return max_pool2d(padded, _kernel(name), stride=stride, padding="VALID", scope=name)

    return Stage(name, call)


def avg_pool(name: str, count_padding: bool = False, **arguments: Any) -> Stage:
    """A mean over windows; with `count_padding` over the zeros beyond the border as well, as many on either side."""
    if not count_padding:
        return Stage(name, lambda net: avg_pool2d(net, _kernel(name), scope=name, **arguments))
    arguments["padding"] = "VALID"
    return Stage(name, lambda net: avg_pool2d(_around(net, _kernel(name)), _kernel(name), scope=name, **arguments))


def fork(*stages: Stage, axis: int = -1) -> Stage:
    """Stages side by side on the same activations, their channels joined."""
    return Stage("", lambda net: jnp.concatenate([stage(net) for stage in stages], axis))


def branches(*parts: Sequence[Stage], axis: int = -1) -> Callable[[jax.Array], jax.Array]:
    """Branches side by side in the scopes 'Branch_0', 'Branch_1', ..., their channels joined."""

    def call(net: jax.Array) -> jax.Array:
        outputs = []
        for index, part in enumerate(parts):
            with variable_scope(f"Branch_{index}"):
                outputs.append(_chain(net, part))
        return jnp.concatenate(outputs, axis)

    return call


def mixed(name: str, *parts: Sequence[Stage], axis: int = -1) -> Stage:
    """An Inception module: `branches` in a scope of its own."""
    side_by_side = branches(*parts, axis=axis)

    def call(net: jax.Array) -> jax.Array:
        with variable_scope(name):
            return side_by_side(net)

    return Stage(name, call)


def run(
    function: str, inputs: jax.Array, stages: Sequence[Stage], final_endpoint: str
) -> tuple[jax.Array, dict[str, Any]]:
    """The activations after the stage `final_endpoint`, and after each one until then by its name.

    Raises:
      ValueError: no stage is called `final_endpoint`; known before anything is made.
    """
    known = [stage.name for stage in stages]
    if final_endpoint not in known:
        raise ValueError(f"{function}: final_endpoint must be one of {', '.join(known)}, got {final_endpoint!r}.")
    net, end_points = inputs, {}
    for stage in stages[: known.index(final_endpoint) + 1]:
        try:
            net = end_points[stage.name] = stage(net)
        except ValueError as error:
            error.add_note(f"This was at {stage.name!r} of {function}, for inputs of shape {jnp.shape(inputs)}.")
            raise
    return net, end_points


def depths(function: str, depth_multiplier: float, min_depth: int) -> Callable[[int], int]:
    """Channels in the full net -> channels in the thinner one.

    Raises:
      ValueError: `depth_multiplier` is not above 0.
    """
    if not depth_multiplier > 0:
        raise ValueError(f"{function}: depth_multiplier must be above 0, got {depth_multiplier}.")
    return lambda depth: max(int(depth * depth_multiplier), min_depth)


def _chain(net: jax.Array, stages: Sequence[Stage]) -> jax.Array:
    for stage in stages:
        net = stage(net)
    return net


def _around(net: jax.Array, kernel: tuple[int, int]) -> jax.Array:
    """Zeros around the maps, as many as reach the middle of a window."""
    pads = [(size // 2, size // 2) for size in kernel]
    return jnp.pad(net, ((0, 0), *pads, (0, 0)))


def _kernel(name: str) -> tuple[int, int]:
    """'Conv2d_0b_1x7' -> (1, 7)."""
    found = _KERNEL.search(name)
    assert found, name
    return int(found[1]), int(found[2])

"""Convolutions within the body of a scan, on CPU: the same, with a gradient that XLA compiles well there.

Measured with jax 0.10 on two AVX2 cores, 3 x 3 x 32 x 32 on [4, 16, 16, 32]: inside a loop's body, XLA's own gradients
of a convolution run 28 times slower than outside of it (9.5 ms instead of 0.34 ms a layer). Written as plain
convolutions of transposed arrays they run as fast as outside. A derivative of its own has no forward mode: hence only
where it pays.
"""

import contextlib
import contextvars
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax
from jax import lax

from jax_slim.kernels.precision import precision_for_products

_inside: contextvars.ContextVar[bool] = contextvars.ContextVar("jax_slim_in_scan", default=False)


@contextlib.contextmanager
def body_of_scan() -> Iterator[None]:
    """Says that what is traced inside becomes the body of a scan."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def pays(strides: Sequence[int], groups: int) -> bool:
    """Whether `convolution_in_scan` is to be used: in a scan on CPU, for what it can do."""
    return _inside.get() and jax.default_backend() == "cpu" and groups == 1 and max(strides) == 1


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def convolution_in_scan(
    inputs: jax.Array, weights: jax.Array, padding: tuple[tuple[int, int], ...], rates: tuple[int, ...]
) -> jax.Array:
    """Convolves [N, ..., C] with [..., C, out], at stride 1.

    Args:
      inputs: channels last.
      weights: TF's layout.
      padding: (before, after) for each spatial axis.
      rates: distance between the taps, for each spatial axis.
    """
    return _plain(inputs, weights, (1,) * len(rates), padding, rates)


def _plain(
    inputs: jax.Array, weights: jax.Array, strides: Sequence[int], padding: Any, rates: Sequence[int]
) -> jax.Array:
    space = "DHW"[-len(rates) :]
    return lax.conv_general_dilated(
        inputs,
        weights,
        tuple(strides),
        padding,
        rhs_dilation=tuple(rates),
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        precision=precision_for_products(),
    )


def _forward(inputs: jax.Array, weights: jax.Array, padding: Any, rates: Any) -> Any:
    return convolution_in_scan(inputs, weights, padding, rates), (inputs, weights)


def _backward(padding: Any, rates: Any, kept: Any, cotangent: jax.Array) -> Any:
    inputs, weights = kept
    space = tuple(range(weights.ndim - 2))
    # Back to the inputs: every output spreads through the kernel, which is the kernel turned around.
    extents = [(size - 1) * rate for size, rate in zip(weights.shape, rates, strict=False)]
    around = [(extent - before, extent - after) for extent, (before, after) in zip(extents, padding, strict=True)]
    turned = lax.rev(weights, space).swapaxes(-1, -2)
    of_inputs = _plain(cotangent, turned, (1,) * len(rates), around, rates)
    # To the weights: inputs and cotangents are compared at each tap's distance, examples taking the part of channels.
    images = inputs.swapaxes(0, -1)
    kernels = cotangent.transpose(*(axis + 1 for axis in space), 0, cotangent.ndim - 1)
    compared = _plain(images, kernels, rates, padding, (1,) * len(rates))
    return of_inputs, compared.transpose(*(axis + 1 for axis in space), 0, compared.ndim - 1)


convolution_in_scan.defvjp(_forward, _backward)

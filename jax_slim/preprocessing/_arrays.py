"""What image functions check about their arguments, and whether they compute with NumPy or with jax.numpy."""

import operator
import sys
from typing import Any

import numpy as np

_NAMES = {3: "3 [H, W, C]", 4: "4 [N, H, W, C]"}


def is_jax(value: Any) -> bool:
    """Whether `value` is a JAX array or a tracer. A process that never loaded jax has none, and need not load it."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(value, jax.Array)


def namespace(value: Any) -> Any:
    """jax.numpy for JAX arrays and tracers, numpy for everything else."""
    if is_jax(value):
        import jax.numpy as jnp

        return jnp
    return np


def is_floating(dtype: np.dtype) -> bool:
    """Whether `dtype` is of floats; bfloat16 is, although NumPy does not know it."""
    return np.issubdtype(dtype, np.floating) or dtype.name == "bfloat16"


def image(
    function: str,
    value: Any,
    ranks: tuple[int, ...] = (3, 4),
    channels: int | None = None,
    argument: str = "image",
) -> Any:
    """`value` as an array of numbers of one of `ranks`, with no empty axis, and with that many channels if they count.

    Raises:
      TypeError: it is no array of integers or floats.
      ValueError: another rank, an axis of size 0, or another number of channels.
    """
    array = value
    if not is_jax(value):
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise TypeError(
                f"{function}: {argument} must be an array of numbers, got {type(value).__name__}."
            ) from error
    dtype = np.dtype(array.dtype)
    if not (np.issubdtype(dtype, np.integer) or is_floating(dtype)):
        raise TypeError(f"{function}: {argument} must be an array of integers or floats, got {dtype}.")
    if array.ndim not in ranks:
        wanted = "3 or more [..., H, W, C]" if len(ranks) > 2 else " or ".join(_NAMES[rank] for rank in ranks)
        raise ValueError(f"{function}: {argument} must have rank {wanted}, got shape {array.shape}.")
    # The batch may be empty, or of a size that only an exported program's caller knows.
    if any(size == 0 for size in array.shape[-3:]):
        raise ValueError(f"{function}: {argument} must have no axis of size 0, got shape {array.shape}.")
    if channels is not None and array.shape[-1] != channels:
        hint = " Use grayscale_to_rgb." if (channels, array.shape[-1]) == (3, 1) else ""
        raise ValueError(f"{function}: {argument} must have {channels} channels, got shape {array.shape}.{hint}")
    return array


def on_host(
    function: str,
    value: Any,
    ranks: tuple[int, ...] = (3, 4),
    channels: int | None = None,
    argument: str = "image",
    instead: str = "",
) -> np.ndarray:
    """`value` as a NumPy array, checked as by `image`: for functions that draw at random."""
    return image(function, concrete(function, value, argument, instead), ranks, channels, argument)


def concrete(function: str, value: Any, argument: str = "image", instead: str = "") -> Any:
    """`value`, out of JAX's hands; refuses what JAX is tracing, for which there is `instead`."""
    if not is_jax(value):
        return value
    try:
        return np.asarray(value)
    except Exception as error:
        raise TypeError(
            f"{function}: {argument} must be an array with known values, got a value that JAX is tracing. "
            f"What is drawn while tracing would be the same at every call: preprocess before jax.jit{instead}."
        ) from error


def generator(function: str, rng: Any, when: str = "") -> np.random.Generator:
    """`rng`, which must be a `numpy.random.Generator`."""
    if isinstance(rng, np.random.Generator):
        return rng
    message = (
        f"{function}: rng must be a numpy.random.Generator{when}, got {rng!r}. Pass rng=np.random.default_rng(seed)."
    )
    raise ValueError(message) if rng is None else TypeError(message)


def integer(function: str, argument: str, value: Any, least: int) -> int:
    """`value` as an int of at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{function}: {argument} must be an integer, got {value!r}.") from None
    if number < least:
        raise ValueError(f"{function}: {argument} must be at least {least}, got {number}.")
    return number


def size(function: str, value: Any, argument: str = "size") -> tuple[int, int]:
    """`value` as (height, width) in pixels, both positive."""
    try:
        height, width = value
    except (TypeError, ValueError):
        raise ValueError(f"{function}: {argument} must be two integers (height, width), got {value!r}.") from None
    return integer(function, f"{argument}[0]", height, 1), integer(function, f"{argument}[1]", width, 1)


def span(function: str, lower: Any, upper: Any) -> tuple[float, float]:
    """The ends of the range that a factor is drawn from."""
    if not 0 <= lower < upper:
        raise ValueError(f"{function}: lower and upper must be 0 <= lower < upper, got {lower!r} and {upper!r}.")
    return float(lower), float(upper)

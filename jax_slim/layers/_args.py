"""What layers check about their arguments, before they make any variable."""

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.class_ids import at_least_32_bits


def floats(function: str, inputs: Any, argument: str = "inputs") -> jax.Array:
    """`inputs` as an array of floats: integers have no gradient, and variables take their dtype from the inputs."""
    array = jnp.asarray(inputs)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(
            f"{function}: {argument} must be floats, got {array.dtype}. Cast them: {argument}.astype(jnp.float32)."
        )
    return array


def integers(function: str, inputs: Any, argument: str) -> jax.Array:
    """`inputs` as an array of integers of at least 32 bits: classes, ids."""
    array = jnp.asarray(inputs)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise TypeError(f"{function}: {argument} must be integers, got {array.dtype}.")
    return at_least_32_bits(array)


def rank(function: str, inputs: jax.Array, axes: str, argument: str = "inputs") -> None:
    """Refuses `inputs` unless they have one axis for each letter of `axes`, such as "NHWC"."""
    if inputs.ndim != len(axes):
        raise ValueError(
            f"{function}: {argument} must have rank {len(axes)} [{', '.join(axes)}], got shape {inputs.shape}."
        )


def least_rank(function: str, inputs: jax.Array, least: int, argument: str = "inputs") -> None:
    """Refuses `inputs` of a rank below `least`."""
    if inputs.ndim < least:
        raise ValueError(f"{function}: {argument} must have rank {least} or more, got shape {inputs.shape}.")


def choice(function: str, argument: str, value: Any, choices: Sequence[Any]) -> Any:
    """`value`, which must be one of `choices`."""
    if not any(value is allowed or value == allowed for allowed in choices):
        raise ValueError(f"{function}: {argument} must be one of {', '.join(map(repr, choices))}, got {value!r}.")
    return value


def keys(function: str, argument: str, given: Mapping[str, Any] | None, known: Sequence[str]) -> Mapping[str, Any]:
    """`given`, or {} for None; ValueError for a key that is not one of `known`."""
    strays = sorted(set(given or ()) - set(known))
    if strays:
        raise ValueError(f"{function}: {argument} must have keys among {', '.join(known)}, got {', '.join(strays)}.")
    return given or {}


def axis(function: str, argument: str, value: Any, rank: int) -> int:
    """`value` as the number of an axis, 0 for the first; -1 stands for the last."""
    number = _integer(value)
    if number is None or not -rank <= number < rank:
        raise ValueError(
            f"{function}: {argument} must be an axis of the inputs, from {-rank} to {rank - 1}, got {value!r}."
        )
    return number % rank


def count(function: str, argument: str, value: Any) -> int:
    """`value` as an int of 1 or more."""
    number = _integer(value)
    if number is None or number < 1:
        raise ValueError(f"{function}: {argument} must be an integer of 1 or more, got {value!r}.")
    return number


def sizes(function: str, argument: str, value: Any, axes: int) -> tuple[int, ...]:
    """`value` as one int of 1 or more for each of `axes` spatial axes; a single number stands for all."""
    one = _integer(value)
    if one is not None:
        numbers = [one] * axes
    else:
        is_sequence = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)
        numbers = [_integer(v) for v in value] if is_sequence else []
    if len(numbers) != axes or any(number is None or number < 1 for number in numbers):
        several = f" or {axes} of them" if axes > 1 else ""
        raise ValueError(f"{function}: {argument} must be an integer of 1 or more{several}, got {value!r}.")
    return tuple(number for number in numbers if number is not None)


def same_or_valid(function: str, padding: Any) -> str:
    """`padding` as "SAME" or "VALID", whatever its case."""
    upper = padding.upper() if isinstance(padding, str) else padding
    if upper not in ("SAME", "VALID"):
        raise ValueError(f"{function}: padding must be 'SAME' or 'VALID', got {padding!r}.")
    return upper


def _integer(value: Any) -> int | None:
    """`value` as an int, or None where it is none."""
    try:
        return operator.index(value)
    except TypeError:
        return None

"""Examples put together to a batch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jax_slim.data.features import SparseTensorValue


def stacked(examples: Sequence[tuple[Any, Mapping[str, Any]]]) -> dict[str, np.ndarray]:
    """Stacks examples to arrays [number of them, ...] by name.

    Args:
      examples: (what to call it in messages, {name: array}) for each.

    Raises:
      ValueError: the examples differ in names, shapes or dtypes.
      TypeError: a value is no array of numbers.
    """
    label, first = examples[0]
    batch = {}
    for name, value in first.items():
        array = _array(name, label, value)
        batch[name] = np.empty((len(examples), *array.shape), array.dtype)
    for number, (label, example) in enumerate(examples):
        if example.keys() != batch.keys():
            raise ValueError(
                f"pipeline: all examples must have the same names, got {sorted(batch)} in example {examples[0][0]} and "
                f"{sorted(example)} in example {label}."
            )
        for name, whole in batch.items():
            array = _array(name, label, example[name])
            if array.shape != whole.shape[1:] or array.dtype != whole.dtype:
                raise ValueError(
                    f"pipeline: {name!r} must have the same shape and dtype in all examples, got "
                    f"{whole.dtype}{list(whole.shape[1:])} in example {examples[0][0]} and {array.dtype}"
                    f"{list(array.shape)} in example {label}. Resize, crop or cast in transform."
                )
            whole[number] = array
    return batch


def _array(name: str, label: Any, value: Any) -> np.ndarray:
    if isinstance(value, SparseTensorValue):
        raise TypeError(
            f"pipeline: {name!r} must be a dense array, got a SparseTensorValue in example {label}. Make it dense, or "
            "leave it out, in transform."
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biufcV":
        kind = "text or bytes" if array.dtype.kind in "SU" or isinstance(value, bytes | str) else str(array.dtype)
        raise TypeError(
            f"pipeline: {name!r} must hold numbers, which is all that devices take, got {kind} in example {label}. "
            "Leave it out in transform, or turn it into numbers."
        )
    return array

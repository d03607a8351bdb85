"""Arguments that have an old and a new name, and numbers that stand for a list."""

from collections.abc import Sized
from typing import Any


def either(new_name: str, new: Any, old_name: str, old: Any) -> Any:
    """The value given under one of two names.

    Raises:
      ValueError: both are given.
    """
    if old is None:
        return new
    if new is not None:
        raise ValueError(f"Cannot specify both '{old_name}' and '{new_name}'")
    return old


def sequence(value: Any, n: int, channel_index: int, name: str) -> list[Any]:
    """One number, n or n + 2 of them as a value for each axis of images: batch and channels have 1.

    Raises:
      ValueError: another number of values.
    """
    if value is None:
        value = [1]
    elif not isinstance(value, Sized):
        value = [value]
    if len(value) == n + 2:
        return value  # type: ignore[return-value]
    if len(value) == 1:
        value = [value[0]] * n  # type: ignore[index]
    elif len(value) != n:
        raise ValueError(f"{name} should be of length 1, {n} or {n + 2} but was {len(value)}")
    return [1, 1, *value] if channel_index == 1 else [1, *value, 1]  # type: ignore[misc]

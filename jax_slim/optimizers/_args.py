"""Checks of arguments that the optimizers and schedules share."""

import numbers
from typing import Any

import numpy as np


def rate(function: str, value: Any, argument: str = "learning_rate") -> None:
    """Raises TypeError unless `value` is a number, a scalar array or a function step -> rate."""
    if callable(value) or (isinstance(value, numbers.Real) and not isinstance(value, bool)):
        return
    if not hasattr(value, "dtype"):
        raise TypeError(
            f"{function}: {argument} must be a number, a scalar array or a schedule (step -> number), got {value!r}."
        )
    if np.shape(value) != ():
        raise ValueError(f"{function}: {argument} must be a scalar, got shape {np.shape(value)}.")


def above(function: str, argument: str, value: Any, low: float = 0.0) -> None:
    """Raises ValueError unless `value` > `low`. A traced value is not looked at."""
    if _known(value) and not value > low:
        raise ValueError(f"{function}: {argument} must be greater than {low:g}, got {value}.")


def at_least(function: str, argument: str, value: Any, low: float = 0.0) -> None:
    """Raises ValueError unless `value` >= `low`. A traced value is not looked at."""
    if _known(value) and not value >= low:
        raise ValueError(f"{function}: {argument} must be at least {low:g}, got {value}.")


def at_most(function: str, argument: str, value: Any, high: float = 0.0) -> None:
    """Raises ValueError unless `value` <= `high`. A traced value is not looked at."""
    if _known(value) and not value <= high:
        raise ValueError(f"{function}: {argument} must be at most {high:g}, got {value}.")


def given(function: str, **arguments: Any) -> None:
    """Raises TypeError for an argument that is None: one without a default that follows one with a default."""
    for argument, value in arguments.items():
        if value is None:
            raise TypeError(f"{function}: {argument} must be given, got None.")


def _known(value: Any) -> bool:
    return isinstance(value, numbers.Real | np.ndarray)

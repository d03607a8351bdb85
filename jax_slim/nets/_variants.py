"""Nets that are other nets with other defaults."""

import functools
from collections.abc import Callable
from typing import Any


def variant(function: Callable[..., Any], name: str, summary: str, **defaults: Any) -> Any:
    """`function` with other defaults, under its own name; calls may still give these arguments."""
    made = functools.partial(function, **defaults)
    functools.update_wrapper(made, function)
    made.__name__ = made.__qualname__ = name  # pyright: ignore[reportAttributeAccessIssue]
    made.__doc__ = f"{summary} Arguments and results as `{function.__name__}`."
    return made

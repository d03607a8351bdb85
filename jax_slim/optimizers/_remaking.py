"""Optimizers and schedules that can be pickled: as the calls that made them, as functions within functions cannot."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import optax

P = ParamSpec("P")
T = TypeVar("T")


def remade(function: Callable[P, T]) -> Callable[P, T]:
    """Decorates what makes an optimizer or a schedule: what it returns is pickled, and copied, as this call of it."""

    @functools.wraps(function)
    def make(*args: P.args, **kwargs: P.kwargs) -> Any:
        made: Any = function(*args, **kwargs)
        call = (make, args, kwargs)
        if isinstance(made, optax.GradientTransformation | optax.GradientTransformationExtraArgs):
            remembered = _Optimizer(*made)
            remembered.call = call
            return remembered
        return _Schedule(made, call) if callable(made) else made

    return make


class _Optimizer(optax.GradientTransformationExtraArgs):
    """A transformation that knows which call made it."""

    call: tuple[Any, ...]

    def __reduce__(self) -> Any:
        return _again, self.call


class _Schedule:
    """A function step -> number that knows which call made it."""

    def __init__(self, function: Callable[[Any], Any], call: tuple[Any, ...]) -> None:
        self._function, self._call = function, call

    def __call__(self, step: Any) -> Any:
        return self._function(step)

    def __reduce__(self) -> Any:
        return _again, self._call


def _again(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return function(*args, **kwargs)

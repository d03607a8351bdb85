"""`repeat` and `stack`: one layer several times, with numbered scopes."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope


@operation
def repeat(
    inputs: Any, repetitions: int, layer: Callable[..., Any], *args: Any, scope: str | None = None, **kwargs: Any
) -> Any:
    """Applies one layer several times, each on the result of the one before.

        net = slim.repeat(net, 3, slim.conv2d, 256, [3, 3], scope="conv3")

    is, with variables 'conv3/conv3_1/weights', 'conv3/conv3_2/weights', ...:

        with slim.variable_scope("conv3"):
            net = slim.conv2d(net, 256, [3, 3], scope="conv3_1")
            net = slim.conv2d(net, 256, [3, 3], scope="conv3_2")
            net = slim.conv2d(net, 256, [3, 3], scope="conv3_3")

    Args:
      inputs: what the first call gets.
      repetitions: how many times; 0 returns `inputs`.
      layer: called as `layer(net, *args, **kwargs, scope=...)`.
      *args, **kwargs: the other arguments of every call.
      scope: the outer scope and the beginning of the inner ones; by default "Repeat", and the layer's own name inside
        ("Repeat/fully_connected_1").

    Returns:
      What the last call returned.

    Raises:
      TypeError: `repetitions` is not an integer, or `scope` is no name.
      ValueError: `repetitions` is negative.
    """
    count = _count(repetitions)
    inner = _inner_scope("repeat", scope, layer)
    with variable_scope(scope, "Repeat", [inputs]):
        outputs = inputs
        for index in range(count):
            outputs = layer(outputs, *args, **kwargs, scope=f"{inner}_{index + 1}")
        return outputs


@operation
def stack(
    inputs: Any, layer: Callable[..., Any], stack_args: Sequence[Any], scope: str | None = None, **kwargs: Any
) -> Any:
    """Applies one layer several times with different arguments, each on the result of the one before.

        net = slim.stack(net, slim.fully_connected, [32, 64, 128], scope="fc")           # fc/fc_1, fc/fc_2, fc/fc_3
        net = slim.stack(net, slim.conv2d, [(64, [3, 3]), (128, [3, 3], 2)], scope="core")

    Args:
      inputs: what the first call gets.
      layer: called as `layer(net, *arguments, **kwargs, scope=...)`.
      stack_args: a list or tuple with one entry a call: its positional arguments after the first, as a list or tuple,
        or its only one.
      scope: the outer scope and the beginning of the inner ones; by default "Stack", and the layer's own name inside
        ("Stack/fully_connected_1").
      **kwargs: the arguments that every call gets.

    Returns:
      What the last call returned; `inputs` when `stack_args` is empty.

    Raises:
      ValueError: `stack_args` is neither list nor tuple.
      TypeError: `scope` is no name.
    """
    if not isinstance(stack_args, list | tuple):
        raise ValueError(
            f"stack: stack_args must be a list or tuple with one entry a layer, got {stack_args!r}. "
            f"For a single layer write [{stack_args!r}]."
        )
    inner = _inner_scope("stack", scope, layer)
    with variable_scope(scope, "Stack", [inputs]):
        outputs = inputs
        for index, arguments in enumerate(stack_args):
            arguments = arguments if isinstance(arguments, list | tuple) else [arguments]
            outputs = layer(outputs, *arguments, **kwargs, scope=f"{inner}_{index + 1}")
        return outputs


def _inner_scope(function: str, scope: Any, layer: Any) -> str:
    """What the scopes of the calls begin with: the outer scope's name, or the layer's."""
    if scope is None:
        layer = getattr(layer, "func", layer)  # a functools.partial has no name of its own
        return getattr(layer, "__name__", function)
    if not isinstance(scope, str):
        raise TypeError(f"{function}: scope must be a name, which the calls number, got {scope!r}.")
    return scope


def _count(repetitions: Any) -> int:
    try:
        count = operator.index(repetitions)
    except TypeError:
        raise TypeError(f"repeat: repetitions must be an integer, got {repetitions!r}.") from None
    if count < 0:
        raise ValueError(f"repeat: repetitions must be 0 or more, got {count}.")
    return count

"""`repeat` and `stack`: one layer several times, with numbered scopes."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.inner import Addition, Body, Clearing, Needs, Rehearsal, Update
from jax_slim.core.names import Renamed, join
from jax_slim.core.program import operation, require
from jax_slim.core.sameness import difference
from jax_slim.core.scopes import get_name_scope, get_variable_scope, variable_scope


@operation
def repeat(
    inputs: Any,
    repetitions: int,
    layer: Callable[..., Any],
    *args: Any,
    scope: str | None = None,
    scan: bool = False,
    **kwargs: Any,
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
      scan: runs the calls as one `lax.scan`, which is compiled once however many there are. Names, variables, updates,
        losses, end points and random masks are those of the calls one by one, numbers too, up to rounding. The calls
        must return what they take, in shape and dtype; the first may differ, and is then run by itself. (On CPU,
        convolutions then have no forward-mode derivative.)

    Returns:
      What the last call returned.

    Raises:
      TypeError: `repetitions` is not an integer, or `scope` is no name.
      ValueError: `repetitions` is negative; with `scan`, the calls change the shape every time, or update a variable
        that they share.
    """
    count = _count(repetitions)
    inner = _inner_scope("repeat", scope, layer)
    with variable_scope(scope, "Repeat", [inputs]):
        scopes = [f"{inner}_{index + 1}" for index in range(count)]
        if scan and count > 1:
            return _scanned(inputs, scopes, lambda net, scope: layer(net, *args, **kwargs, scope=scope))
        outputs = inputs
        for inner_scope in scopes:
            outputs = layer(outputs, *args, **kwargs, scope=inner_scope)
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


def _scanned(inputs: Any, scopes: list[str], call: Callable[[Any, str], Any]) -> Any:
    """Calls one after the other, in scopes of their own, as one `lax.scan` over what differs: variables and keys."""
    require("repeat")
    inputs = jax.tree.map(jnp.asarray, inputs)
    body = Body("repeat", lambda net: call(net, scopes[0]))
    first = body.rehearse(inputs)
    if not _alike(first.outputs, inputs):
        outputs = call(inputs, scopes[0])
        scopes = scopes[1:]
        if len(scopes) < 2:
            return call(outputs, scopes[0]) if scopes else outputs
        inputs = outputs
        body = Body("repeat", lambda net: call(net, scopes[0]))
        first = body.rehearse(inputs)
        if not _alike(first.outputs, inputs):
            raise ValueError(
                f"repeat: with scan=True every call must return what it takes, but the second takes {_shapes(inputs)} "
                f"and returns {_shapes(first.outputs)}. Leave out scan=True."
            )
    variables, operations = get_variable_scope().name, get_name_scope()
    renames = [
        Renamed(*((join(outer, scopes[0]), join(outer, scope)) for outer in dict.fromkeys((variables, operations))))
        for scope in scopes
    ]
    _check_independent(first, renames[-1])
    last = Body("repeat", lambda net: call(net, scopes[-1]), after=first).rehearse(inputs)
    if otherwise := difference(first, last, renames[-1]):
        raise ValueError(
            f"repeat: with scan=True every call must do the same in a scope of its own, but the last {otherwise}. Let "
            "the layer open variable_scope(scope) and not depend on the number in it, or leave out scan=True."
        )
    needs = [body.fetch(first, rename) for rename in renames]
    stacked = jax.tree.map(lambda *each: jnp.stack(each), *needs)

    def step(net: Any, needed: Needs) -> Any:
        return body.run(net, needs=needed)

    outputs, made = jax.lax.scan(step, inputs, stacked, length=len(scopes))
    for index, rename in enumerate(renames):
        body.hand_over(
            jax.tree.map(lambda arrays, index=index: jax.lax.index_in_dim(arrays, index, keepdims=False), made), rename
        )
    return outputs


def _check_independent(first: Rehearsal, rename: Renamed) -> None:
    """Refuses calls that need to know what the ones before have left in the program."""
    changed = {made.fact.collection for made in first.made if isinstance(made.fact, Addition | Clearing)}
    if changed & first.looked:
        raise ValueError(
            "repeat: with scan=True the calls cannot read a collection that they change, here "
            f"{min(changed & first.looked)!r}. Read it after the repeat, or leave out scan=True."
        )
    for name in (made.fact.variable for made in first.made if isinstance(made.fact, Update)):
        if rename(name) == name:
            raise ValueError(
                f"repeat: with scan=True the calls cannot update a variable that they share, here {name!r}: each needs "
                "the value that the one before leaves. Leave out scan=True."
            )


def _alike(one: Any, other: Any) -> bool:
    """Whether two trees of arrays, or of their shapes, have the same structure, shapes and dtypes."""
    return jax.tree.structure(one) == jax.tree.structure(other) and all(
        (a.shape, a.dtype) == (b.shape, b.dtype)
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    )


def _shapes(tree: Any) -> str:
    return ", ".join(f"{leaf.dtype}{list(leaf.shape)}" for leaf in jax.tree.leaves(tree))


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

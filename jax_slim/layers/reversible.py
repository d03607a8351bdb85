"""Reversible residual blocks: gradients with the memory of one layer, however many there are.

Gomez, Ren, Urtasun and Grosse, "The Reversible Residual Network: Backpropagation Without Storing Activations", 2017.
"""

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.inner import Body, Inner, Needs
from jax_slim.core.program import Program, current, operation, require
from jax_slim.core.scopes import VariableScope, variable_scope

Function = Callable[..., jax.Array]
Pair = tuple[jax.Array, jax.Array]


@operation
def rev_block(
    x1: jax.Array,
    x2: jax.Array,
    f: Function | Sequence[Function],
    g: Function | Sequence[Function],
    num_layers: int = 1,
    f_side_input: Any = None,
    g_side_input: Any = None,
    is_training: bool = True,
) -> Pair:
    """Runs pairs of arrays through reversible layers: y1 = x1 + f(x2), y2 = x2 + g(y1), again and again.

    The gradient keeps the last pair only: going back, each layer's inputs are computed from its outputs.

        y1, y2 = slim.rev_block(x1, x2, f, g, num_layers=8)          # variables revblock/revlayer_0/f/..., .../g/...

    Args:
      x1, x2: arrays of one shape, that f and g keep.
      f, g: functions array -> array that may call layers; a list has one for each layer. They must compute the same
        when they are called again, which layers do.
      num_layers: how many layers.
      f_side_input, g_side_input: a list of arrays that every f (g) gets as its second argument, and that gradients
        are taken with respect to; None: they have one argument.
      is_training: False computes the same without the gradient of its own (which JAX can then take in any mode).

    Returns:
      (y1, y2) of the last layer.

    Raises:
      ValueError: x1 and x2, or what f or g returns, differ in shape; a list has another length than `num_layers`.
    """
    block = RevBlock(f, g, num_layers, f_side_input, g_side_input, use_efficient_backprop=is_training)
    return block.forward(x1, x2)


class RevBlock:
    """`rev_block` as an object: `forward`, and its inverse `backward` with the same variables.

    Args:
      f, g, num_layers, f_side_input, g_side_input: as for `rev_block`.
      use_efficient_backprop: whether the gradient recomputes the layers' inputs.
      name: the variable scope, made unique.
      **kwargs: accepted, without meaning here.
    """

    def __init__(
        self,
        f: Function | Sequence[Function],
        g: Function | Sequence[Function],
        num_layers: int = 1,
        f_side_input: Any = None,
        g_side_input: Any = None,
        use_efficient_backprop: bool = True,
        name: str = "revblock",
        **kwargs: Any,
    ) -> None:
        del kwargs
        if num_layers < 1:
            raise ValueError(f"rev_block: num_layers must be 1 or more, got {num_layers}.")
        self._f, self._g = _each("f", f, num_layers), _each("g", g, num_layers)
        self._f_side, self._g_side = f_side_input, g_side_input
        self._efficient = use_efficient_backprop
        self._name = name
        # Each run of a program makes its variables anew.
        self._scopes: weakref.WeakKeyDictionary[Program, VariableScope] = weakref.WeakKeyDictionary()

    def __call__(self, inputs: Pair, forward: bool = True) -> Pair:
        """`forward(*inputs)`, or `backward(*inputs)`."""
        return self.forward(*inputs) if forward else self.backward(*inputs)

    def forward(self, x1: jax.Array, x2: jax.Array) -> Pair:
        """The outputs of the last layer."""
        x1, x2 = jnp.asarray(x1), jnp.asarray(x2)
        if x1.shape != x2.shape:
            raise ValueError(f"rev_block: x1 and x2 must have one shape, got {x1.shape} and {x2.shape}.")
        program, before = require("rev_block"), self._scope_before()
        # A second call shares the variables of the first.
        with variable_scope(None, self._name) if before is None else variable_scope(before, reuse=True) as scope:
            self._scopes.setdefault(program, scope)
            if self._efficient:
                return self._forward_efficiently(x1, x2)
            for index in range(len(self._f)):
                x1 = x1 + self._call("f", index, x2, self._f_side)
                x2 = x2 + self._call("g", index, x1, self._g_side)
        return x1, x2

    def backward(self, y1: jax.Array, y2: jax.Array) -> Pair:
        """The inputs that `forward`, called before, makes these outputs of."""
        before = self._scope_before()
        if before is None:
            raise ValueError("RevBlock.backward: call forward first: it makes the variables.")
        with variable_scope(before, reuse=True):
            for index in reversed(range(len(self._f))):
                y2 = y2 - self._call("g", index, y1, self._g_side)
                y1 = y1 - self._call("f", index, y2, self._f_side)
        return y1, y2

    def _scope_before(self) -> VariableScope | None:
        """The scope that an earlier call opened in this run of the program, or in one around it."""
        program = current()
        while program is not None and program not in self._scopes:
            program = program.around if isinstance(program, Inner) else None
        return None if program is None else self._scopes[program]

    def _call(self, kind: str, index: int, x: jax.Array, side: Any) -> jax.Array:
        """f or g of one layer, in its scope."""
        function = (self._f if kind == "f" else self._g)[index]
        with variable_scope(f"revlayer_{index}"), variable_scope(kind):
            y = function(x) if side is None else function(x, side)
        if y.shape != x.shape:
            raise ValueError(f"rev_block: {kind} must keep the shape {x.shape} of its input, got {y.shape}.")
        # In a `precision` the layers of f return a lower one; the pair keeps its own, which inverting it needs.
        return y.astype(x.dtype)

    def _forward_efficiently(self, x1: jax.Array, x2: jax.Array) -> Pair:
        bodies, needs, before = [], [], None
        for index in range(len(self._f)):
            for kind, side in (("f", self._f_side), ("g", self._g_side)):
                body = Body("rev_block", lambda x, side, k=kind, i=index: self._call(k, i, x, side), before)
                before = body.rehearse(x1, side)
                needs.append(body.fetch(before))
                bodies.append(body)
        sides = (self._f_side, self._g_side)
        layers, closed_over = [], []
        for number, (body, needed) in enumerate(zip(bodies, needs, strict=True)):
            # Traced here, once, for both directions: the gradient is taken when the program and its scopes are long
            # over. Arrays that f or g close over become arguments.
            layer = functools.partial(_run, body)
            layer, over = jax.closure_convert(layer, (x2, x1)[number % 2], needed, sides[number % 2])
            layers.append(layer)
            closed_over.append(over)
        (y1, y2), made = _chain(layers)(x1, x2, needs, sides, closed_over)
        for body, arrays in zip(bodies, made, strict=True):
            body.hand_over(arrays)
        return y1, y2


def _run(body: Body, x: jax.Array, needs: Needs, side: Any) -> Any:
    return body.run(x, side, needs=needs)


def _chain(layers: list[Callable[..., Any]]) -> Callable[..., Any]:
    """All layers as one function of arrays, with a derivative of its own.

    Args:
      layers: f, g, f, g, ...: (input, needs, side input, *closed over) -> (change, what else was made).

    Returns:
      (x1, x2, needs, sides, closed over) -> ((y1, y2), what else each layer made).
    """

    def forward(x1: jax.Array, x2: jax.Array, needs: list[Needs], sides: Any, closed_over: Any) -> Any:
        made = []
        for number, layer in enumerate(layers):
            change, arrays = layer(x2, needs[number], sides[number % 2], *closed_over[number])
            made.append(arrays)
            # f changes the first by the second, g the second by the first.
            x1, x2 = x2, x1 + change
        return (x1, x2), made

    def keep(x1: jax.Array, x2: jax.Array, *others: Any) -> Any:
        outputs = forward(x1, x2, *others)
        return outputs, (outputs[0], *others)

    def back(kept: Any, cotangents: Any) -> Any:
        (x1, x2), needs, sides, closed_over = kept
        (d1, d2), made = cotangents
        of_needs: list[Any] = [None] * len(layers)
        of_closed_over: list[Any] = [None] * len(layers)
        of_sides: list[Any] = [_zeros(sides[0]), _zeros(sides[1])]
        for number in reversed(range(len(layers))):
            # Before this step the pair was (x2 - change, x1), where the change was made of x1.
            given = (x1, needs[number], sides[number % 2], *closed_over[number])
            (change, _), pull = jax.vjp(layers[number], *given)
            through, of_needs[number], of_side, *of_closed_over[number] = pull((d2, made[number]))
            of_sides[number % 2] = jax.tree.map(_add, of_sides[number % 2], of_side)
            x1, x2 = x2 - change, x1
            d1, d2 = d2, d1 + through
        return d1, d2, of_needs, tuple(of_sides), of_closed_over

    run = jax.custom_vjp(forward)
    run.defvjp(keep, back)
    return run


def _each(name: str, functions: Any, num_layers: int) -> list[Function]:
    several: list[Any] = [functions] * num_layers if callable(functions) else list(functions)
    if len(several) != num_layers:
        raise ValueError(
            f"rev_block: {name} must be one function or a list of num_layers={num_layers}, got {len(several)}."
        )
    return several


def _zeros(tree: Any) -> Any:
    """Cotangents of zero: of what is not a float there is none."""
    return jax.tree.map(
        lambda x: (
            jnp.zeros_like(x)
            if jnp.issubdtype(jnp.result_type(x), jnp.inexact)
            else np.zeros(jnp.shape(x), jax.dtypes.float0)
        ),
        tree,
    )


def _add(one: Any, other: Any) -> Any:
    return one if one.dtype == jax.dtypes.float0 else one + other

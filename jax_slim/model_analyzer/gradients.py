"""`kept_for_gradient`: the arrays that training keeps from the forward pass, layer by layer: why a net does not fit."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core.collections import GraphKeys
from jax_slim.core.model import Model, arrays_apart
from jax_slim.model_analyzer.calls import Watch
from jax_slim.model_analyzer.tables import scaled

_VIEWS = ("reshape", "squeeze", "copy", "copy_p", "stop_gradient")
_TRANSFORMED = re.compile(r"\w+\(|\)")  # 'jvp(net/block1)' is 'net/block1' here
_OUTSIDE = "(outside of layers)"


class KeptRow(NamedTuple):
    """What is kept of one layer.

    Attributes:
      name: its scope: 'resnet_v1_50/conv1'; of what no layer makes the scope around it, or '(outside of layers)'.
      layer: which function it is: 'conv2d'; '' for what no layer makes.
      arrays: dtype and shape of each array: 'float32[8,112,112,64]'.
      bytes: of them together.
    """

    name: str
    layer: str
    arrays: tuple[str, ...]
    bytes: int


class KeptTable:
    """What the forward pass keeps for the gradient: print it, or use its rows.

    Attributes:
      rows: one for each layer of which something is kept, in the order in which they are called.
      variable_bytes: of all variables, which are there anyhow. So are their gradients and an optimizer's slots, each as
        large as the trained ones.
      input_bytes: of the program's arguments that the gradient needs, which are not in the rows either.
    """

    def __init__(self, rows: tuple[KeptRow, ...], variable_bytes: int, input_bytes: int) -> None:
        self.rows, self.variable_bytes, self.input_bytes = rows, variable_bytes, input_bytes

    @property
    def bytes(self) -> int:
        """Of all rows together."""
        return sum(row.bytes for row in self.rows)

    def largest(self, count: int = 10) -> tuple[KeptRow, ...]:
        """The rows with most bytes, the largest first."""
        return tuple(sorted(self.rows, key=lambda row: -row.bytes)[:count])

    def as_dict(self) -> dict[str, Any]:
        """All of it as lists, dicts, strings and numbers, for JSON."""
        rows = [row._asdict() | {"arrays": list(row.arrays)} for row in self.rows]
        others = {"variable_bytes": self.variable_bytes, "input_bytes": self.input_bytes}
        return {"rows": rows, "bytes": self.bytes} | others

    def __str__(self) -> str:
        lines = [("scope", "layer", "kept", "")]
        lines += [(row.name, row.layer, scaled(row.bytes, "B"), ", ".join(row.arrays)) for row in self.rows]
        lines += [("together", "", scaled(self.bytes, "B"), "")]
        lines += [("variables", "", scaled(self.variable_bytes, "B"), "")]
        lines += [("inputs", "", scaled(self.input_bytes, "B"), "")]
        first, second, third = (max(len(line[column]) for line in lines) for column in range(3))
        return "\n".join(f"{a:{first}}  {b:{second}}  {c:>{third}}  {d}".rstrip() for a, b, c, d in lines)

    def __repr__(self) -> str:
        return f"<KeptTable: {scaled(self.bytes, 'B')} of {len(self.rows)} layers>"


def kept_for_gradient(model: Model | Callable[..., Any], *args: Any, **kwargs: Any) -> KeptTable:
    """Lists what a program's forward pass keeps for the gradient of its trainable variables. Computes nothing.

        table = slim.model_analyzer.kept_for_gradient(model, images, is_training=True)
        print(table)

    It is what JAX hands from the forward pass to the gradient, each array once. The compiler may keep less: it computes
    again what is cheap, such as the mask of an activation, out of another array that is kept. Beside it there are
    always variables, gradients, the optimizer's slots, and what the layer at work needs for itself.

    Args:
      model: a `slim.Model`, or the function of one. The gradient is that of its result and its losses; of a pair with
        a dict, such as a net's logits and end points, of the first.
      *args, **kwargs: as for the program; arrays may be `jax.ShapeDtypeStruct`s. Nets want is_training=True.

    Returns:
      The table. What `recompute_grad` and `create_model(..., recompute=)` compute again is not in it.
    """
    model = model if isinstance(model, Model) else Model(model)
    specs = model.specs(*args, **kwargs)
    values = {name: jax.ShapeDtypeStruct(spec.shape, spec.dtype) for name, spec in specs.items()}
    trained = [name for name, spec in specs.items() if spec.trainable and jnp.issubdtype(spec.dtype, jnp.floating)]
    arrays, rebuild = arrays_apart((args, kwargs))
    runs: list[Watch] = []

    def kept(values: dict[str, Any], arrays: list[Any]) -> list[Any]:
        args, kwargs = rebuild(arrays)

        def forward(changed: dict[str, Any]) -> list[Any]:
            run = _WithValues({**values, **changed})
            runs.append(run)
            result = model.run(run, *args, **kwargs)
            if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping):
                result = result[0]
            losses = [item.value for item in run.collection(GraphKeys.LOSSES)]
            return [leaf for leaf in jax.tree.leaves((result, losses)) if jnp.issubdtype(leaf.dtype, jnp.floating)]

        return jax.tree.leaves(jax.vjp(forward, {name: values[name] for name in trained})[1])

    jaxpr = jax.make_jaxpr(kept)(values, arrays).jaxpr
    return _table(runs[0], jaxpr, len(values))


class _WithValues(Watch):
    """A watch over a run on given values."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__()
        self._values = values

    def read_variable(self, name: str) -> jax.Array:
        return self._give(name, self._values[name])


def _table(watch: Watch, jaxpr: Any, variables: int) -> KeptTable:
    # In the order of the layers; what none makes goes by its scope, and comes last.
    kept: dict[Any, tuple[str, str, list[Any]]] = {id(call): (call.name, call.function, []) for call in watch.calls}
    inputs = {id(variable) for variable in jaxpr.invars[variables:]}
    input_bytes = 0
    for variable, equation in _kept(jaxpr):
        if equation is None:
            input_bytes += _bytes(variable.aval) if id(variable) in inputs else 0
            continue
        scopes = str(equation.source_info.name_stack)
        call, scope = watch.call_of(scopes), _TRANSFORMED.sub("", scopes) or _OUTSIDE
        kept.setdefault(scope if call is None else id(call), (scope, "", []))[2].append(variable.aval)
    rows = tuple(
        KeptRow(name, layer, tuple(map(_described, avals)), sum(map(_bytes, avals)))
        for name, layer, avals in kept.values()
        if avals
    )
    return KeptTable(rows, sum(_bytes(variable.aval) for variable in jaxpr.invars[:variables]), input_bytes)


def _kept(jaxpr: Any) -> Iterator[tuple[Any, Any]]:
    """The results of a program that depend on its arguments, each once; with the equation that makes it, or None."""
    makers, varying = {}, {id(variable) for variable in jaxpr.invars}
    for equation in jaxpr.eqns:
        makers |= dict.fromkeys(map(id, equation.outvars), equation)
        if any(id(variable) in varying for variable in equation.invars):
            varying.update(map(id, equation.outvars))
    seen: set[int] = set()
    for variable in jaxpr.outvars:
        while id(variable) in makers and makers[id(variable)].primitive.name in _VIEWS:
            variable = makers[id(variable)].invars[0]
        if id(variable) in varying and id(variable) not in seen:
            seen.add(id(variable))
            yield variable, makers.get(id(variable))


def _described(aval: Any) -> str:
    return f"{aval.dtype}{list(aval.shape)}".replace(" ", "")


def _bytes(aval: Any) -> int:
    return math.prod(aval.shape) * getattr(aval.dtype, "itemsize", 0)

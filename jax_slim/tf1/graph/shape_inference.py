"""Static shapes of new operations: by the row's rule, by evaluating what is known, or by probing what it computes."""

from typing import Any

import jax
import numpy as np

from jax_slim.tf1.graph import known_values, rows, shapes

# Two sizes in place of each that is not known: what differs in the results is not known either. Large enough for
# windows to fit, and prime, so that nothing divides by chance.
_PROBES = (1009, 1013)
_kept: dict[Any, Any] = {}


def infer(op: Any) -> None:
    """Sets the shapes of an operation's outputs.

    Raises:
      ValueError: the inputs' shapes do not fit.
    """
    row = rows.find(op.type)
    if row is None:
        return
    if row.shape is not None:
        _set(op, row.shape(op))
    elif not row.on_host(op) and not row.context:
        _set(op, _probe(op, row))


def _set(op: Any, found: Any) -> None:
    if found is None:
        return
    if isinstance(found, shapes.TensorShape) or (len(op.outputs) == 1 and not _is_list_of_shapes(found)):
        found = [found]
    for tensor, shape in zip(op.outputs, found, strict=True):
        if shape is not None:
            tensor.set_shape(shape)


def _is_list_of_shapes(found: Any) -> bool:
    return isinstance(found, list) and all(f is None or isinstance(f, shapes.TensorShape | tuple | list) for f in found)


def _probe(op: Any, row: rows.Row) -> Any:
    names, wanted = rows.input_names(op), rows.static_names(op)
    static: list[Any] = []
    for tensor, name in zip(op._inputs, names, strict=True):
        value = known_values.constant_value(tensor) if name in wanted else None
        if name in wanted and value is None:
            return [shapes.unknown_shape() for _ in op.outputs]
        static.append(value)
        if value is None and (tensor.shape.sizes is None or tensor.dtype.base_dtype.as_numpy_dtype is np.object_):
            return [shapes.unknown_shape() for _ in op.outputs]
    attributes = tuple((n, _hashable(op.attrs.get(n))) for n in row.wanted)
    key = (op.type, attributes, tuple((t.shape.sizes, t.dtype.base_dtype.name) if v is None else ("value", v.tobytes(), v.shape, str(v.dtype))
                                      for t, v in zip(op._inputs, static, strict=True)))  # fmt: skip
    if key not in _kept:
        _kept[key] = _probed(op, row, static)
    return [shapes.TensorShape(s) for s in _kept[key]]


def _hashable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_hashable(v) for v in value)
    return value.tobytes() if isinstance(value, np.ndarray) else value


def _probed(op: Any, row: rows.Row, static: list[Any]) -> list[Any]:
    unknown = any(v is None and None in t.shape.sizes for t, v in zip(op._inputs, static, strict=True))
    results = []
    for size in _PROBES if unknown else _PROBES[:1]:
        arguments = [
            v
            if v is not None
            else jax.ShapeDtypeStruct(
                tuple(size if d is None else d for d in t.shape.sizes), t.dtype.base_dtype.as_numpy_dtype
            )
            for t, v in zip(op._inputs, static, strict=True)
        ]
        try:
            results.append(shapes_of_call(op, row, arguments))
        except Exception as error:
            if unknown:
                return [None for _ in op.outputs]
            raise ValueError(
                f"{error} for '{op.name}' (op: '{op.type}') with input shapes: {', '.join(str(t.shape) for t in op._inputs)}."
            ) from error
    first = results[0]
    if len(results) == 1:
        return first
    return [
        None if len(a) != len(b) else tuple(x if x == y else None for x, y in zip(a, b, strict=True))
        for a, b in zip(first, results[1], strict=True)
    ]


def shapes_of_call(op: Any, row: rows.Row, arguments: list[Any]) -> list[tuple[int, ...]]:
    """The shapes that a row's outputs have for inputs given as arrays or `jax.ShapeDtypeStruct`."""
    varying = [i for i, a in enumerate(arguments) if isinstance(a, jax.ShapeDtypeStruct)]

    def call(*traced: Any) -> Any:
        whole = list(arguments)
        for place, value in zip(varying, traced, strict=True):
            whole[place] = value
        return [np.asarray(r) if isinstance(r, np.generic | int | float) else r for r in row.call(op, whole)]

    with jax.enable_x64(True):
        found = jax.eval_shape(call, *(arguments[i] for i in varying))
    return [tuple(f.shape) for f in found]


def like_input(place: int = 0) -> Any:
    """A rule: every output has the shape of that input."""
    return lambda op: [op._inputs[place].shape for _ in op.outputs]


def of_broadcast(op: Any) -> Any:
    """A rule: inputs broadcast against each other."""
    try:
        return [shapes.broadcast(*(t.shape for t in op._inputs))]
    except ValueError as error:
        raise ValueError(
            f"{error} for '{op.name}' (op: '{op.type}') with input shapes: {', '.join(str(t.shape) for t in op._inputs)}."
        ) from None


def scalar(op: Any) -> Any:
    """A rule: all outputs are scalars."""
    return [shapes.TensorShape([]) for _ in op.outputs]


def unknown(op: Any) -> Any:
    """A rule: nothing is known."""
    return [shapes.unknown_shape() for _ in op.outputs]


def of_attribute(name: str = "shape") -> Any:
    """A rule: the attribute says it."""
    return lambda op: [op.attrs[name] for _ in op.outputs]

"""Attributes of operations between three forms: Python's (kept in the graph), what `get_attr` gives, and protocol buffers."""

from typing import Any, cast

import numpy as np

from jax_slim.tf1.graph import dtypes, shapes, tensor_protos


def to_python(value: Any) -> Any:
    """An attribute as TF's `get_attr` gives it."""
    if isinstance(value, shapes.TensorShape):
        return value.as_proto()
    if isinstance(value, np.ndarray):
        return tensor_protos.make_tensor_proto(value)
    return [to_python(v) for v in value] if isinstance(value, list | tuple) else value


def to_proto(value: Any, kind: str | None = None) -> Any:
    """An attribute as an AttrValue. `kind` (from the OpDef) tells an empty list's and whole floats' types."""
    from tensorboard.compat.proto import attr_value_pb2

    made = attr_value_pb2.AttrValue()  # pyright: ignore[reportAttributeAccessIssue] - made on import
    if isinstance(value, list | tuple):
        made.list.SetInParent()
        for element in value:
            field, content = _field(element, kind[5:-1] if kind else None)
            if field in ("shape", "tensor", "func"):
                getattr(made.list, field).add().CopyFrom(content)
            else:
                getattr(made.list, field).append(content)
        return made
    field, content = _field(value, kind)
    if field in ("shape", "tensor", "func"):
        getattr(made, field).CopyFrom(content)
    else:
        setattr(made, field, content)
    return made


def _field(value: Any, kind: str | None) -> tuple[str, Any]:
    if isinstance(value, dtypes.DType):
        return "type", int(value)
    if isinstance(value, shapes.TensorShape):
        return "shape", value.as_proto()
    if isinstance(value, np.ndarray):
        return "tensor", tensor_protos.make_tensor_proto(value)
    if isinstance(value, bool | np.bool_) and kind != "int":
        return "b", bool(value)
    if isinstance(value, str | bytes):
        return "s", value.encode() if isinstance(value, str) else value
    if isinstance(value, float | np.floating) or kind == "float":
        return "f", float(value)
    if isinstance(value, int | np.integer):
        return "i", int(value)
    if kind == "func" and isinstance(getattr(value, "name", None), str):  # a function's graph
        from tensorboard.compat.proto import attr_value_pb2

        return "func", attr_value_pb2.NameAttrList(name=cast(Any, value).name)  # pyright: ignore[reportAttributeAccessIssue] - made on import
    if hasattr(value, "DESCRIPTOR"):
        return {"TensorShapeProto": "shape", "TensorProto": "tensor", "NameAttrList": "func"}[
            cast(Any, value).DESCRIPTOR.name
        ], value
    raise TypeError(f"An attribute must be a number, text, type, shape, tensor or list of those, got {value!r}.")


def from_proto(proto: Any) -> Any:
    """An AttrValue in Python's form."""
    which = proto.WhichOneof("value")
    if which == "list":
        for field, convert in _FROM.items():
            content = getattr(proto.list, field)
            if len(content):
                return [convert(v) for v in content]
        return []
    return None if which is None else _FROM.get(which, lambda v: v)(getattr(proto, which))


_FROM: dict[str, Any] = {
    "s": bytes,
    "i": int,
    "f": float,
    "b": bool,
    "type": dtypes.as_dtype,
    "shape": shapes.TensorShape,
    "tensor": tensor_protos.make_ndarray,
    "func": lambda v: v,
}


OURS = "SlimGradient"
_STAND_IN = "PyFuncStateless"
_KEPT = ("forward", "places", "given")


def _inputs(op: Any, node: Any) -> None:
    node.input.extend(t.op.name if t.value_index == 0 else t.name for t in op._inputs)
    node.input.extend(sorted("^" + o.name for o in op._control_inputs))


def _as_stand_in(op: Any, node: Any) -> Any:
    """A gradient that no type of TensorFlow computes, as a function of Python that a process may lack.

    TensorFlow refuses a file with one type that it does not know. So it loads the graph, and runs what needs no such
    gradient; attributes that begin with `_` it keeps for whoever knows them.
    """
    node.op = _STAND_IN
    _inputs(op, node)
    forward = op.attrs["forward"]
    node.attr["token"].s = b"jax-slim: the gradient of " + (forward.encode() if isinstance(forward, str) else forward)
    node.attr["Tin"].list.type.extend(int(t.dtype.base_dtype) for t in op._inputs)
    node.attr["Tout"].CopyFrom(to_proto(op.attrs["Tout"], "list(type)"))
    for name in _KEPT:
        node.attr[f"_slim_{name}"].CopyFrom(to_proto(op.attrs[name]))
    for name in op.attrs:
        if name.startswith("_"):
            node.attr[name].CopyFrom(to_proto(op.attrs[name]))
    return node


def of_stand_in(kind: str, attrs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The type and attributes of a node, where it stands for a gradient of ours those of the gradient."""
    if kind != _STAND_IN or any(f"_slim_{name}" not in attrs for name in _KEPT):
        return kind, attrs
    own = {name: attrs[f"_slim_{name}"] for name in _KEPT}
    rest = {name: value for name, value in attrs.items() if name != "token" and not name.startswith("_slim_")}
    return OURS, rest | own


def node_def(op: Any) -> Any:
    """An operation as a NodeDef: inputs `name` or `name:1`, then `^control` sorted, all attributes that files know."""
    from tensorboard.compat.proto import node_def_pb2

    node = node_def_pb2.NodeDef(name=op.name, op=op.type, device=op.device)  # pyright: ignore[reportAttributeAccessIssue] - made on import
    if op.type == OURS:
        return _as_stand_in(op, node)
    _inputs(op, node)
    known = op.op_def.attributes if op.op_def else {}
    for name in sorted(op.attrs):
        node.attr[name].CopyFrom(to_proto(op.attrs[name], known[name].kind if name in known else None))
    return node

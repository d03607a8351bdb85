"""Nodes of a TensorFlow graph under construction: names, constants, types and shapes."""

import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jax_slim.exporting.archives import ExportError

PRODUCER = 134  # TensorFlow 1.15's version of GraphDefs
# TensorFlow's numbers of types, and where a TensorProto keeps single values.
TYPES = {
    "float32": (1, "float_val"),
    "float64": (2, "double_val"),
    "int32": (3, "int_val"),
    "uint8": (4, "int_val"),
    "int16": (5, "int_val"),
    "int8": (6, "int_val"),
    "complex64": (8, ""),
    "int64": (9, "int64_val"),
    "bool": (10, "bool_val"),
    "bfloat16": (14, ""),
    "uint16": (17, "int_val"),
    "complex128": (18, ""),
    "float16": (19, ""),
    "uint32": (22, "uint32_val"),
    "uint64": (23, "uint64_val"),
}
# How TensorFlow's functions call their nodes where that is not the type.
_CALLED = {
    "AddV2": "add",
    "Sub": "sub",
    "Mul": "mul",
    "RealDiv": "truediv",
    "ConcatV2": "concat",
    "Transpose": "transpose",
    "StridedSlice": "strided_slice",
    "DepthwiseConv2dNative": "depthwise",
    "Conv2DBackpropInput": "conv2d_transpose",
    "Pack": "stack",
    "Split": "split",
    "SplitV": "split",
    "PadV2": "Pad",
    "SelectV2": "Select",
    "BatchMatMulV2": "MatMul",
}


class Tensor(NamedTuple):
    """An output of a node.

    Attributes:
      source: as inputs of nodes spell it: 'conv1/Relu', 'top:1'.
      shape: sizes, or symbols where the caller chooses.
      dtype: NumPy's.
      narrow: the same array before it was broadcast, with sizes of 1; elementwise operations broadcast by themselves.
    """

    source: str
    shape: tuple[Any, ...]
    dtype: np.dtype
    narrow: "Tensor | None" = None

    @property
    def name(self) -> str:
        """The name of the node."""
        return self.source.partition(":")[0]


class Nodes:
    """A GraphDef that grows.

    Attributes:
      definition: the GraphDef.
      variables: the name of each variable -> that of its constant, which no other node gets.
    """

    def __init__(self, variables: Sequence[str] = ()) -> None:
        from tensorboard.compat.proto import graph_pb2

        self.definition = graph_pb2.GraphDef()  # pyright: ignore[reportAttributeAccessIssue] - made on import
        self.definition.versions.producer = PRODUCER
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}
        self._kinds: dict[str, str] = {}
        self.variables = {name: self.unique(scope_of(name) or "variable") for name in variables}

    def unique(self, name: str) -> str:
        """A name that no node has yet: TensorFlow's 'a', 'a_1', 'a_2', ..."""
        count = self._counts.get(name, 0)
        found = name if count == 0 else f"{name}_{count}"
        while found in self._taken:
            count += 1
            found = f"{name}_{count}"
        self._counts[name] = count + 1
        self._taken.add(found)
        return found

    def kind(self, tensor: Tensor) -> str:
        """The type of the node that a tensor is of."""
        return self._kinds[tensor.name]

    def name(self, scope: str, kind: str, called: str | None = None) -> str:
        """A new name for a node of this type within a scope."""
        called = called or _CALLED.get(kind, kind)
        return self.unique(f"{scope}/{called}" if scope else called)

    def add(
        self,
        kind: str,
        inputs: Sequence[str],
        shape: Sequence[Any],
        dtype: Any,
        scope: str = "",
        called: str | None = None,
        name: str | None = None,
        **attributes: Any,
    ) -> Tensor:
        """Adds a node and returns its first output.

        Args:
          kind: the type of operation.
          inputs: sources.
          shape, dtype: of the first output.
          scope, called: what it is named after, or `name` as it is.
          **attributes: booleans, ints, floats, strings, dtypes, and lists of ints.
        """
        name = name or self.name(scope, kind, called)
        node = self.definition.node.add(name=name, op=kind)
        node.input.extend(inputs)
        for key, value in attributes.items():
            _set(node.attr[key], value)
        self._kinds[name] = kind
        return Tensor(name, tuple(shape), np.dtype(dtype))

    def rename(self, old: str, new: str) -> None:
        """Gives a node another name."""
        for node in self.definition.node:
            if node.name == old:
                node.name = new
            for place, source in enumerate(node.input):
                if source.partition(":")[0] == old:
                    node.input[place] = new + source[len(old) :]
        self._kinds[new] = self._kinds.pop(old)

    def constant(self, name: str, value: Any) -> Tensor:
        """A constant of this very name."""
        array = np.asarray(value)
        node = self.definition.node.add(name=name, op="Const")
        node.attr["dtype"].type = type_number(array.dtype)
        fill_tensor(node.attr["value"].tensor, array)
        self._kinds[name] = "Const"
        self._taken.add(name)
        return Tensor(name, array.shape, array.dtype)

    def placeholder(self, name: str, shape: Sequence[Any], dtype: Any) -> Tensor:
        """What is fed."""
        node = self.definition.node.add(name=self.unique(name), op="Placeholder")
        node.attr["dtype"].type = type_number(np.dtype(dtype))
        for size in shape:
            node.attr["shape"].shape.dim.add(size=size if isinstance(size, int) else -1)
        self._kinds[node.name] = "Placeholder"
        return Tensor(node.name, tuple(shape), np.dtype(dtype))


def type_number(dtype: Any) -> int:
    """TensorFlow's number of a dtype.

    Raises:
      ExportError: it has none.
    """
    name = np.dtype(dtype).name
    if name not in TYPES:
        raise ExportError(f"a TensorFlow graph cannot hold arrays of {name}: TensorFlow 1 has no such type.")
    return TYPES[name][0]


def fill_tensor(proto: Any, array: np.ndarray) -> None:
    """Writes an array into a TensorProto."""
    number, field = type_number(array.dtype), TYPES[array.dtype.name][1]
    proto.dtype = number
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if array.size == 1 and field:
        getattr(proto, field).append(array.reshape(()).item())
    elif array.size:
        little = array if array.dtype.byteorder != ">" else array.astype(array.dtype.newbyteorder("<"))
        proto.tensor_content = np.ascontiguousarray(little).tobytes()


def _set(attribute: Any, value: Any) -> None:
    if isinstance(value, bool):
        attribute.b = value
    elif isinstance(value, int):
        attribute.i = value
    elif isinstance(value, float):
        attribute.f = value
    elif isinstance(value, str):
        attribute.s = value.encode()
    elif isinstance(value, np.dtype):
        attribute.type = type_number(value)
    else:
        attribute.list.i.extend(int(item) for item in value)
        if not value:
            attribute.list.SetInParent()


def scope_of(stack: Any) -> str:
    """JAX's name stack as a scope that TensorFlow accepts."""
    text = re.sub(r"[^A-Za-z0-9_.\-/]+", "_", str(stack)).strip("/")
    parts = [part for part in text.split("/") if part]
    if parts and not re.match(r"[A-Za-z0-9.]", parts[0]):
        parts[0] = parts[0].lstrip("_-") or "scope"
    return "/".join(parts)


def is_known(shape: Sequence[Any]) -> bool:
    """Whether all sizes are numbers."""
    return all(isinstance(size, int) for size in shape)


def elements(shape: Sequence[int]) -> int:
    """How many elements an array of known shape has."""
    return math.prod(shape)

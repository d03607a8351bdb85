"""Operations and what they give: `Operation` and `Tensor`. What stands for several tensors is in `composites`."""

from typing import TYPE_CHECKING, Any

from jax_slim.tf1.graph import attributes, dtypes, errors, shapes


class Operation:
    """A node of a graph. Made by `building.make_op`; its parts are TF's: name, type, inputs, outputs, control_inputs.

    Attributes (beside TF's):
      attrs: attribute name -> its value in Python's form (DType, TensorShape, ndarray, bytes, numbers, lists of those).
      number: its place in the order in which the graph's operations were made.
      made_at: 'file:line' of the program that made it.
      context: the innermost cond branch or loop that it is part of, or None.
      private: what rows and running keep here that no file knows of (the forward operation of a gradient, a function).
    """

    __slots__ = (
        "__weakref__", "_control_inputs", "_control_outputs", "_device", "_graph", "_inputs", "_name", "_outputs", "_type",
        "attrs", "context", "made_at", "number", "op_def", "private",
    )  # fmt: skip

    def __init__(self, graph: Any, name: str, type: str, op_def: Any, inputs: list["Tensor"], control_inputs: list["Operation"],
                 output_types: list[dtypes.DType], attrs: dict[str, Any], device: str, made_at: str, context: Any) -> None:  # fmt: skip
        self._graph, self._name, self._type, self.op_def = graph, name, type, op_def
        self._inputs, self._control_inputs, self._control_outputs = list(inputs), list(control_inputs), []
        self.attrs, self._device, self.made_at, self.context = attrs, device, made_at, context
        self.number = -1
        self.private: dict[str, Any] = {}
        self._outputs = [Tensor(self, place, kind) for place, kind in enumerate(output_types)]
        for tensor in inputs:
            tensor._consumers.append(self)
        for op in control_inputs:
            op._control_outputs.append(self)

    graph = property(lambda self: self._graph)
    name = property(lambda self: self._name)
    type = property(lambda self: self._type)
    inputs = property(lambda self: InputList(self._inputs))
    outputs = property(lambda self: self._outputs)
    control_inputs = property(lambda self: self._control_inputs)
    device = property(lambda self: self._device)
    _id = property(lambda self: self.number)
    _control_flow_context = property(lambda self: self.context)

    @property
    def traceback(self) -> list[tuple[str, int, str, str]]:
        """Where the program made it, as one entry (file, line, function, text); TF gives the whole stack."""
        file, _, line = self.made_at.rpartition(":")
        return [(file, int(line or 0), "", "")]

    @property
    def node_def(self) -> Any:
        return attributes.node_def(self)

    @property
    def colocation_groups_(self) -> list[bytes]:
        return self.attrs.get("_class") or [b"loc:@" + self._name.encode()]

    def colocation_groups(self) -> list[bytes]:
        return self.colocation_groups_

    def values(self) -> tuple["Tensor", ...]:
        return tuple(self._outputs)

    def get_attr(self, name: str) -> Any:
        """An attribute as TF gives it: strings as bytes, shapes and tensors as protocol buffers, types as DType.

        Raises:
          ValueError: the operation has no such attribute.
        """
        if name not in self.attrs:
            raise ValueError(f"No attr named '{name}' in {self._name} ({self._type}).")
        return attributes.to_python(self.attrs[name])

    def _set_attr(self, name: str, value: Any) -> None:
        self.attrs[name] = attributes.from_proto(value) if hasattr(value, "WhichOneof") else value

    def _set_device(self, device: Any) -> None:
        self._device = device or ""

    def _add_control_input(self, op: "Operation") -> None:
        if op not in self._control_inputs:
            self._control_inputs.append(op)
            op._control_outputs.append(self)

    def _add_control_inputs(self, ops: list["Operation"]) -> None:
        for op in ops:
            self._add_control_input(op)

    def _update_input(self, place: int, tensor: "Tensor") -> None:
        self._inputs[place]._consumers.remove(self)
        self._inputs[place] = tensor
        tensor._consumers.append(self)
        self._graph.version += 1

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Runs it in the session given, or the default one."""
        self._graph.session_for(session, f"run the operation '{self._name}'").run(self, feed_dict)

    def __str__(self) -> str:
        return str(self.node_def)

    def __repr__(self) -> str:
        return f"<tf.Operation {self._name!r} type={self._type}>"


def handled(tensor: "Tensor") -> "Operation | None":
    """The VarHandleOp whose handle a tensor is, also through conditionals and loops; None for other tensors."""
    op = tensor.op
    while op.type != "VarHandleOp":
        if not op._inputs or op._inputs[0].dtype.name != "resource":
            return None
        op = op._inputs[0].op
    return op


class InputList(list):
    """The inputs of an operation: a list that shows itself as TF's does."""


class Tensor:
    """One output of an operation: a value that a session computes. Arithmetic and indexing make further operations."""

    # Programs hang things of their own on tensors (`aliases`, `_keras_shape`).
    __slots__ = ("__dict__", "__weakref__", "_consumers", "_dtype", "_op", "_shape", "_value_index", "known")
    __array_priority__ = 100
    OVERLOADABLE_OPERATORS: frozenset[str] = frozenset()

    def __init__(self, op: Operation, value_index: int, dtype: Any) -> None:
        self._op, self._value_index, self._dtype = op, value_index, dtypes.as_dtype(dtype)
        self._shape = shapes.unknown_shape()
        self._consumers: list[Operation] = []
        self.known: Any = None  # its value where `known_values` has found it: cached there

    if TYPE_CHECKING:
        # `python/math` and `python/slicing`, floors above, put the operators here.
        _keras_history: Any

        def _unary(self) -> "Tensor": ...
        def _binary(self, other: Any) -> "Tensor": ...

        __neg__ = __invert__ = __abs__ = _unary
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _binary
        __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _binary
        __lt__ = __le__ = __gt__ = __ge__ = __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _binary
        __getitem__ = _binary

    op = property(lambda self: self._op)
    graph = property(lambda self: self._op._graph)
    dtype = property(lambda self: self._dtype)
    device = property(lambda self: self._op._device)
    value_index = property(lambda self: self._value_index)
    shape = property(lambda self: self._shape)
    name = property(lambda self: f"{self._op._name}:{self._value_index}")
    _id = property(lambda self: id(self))

    def get_shape(self) -> shapes.TensorShape:
        return self._shape

    @property
    def _shape_tuple(self) -> Any:
        return self._shape.sizes

    def set_shape(self, shape: Any) -> None:
        """Adds what is known of the shape.

        Raises:
          ValueError: it contradicts what is known already.
        """
        try:
            self._shape = self._shape.merge_with(shape)
        except ValueError:
            raise ValueError(_clash(self._shape, shapes.as_shape(shape))) from None

    def consumers(self) -> list[Operation]:
        return list(dict.fromkeys(self._consumers))

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """Its value in the session given, or the default one."""
        return self.graph.session_for(session, f"evaluate the tensor '{self.name}'").run(self, feed_dict)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: Any) -> bool:
        return self is other

    def __copy__(self) -> "Tensor":
        return self

    def __deepcopy__(self, memo: Any) -> "Tensor":
        return self

    def __iter__(self) -> Any:
        raise errors.OperatorNotAllowedInGraphError(
            "iterating over `tf.Tensor` is not allowed in Graph execution. Use tf.map_fn, or tf.unstack where its size is known."
        )

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for symbolic Tensors. ({self.name}) Please call `x.shape` rather than `len(x)` for shape information."
        )

    def __bool__(self) -> bool:
        raise errors.OperatorNotAllowedInGraphError(
            "Using a `tf.Tensor` as a Python `bool` is not allowed. Use `if t is not None:` instead of `if t:` to test if a "
            "tensor is defined, and use TensorFlow ops such as tf.cond to execute subgraphs conditioned on the value of a tensor."
        )

    __nonzero__ = __bool__

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"Cannot convert a symbolic Tensor ({self.name}) to a numpy array.")

    def __str__(self) -> str:
        shape = "" if self._shape.sizes is None else f", shape={self._shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self._dtype.name})'

    def __repr__(self) -> str:
        return f"<tf.Tensor '{self.name}' shape={self._shape} dtype={self._dtype.name}>"


def _clash(known: shapes.TensorShape, given: shapes.TensorShape) -> str:
    """What `set_shape` says of shapes that contradict each other."""
    if known.ndims != given.ndims:
        return f"Shapes must be equal rank, but are {known.ndims} and {given.ndims}"
    pairs = zip(known.sizes or (), given.sizes or (), strict=True)
    axis, (a, b) = next((i, p) for i, p in enumerate(pairs) if None not in p and p[0] != p[1])
    spelt = [str(list(s.sizes or ())).replace("None", "?").replace(" ", "") for s in (known, given)]
    return f"Dimension {axis} in both shapes must be equal, but are {a} and {b}. Shapes are {spelt[0]} and {spelt[1]}."

"""Functions of a graph: a graph of its own whose inputs are given when it is called, with what it uses from outside."""

import itertools
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor

_numbers = itertools.count()


class FunctionGraph(graphs.Graph):
    """The graph that a function's operations are made in. Tensors from outside become further inputs."""

    def __init__(self, outer: graphs.Graph) -> None:
        super().__init__()
        self.outer = outer
        self.building_function = True
        self.captures: dict[Tensor, Tensor] = {}
        self._seed = outer.seed

    def _own(self, place: int, tensor: Any, name: str) -> Tensor:
        if not isinstance(tensor, Tensor) or tensor.graph is self:
            return super()._own(place, tensor, name)
        return self.capture(tensor)

    def capture(self, tensor: Tensor) -> Tensor:
        """What stands here for a tensor from outside: a constant again, or an input."""
        found = self.captures.get(tensor)
        if found is not None:
            return found
        if tensor.op.type == "Const":
            with self.as_default(), self.control_dependencies(None):
                found = conversion.constant(
                    tensor.op.attrs["value"], tensor.dtype.base_dtype, name=tensor.op.name.rpartition("/")[2]
                )
            self.captures[tensor] = found
            return found
        if isinstance(self.outer, FunctionGraph) and tensor.graph is not self.outer:
            tensor_outside = self.outer.capture(tensor)
        else:
            tensor_outside = tensor
        with self.as_default(), self.control_dependencies(None), self.name_scope(None):
            found = building.make(
                "Placeholder", dtype=tensor.dtype.base_dtype, shape=tensor.shape, name=tensor.op.name.rpartition("/")[2]
            )
        found._shape = tensor.shape
        self.captures[tensor] = found
        if tensor_outside is not tensor:
            self.captures[tensor_outside] = found
            del self.captures[tensor]
        return found


class PythonOnly:
    """Stands for a function that no file can hold: a generator, or a data set of this process."""

    def __init__(self, name: str) -> None:
        self.name = name


class Function:
    """A Python function as a graph.

    Attributes:
      name: unique in the process.
      graph: its graph.
      inputs: the placeholders of its arguments; outputs: what it gives.
      captured: the tensors outside that it uses, and `captured_inputs`, their placeholders inside.
    """

    def __init__(
        self,
        function: Any,
        types: list[dtypes.DType],
        argument_shapes: list[shapes.TensorShape],
        name: str,
        pack: Any = None,
        unpack: Any = None,
    ) -> None:
        self.name = f"__inference_{name}_{next(_numbers)}"
        self.graph = FunctionGraph(graphs.get_default_graph())
        with self.graph.as_default():
            self.inputs = [
                building.make("Placeholder", dtype=t, shape=s, name="arg")
                for t, s in zip(types, argument_shapes, strict=True)
            ]
            for tensor, shape in zip(self.inputs, argument_shapes, strict=True):
                tensor._shape = shape
            result = function(*(pack(self.inputs) if pack else self.inputs))
            self.result = result
            flat = unpack(result) if unpack else list(result) if isinstance(result, list | tuple) else [result]
            self.outputs = [self._inside(conversion.convert_to_tensor(t)) for t in flat]

    def _inside(self, tensor: Tensor) -> Tensor:
        return tensor if tensor.graph is self.graph else self.graph.capture(tensor)

    @property
    def captured(self) -> list[Tensor]:
        return [outer for outer, inner in self.graph.captures.items() if inner.op.type != "Const"]

    @property
    def captured_inputs(self) -> list[Tensor]:
        return [inner for inner in self.graph.captures.values() if inner.op.type != "Const"]

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: Any) -> bool:
        return self is other

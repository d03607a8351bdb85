"""What the rules of operations write with: arrays of a program as tensors of a TensorFlow graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jax_slim.exporting.archives import ExportError
from jax_slim.exporting.graph_equations import Equation, Known, Var
from jax_slim.exporting.graph_nodes import Nodes, Tensor, is_known

Operand = Tensor | Known | np.ndarray


class Writer:
    """Writes nodes; knows which tensor each array of the program has become.

    Attributes:
      nodes: what is written to.
      tensors: what each Var has become.
      inputs: the placeholders.
    """

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.tensors: dict[Var, Tensor] = {}
        self.inputs: list[Tensor] = []
        self._read: dict[str, Tensor] = {}
        self._sizes: dict[Any, Tensor] = {}

    def operand(self, operand: Any) -> Tensor | Known:
        """A tensor for a Var, as it may be broadcast; what is known stays so."""
        return self.tensors[operand] if isinstance(operand, Var) else operand

    def make(
        self,
        kind: str,
        operands: Sequence[Any],
        shape: Sequence[Any],
        dtype: Any,
        scope: str,
        called: str | None = None,
        suffixes: Sequence[str] = ("x", "y"),
        **attributes: Any,
    ) -> Tensor:
        """Adds a node. Constants among its operands are named after it: 'conv1/mul/y'."""
        name = self.nodes.name(scope, kind, called)
        sources = []
        for place, operand in enumerate(operands):
            if not isinstance(operand, Tensor):
                suffix = suffixes[place] if place < len(suffixes) else f"input_{place}"
                operand = self.constant(operand, f"{name}/{suffix}")
            sources.append(operand.source)
        return self.nodes.add(kind, sources, shape, dtype, name=name, **attributes)

    def constant(self, value: Any, name: str) -> Tensor:
        """A constant; where it is a variable it has that one's name, and is read through '<name>/read'."""
        if isinstance(value, Known):
            root = _variable_of(value)
            if root is not None:
                return self.variable(root)
            value = value.value
        return self.nodes.constant(self.nodes.unique(name), value)

    def variable(self, known: Known) -> Tensor:
        """The constant of a variable, read as frozen graphs do."""
        name = known.variable
        if name not in self._read:
            own = self.nodes.variables[name]
            held = self.nodes.constant(own, known.value)
            self._read[name] = self.nodes.add(
                "Identity", [own], held.shape, held.dtype, name=self.nodes.unique(f"{own}/read"), T=held.dtype
            )
        return self._read[name]

    def full(self, operand: Any, scope: str) -> Tensor:
        """The tensor of an operand with all of its elements, those that are only repeated too."""
        found = self.operand(operand)
        if not isinstance(found, Tensor):
            return self.constant(found, f"{scope}/Const" if scope else "Const")
        if found.narrow is None:
            return found
        made = self.make(
            "BroadcastTo", [found.narrow, self.sizes(found.shape, scope)], found.shape, found.dtype, scope,
            suffixes=("input", "shape"), T=found.dtype, Tidx=np.dtype(np.int32),
        )  # fmt: skip
        for var, tensor in self.tensors.items():
            if tensor is found:
                self.tensors[var] = made
                break
        return made

    def sizes(self, shape: Sequence[Any], scope: str) -> Any:
        """A shape as an operand: a constant, or a vector that is computed where a size is a symbol."""
        if is_known(shape):
            return np.array(shape, np.int32)
        parts = [np.array(s, np.int32) if isinstance(s, int) else self.size(s, scope) for s in shape]
        return self.make(
            "Pack", parts, (len(shape),), np.int32, scope, suffixes=[str(i) for i in range(len(shape))],
            N=len(shape), T=np.dtype(np.int32), axis=0,
        )  # fmt: skip

    def size(self, symbol: Any, scope: str) -> Tensor:
        """A size that the caller chooses, as a scalar int32."""
        key = str(symbol)
        if key in self._sizes:
            return self._sizes[key]
        for placeholder in self.inputs:
            for axis, size in enumerate(placeholder.shape):
                if isinstance(size, int):
                    continue
                factor = 1 if size == symbol else _factor(symbol, size)
                if factor is not None:
                    found = self._size_of(placeholder, axis, scope)
                    if factor != 1:
                        found = self.make(
                            "Mul", [found, np.array(factor, np.int32)], (), np.int32, scope, T=np.dtype(np.int32)
                        )
                    self._sizes[key] = found
                    return found
        raise ExportError(
            f"a size of the program is {symbol}, which such a graph cannot compute: give all sizes of the inputs as "
            "numbers."
        )

    def _size_of(self, tensor: Tensor, axis: int, scope: str) -> Tensor:
        shape = self.make(
            "Shape", [tensor], (len(tensor.shape),), np.int32, scope, T=tensor.dtype, out_type=np.dtype(np.int32)
        )
        one = [np.array([place], np.int32) for place in (axis, axis + 1, 1)]
        return strided_slice(self, shape, one, (), scope, shrink=1)

    def reshape(self, operand: Any, shape: Sequence[Any], scope: str, called: str | None = None) -> Tensor:
        """The same elements in another shape; no node where it has it."""
        tensor = operand if isinstance(operand, Tensor) else self.full(operand, scope)
        if tuple(tensor.shape) == tuple(shape):
            return tensor
        symbols = [s for s in shape if not isinstance(s, int)]
        known = 0 not in [s for s in shape if isinstance(s, int)]
        target = (
            np.array([s if isinstance(s, int) else -1 for s in shape], np.int32)
            if len(symbols) <= 1 and known
            else self.sizes(shape, scope)
        )
        return self.make(
            "Reshape", [tensor, target], shape, tensor.dtype, scope, called, ("tensor", "shape"),
            T=tensor.dtype, Tshape=np.dtype(np.int32),
        )  # fmt: skip

    def transpose(self, tensor: Tensor, order: Sequence[int], scope: str) -> Tensor:
        """The same elements with the axes in another order; no node where it is the same order."""
        if list(order) == list(range(len(order))):
            return tensor
        return self.make(
            "Transpose", [tensor, np.array(order, np.int32)], [tensor.shape[a] for a in order], tensor.dtype, scope,
            suffixes=("x", "perm"), T=tensor.dtype, Tperm=np.dtype(np.int32),
        )  # fmt: skip

    def binary(self, kind: str, x: Any, y: Any, equation: Equation, dtype: Any = None, shape: Any = None) -> Tensor:
        """An elementwise operation of two, in the scope of an equation and of its result's shape."""
        like = equation.kinds[0]
        shape = like.shape if shape is None else shape
        either = x.dtype if isinstance(x, Tensor) else y.dtype
        return self.make(kind, [x, y], shape, dtype or like.dtype, equation.scope, T=np.dtype(either))

    def unary(self, kind: str, x: Any, equation: Equation, dtype: Any = None) -> Tensor:
        """An elementwise operation of one."""
        return self.make(kind, [x], x.shape, dtype or x.dtype, equation.scope, T=x.dtype)


def strided_slice(
    writer: Writer,
    tensor: Tensor,
    bounds: Sequence[np.ndarray],
    shape: Sequence[Any],
    scope: str,
    begin: int = 0,
    end: int = 0,
    shrink: int = 0,
) -> Tensor:
    """A StridedSlice; the masks are bits by axis."""
    return writer.make(
        "StridedSlice", [tensor, *bounds], shape, tensor.dtype, scope,
        suffixes=("input", "stack", "stack_1", "stack_2"), T=tensor.dtype, Index=np.dtype(np.int32), begin_mask=begin,
        end_mask=end, ellipsis_mask=0, new_axis_mask=0, shrink_axis_mask=shrink,
    )  # fmt: skip


def _variable_of(known: Known) -> Known | None:
    """The variable whose very array this is, also where it was turned and turned back."""
    if known.variable:
        return known
    roots = known.roots()
    if len(roots) != 1:
        return None
    (root,) = roots
    same = root.shape == known.shape and root.dtype == known.dtype and np.array_equal(root.value, known.value)
    return root if same else None


def _factor(symbol: Any, size: Any) -> int | None:
    """How many times `size` another symbolic size is, or None where it is no multiple."""
    try:
        found = symbol // size
        return found if isinstance(found, int) and symbol == found * size else None
    except Exception:  # what JAX cannot decide about two symbols
        return None

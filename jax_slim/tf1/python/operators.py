"""What Python's operators do with tensors: `a + b`, `-a`, `a < b`. `a[...]` is in `slicing`."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import math


def _add(x: Any, y: Any, name: str | None = None) -> Tensor:
    return building.make("Add" if x.dtype.base_dtype == dtypes.string else "AddV2", x, y, name=name)


def _sub(x: Any, y: Any, name: str | None = None) -> Tensor:
    return building.make("Sub", x, y, name=name)


def _mul(x: Any, y: Any, name: str | None = None) -> Any:
    if not isinstance(y, SparseTensor):
        return building.make("Mul", x, y, name=name)
    values = building.make("SparseDenseCwiseMul", y.indices, y.values, y.dense_shape, x, name=name)
    return SparseTensor(y.indices, values, y.dense_shape)


def _floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    return building.make("FloorDiv", x, y, name=name)


def _mod(x: Any, y: Any, name: str | None = None) -> Tensor:
    return building.make("FloorMod", x, y, name=name)


def _and(x: Any, y: Any, name: str | None = None) -> Tensor:
    return building.make("LogicalAnd", x, y, name=name)


def _or(x: Any, y: Any, name: str | None = None) -> Tensor:
    return building.make("LogicalOr", x, y, name=name)


def _matmul(x: Any, y: Any, name: str | None = None) -> Tensor:
    from jax_slim.tf1.python import linalg

    return linalg.matmul(x, y, name=name)


_BINARY: dict[str, Callable[..., Any]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": math.div_python2,
    "truediv": math.truediv_python3,
    "floordiv": _floordiv,
    "mod": _mod,
    "pow": math.pow,
    "and": _and,
    "or": _or,
    "xor": math.logical_xor,
    "matmul": _matmul,
}
# TF turns comparisons into operations directly: no scope, and the type's own name.
_COMPARISONS = {"__lt__": math.less, "__le__": math.less_equal, "__gt__": math.greater, "__ge__": math.greater_equal}


def _operator(name: str, function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    reverse = f"__r{name}__"

    def operate(x: Any, y: Any) -> Any:
        with graphs.name_scope(None, name, [x, y]) as scope:
            if not isinstance(y, Tensor | SparseTensor):
                try:
                    y = conversion.convert_to_tensor(y, dtype_hint=x.dtype.base_dtype, name="y")
                except TypeError:
                    # The class of the other one may know what to do with a tensor.
                    if hasattr(type(y), reverse):
                        return NotImplemented
                    raise
            return function(x, y, name=scope)

    return operate


def _reversed_operator(name: str, function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def operate(y: Any, x: Any) -> Any:
        with graphs.name_scope(None, name, [x, y]) as scope:
            x = conversion.convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
            return function(x, y, name=scope)

    return operate


def _sparse_operator(name: str, type: str) -> Callable[[Any, Any], Any]:
    def operate(x: SparseTensor, y: Any) -> SparseTensor:
        y = conversion.convert_to_tensor(y, dtype=x.dtype.base_dtype, name="y")
        with graphs.name_scope(None, name, [x.indices, y]) as scope:
            values = building.make(type, x.indices, x.values, x.dense_shape, y, name=scope)
            return SparseTensor(x.indices, values, x.dense_shape)

    return operate


def _install() -> None:
    for name, type in (
        ("mul", "SparseDenseCwiseMul"),
        ("div", "SparseDenseCwiseDiv"),
        ("truediv", "SparseDenseCwiseDiv"),
    ):
        setattr(SparseTensor, f"__{name}__", _sparse_operator(name, type))
    overloaded = {"__abs__": math.abs, "__neg__": math.negative, "__invert__": math.logical_not, **_COMPARISONS}
    for name, function in _BINARY.items():
        overloaded[f"__{name}__"] = _operator(name, function)
        overloaded[f"__r{name}__"] = _reversed_operator(name, function)
    for name, function in overloaded.items():
        setattr(Tensor, name, function)
    Tensor.OVERLOADABLE_OPERATORS = frozenset([*Tensor.OVERLOADABLE_OPERATORS, *overloaded])


_install()

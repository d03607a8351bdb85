"""A traced program in the operations that jax2onnx converts well.

ONNX's convolutions have the channels first. jax2onnx puts a transpose before and after each, and takes hours to clear
away those of a net like NASNet. So here images stay channels first from one convolution to the next; what depends on
variables alone is computed; and pooling and padding take forms that it and onnxruntime accept.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jax.extend.core import ClosedJaxpr, Literal

from jax_slim.kernels.linear_maps import PLAIN


class _First(NamedTuple):
    """An image batch [N, H, W, C] of the program, held as [N, C, H, W]."""

    value: Any


_PLACES = (0, 2, 3, 1)  # of an axis of the program, in what is held
_CALLS = ("jit", "pjit", "custom_jvp_call", "custom_vjp_call")
_IMAGES = lax.ConvDimensionNumbers((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))  # NHWC and HWIO
_CHANNELS_FIRST = lax.ConvDimensionNumbers((0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3))
_ELEMENTWISE = frozenset(
    ("abs", "add", "and", "ceil", "clamp", "convert_element_type", "copy", "div", "eq", "erf", "exp", "expm1", "floor")
    + ("ge", "gt", "integer_pow", "is_finite", "le", "log", "log1p", "logistic", "lt", "max", "min", "mul", "ne", "neg")
    + (
        "not",
        "or",
        "pow",
        "round",
        "rsqrt",
        "select_n",
        "sign",
        "sqrt",
        "square",
        "stop_gradient",
        "sub",
        "tanh",
        "xor",
    )
)
# What jax2onnx puts in the place of functions while it traces; they have no parameters then.
_ELEMENTWISE |= {f"jax.numpy.{name}" for name in ("abs", "exp", "log", "sqrt", "where")}
_ELEMENTWISE |= {f"jax.nn.{name}" for name in ("hard_sigmoid", "hard_swish", "relu", "sigmoid", "silu", "softplus")}
_KEEPING_AXES = frozenset(f"jax.numpy.{name}" for name in ("max", "mean", "min", "prod", "sum"))
_REDUCTIONS = frozenset(("reduce_sum", "reduce_max", "reduce_min", "reduce_prod"))


# Functions that jax2onnx puts operations of its own in the place of while it traces. Of these it makes files that no
# runtime opens (the minimum of a float and 6, as a double; relu6 of a float16, as a float), or none (of a batch of
# unknown size).
_AS_THEY_ARE = {jnp: ("maximum", "minimum", "pow", "power"), jax.nn: ("relu6",), jax.image: ("resize",)}
_FUNCTIONS = [(module, name, getattr(module, name)) for module, names in _AS_THEY_ARE.items() for name in names]


@contextlib.contextmanager
def functions_of_jax() -> Iterator[None]:
    """Traces functions of JAX that jax2onnx has its own for, where these are worse, as JAX has them."""
    replaced = [(module, name, getattr(module, name)) for module, name, _ in _FUNCTIONS]
    try:
        for module, name, function in _FUNCTIONS:
            setattr(module, name, function)
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)


def evaluated(closed: ClosedJaxpr, *arguments: Any) -> list[Any]:
    """Runs a traced program: its results for these arguments, up to the order of sums."""
    return [_plain(result) for result in _run(closed, arguments)]


def _run(closed: ClosedJaxpr, arguments: Sequence[Any]) -> list[Any]:
    values: dict[Any, Any] = dict(zip(closed.jaxpr.constvars, closed.consts, strict=True))
    values |= dict(zip(closed.jaxpr.invars, arguments, strict=True))

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else values[variable]

    for equation in closed.jaxpr.eqns:
        operands = [read(variable) for variable in equation.invars]
        name, parameters = equation.primitive.name, equation.params
        inner = next((parameters[key] for key in ("jaxpr", "call_jaxpr") if key in parameters), None)
        if isinstance(inner, ClosedJaxpr) and name in _CALLS:
            results = _run(inner, operands)
        elif name in PLAIN:  # of a model that was traced before it was known what for
            results = _run(_definition(equation), operands)
        else:
            results = _channels_first(equation, operands)
            if results is None:
                results = _bound(equation, [_plain(operand) for operand in operands], parameters)
        values |= dict(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in closed.jaxpr.outvars]


def _definition(equation: Any) -> ClosedJaxpr:
    """One of the kernels' operations in those of `lax`."""
    avals = (jax.ShapeDtypeStruct(variable.aval.shape, variable.aval.dtype) for variable in equation.invars)
    return jax.make_jaxpr(functools.partial(PLAIN[equation.primitive.name], **equation.params))(*avals)


def _plain(value: Any) -> Any:
    return lax.transpose(value.value, _PLACES) if isinstance(value, _First) else value


def _first(value: Any) -> Any:
    """An image batch, or what is broadcast over one, with the channels first."""
    if isinstance(value, _First):
        return value.value
    return _transposed(value, (0, 3, 1, 2)) if np.ndim(value) == 4 else value


def _transposed(value: Any, order: Sequence[int]) -> Any:
    if isinstance(value, Tracer):
        return lax.transpose(value, order)
    return np.ascontiguousarray(np.transpose(np.asarray(value), order))


def _moved(by_axis: Sequence[Any]) -> tuple[Any, ...]:
    """What is said for each axis of the program, in the order of the axes held."""
    return tuple(by_axis[axis] for axis in (0, 3, 1, 2))


def _channels_first(equation: Any, operands: Sequence[Any]) -> list[Any] | None:
    """The results of an operation on image batches, held in the same way; None for one that does not keep the order."""
    name, parameters = equation.primitive.name, dict(equation.params)
    if name == "conv_general_dilated":
        if parameters["dimension_numbers"] != _IMAGES or isinstance(operands[1], _First):
            return None
        images, weights = _first(operands[0]), _transposed(operands[1], _IMAGES.rhs_spec)
        return _held(_bound(equation, [images, weights], parameters | {"dimension_numbers": _CHANNELS_FIRST}))
    if not any(isinstance(operand, _First) for operand in operands):
        aval = equation.invars[0].aval if name in ("reduce_window_max", "reduce_window_sum") else None
        if aval is None or not _over_images(aval, (1, 2), **parameters):
            return None
    if name in _ELEMENTWISE:
        if any(not isinstance(operand, _First) and np.ndim(operand) not in (0, 4) for operand in operands):
            return None
        return _held(_bound(equation, [_first(operand) for operand in operands], parameters))
    change = _CHANGES.get(name)
    if change is not None:
        return _held(_bound(equation, [_first(operand) for operand in operands], parameters | change(parameters)))
    if name in _KEEPING_AXES and parameters["keepdims"]:
        axes = tuple(_PLACES[axis] for axis in parameters["axes"])
        return _held(_bound(equation, [_first(operand) for operand in operands], parameters | {"axes": axes}))
    if name in _REDUCTIONS and set(parameters["axes"]) <= {1, 2}:
        # What remains has the same order, held or not; all axes stay where one is left.
        axes = tuple(_PLACES[axis] for axis in parameters["axes"])
        if len(axes) == 2:
            return _bound(equation, [_first(operands[0])], parameters | {"axes": axes})
    return None


def _held(results: Sequence[Any]) -> list[Any]:
    return [_First(result) for result in results]


def _changes(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A change of parameters that say something for each axis."""
    return lambda parameters: {name: _moved(parameters[name]) for name in names if parameters.get(name) is not None}


def _joined(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"dimension": _PLACES[parameters["dimension"]]}


_WINDOWS = _changes("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")
_CHANGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "concatenate": _joined,
    "jax.numpy.concatenate": _joined,  # as it is called while jax2onnx traces
    "jax.numpy.pad": _changes("pad_width"),
    "pad": _changes("padding_config"),
    "reduce_window_max": _WINDOWS,
    "reduce_window_sum": _WINDOWS,
    "rev": lambda parameters: {"dimensions": tuple(_PLACES[axis] for axis in parameters["dimensions"])},
    "slice": _changes("start_indices", "limit_indices", "strides"),
}


def _bound(equation: Any, operands: Sequence[Any], parameters: dict[str, Any]) -> list[Any]:
    """The results of one operation."""
    name = equation.primitive.name
    if name in ("reduce_window_max", "reduce_window_sum"):
        return [_of_windows(name, *operands, **parameters)]
    if name == "pad":
        return [_padded(*operands, **parameters)]
    known = _known(equation, operands)
    if name == "round" and parameters["rounding_method"] == lax.RoundingMethod.AWAY_FROM_ZERO and not known:
        return [_rounded_away_from_zero(*operands)]
    if name == "dynamic_slice" and not known:
        operands = _inside(*operands, slice_sizes=parameters["slice_sizes"])
    with jax.ensure_compile_time_eval() if known else contextlib.nullcontext():
        results = equation.primitive.bind(*operands, **parameters)
    return list(results) if equation.primitive.multiple_results else [results]


def _known(equation: Any, operands: Sequence[Any]) -> bool:
    """Whether results depend on variables alone: these are computed here, so that the file holds values, not steps.

    `_padded` has to know the value it fills up with.
    """
    sizes = [size for result in equation.outvars for size in result.aval.shape]
    return (
        bool(operands)
        and not any(isinstance(value, Tracer) for value in operands)
        and all(isinstance(size, int) for size in sizes)  # that of the batch is a symbol
    )


def _padded(operand: Any, value: Any, padding_config: Sequence[tuple[int, int, int]]) -> Any:
    """`lax.pad`, of which jax2onnx refuses a batch of unknown size; `jnp.pad` it takes."""
    if isinstance(value, Tracer) or any(inner for *_, inner in padding_config):
        return lax.pad(operand, value, padding_config)
    for axis, (before, after, _) in enumerate(padding_config):
        if before < 0 or after < 0:
            operand = lax.slice_in_dim(operand, max(0, -before), operand.shape[axis] + min(0, after), axis=axis)
    sides = [(max(0, before), max(0, after)) for before, after, _ in padding_config]
    return jnp.pad(operand, sides, constant_values=np.asarray(value).item()) if any(map(any, sides)) else operand


def _rounded_away_from_zero(operand: Any) -> Any:
    """`lax.round` as it is by default: jax2onnx takes Round for it, which rounds halves to the even number."""
    size = lax.abs(operand)
    whole = lax.floor(size)
    up = lax.ge(lax.sub(size, whole), np.asarray(0.5, size.dtype))
    return lax.mul(lax.sign(operand), lax.add(whole, lax.convert_element_type(up, size.dtype)))


def _inside(operand: Any, *starts: Any, slice_sizes: Sequence[int]) -> list[Any]:
    """The operands of a `dynamic_slice`, its window moved into the array, as JAX defines it: Slice would cut it short.

    Along a batch of unknown size, where the last place for a window is no number, it stays where it is.
    """
    moved = []
    for start, size, length in zip(starts, slice_sizes, operand.shape, strict=True):
        last = 0 if size == length else length - size
        if isinstance(last, int):
            dtype = jnp.result_type(start)
            start = lax.max(lax.min(start, np.asarray(last, dtype)), np.asarray(0, dtype))
        moved.append(start)
    return [operand, *moved]


def _window_axes(window_dimensions: Sequence[int], window_strides: Sequence[int]) -> tuple[int, ...]:
    return tuple(axis for axis, size in enumerate(window_dimensions) if size > 1 or window_strides[axis] > 1)


def _over_images(
    array: Any, spatial: Sequence[int], window_dimensions: Sequence[int], window_strides: Sequence[int], **_: Any
) -> bool:
    """Whether windows lie over image batches of floats with these spatial axes: what ONNX's pools are for."""
    moved = _window_axes(window_dimensions, window_strides)
    return array.ndim == 4 and bool(moved) and {*moved} <= {*spatial} and jnp.issubdtype(array.dtype, jnp.floating)


def _of_windows(name: str, operand: Any, base_dilation: Any, window_dilation: Any, **windows: Any) -> Any:
    if any(size != 1 for size in base_dilation):
        raise NotImplementedError("a maximum or sum over windows of a dilated array")
    if name == "reduce_window_max":
        if _over_images(operand, (2, 3), **windows):
            return lax.reduce_window(operand, -np.inf, lax.max, **windows, window_dilation=window_dilation)
        lowest = -np.inf if jnp.issubdtype(operand.dtype, jnp.floating) else jnp.iinfo(operand.dtype).min
        return _of_slices(jnp.maximum, lowest, operand, window_dilation, **windows)
    if any(size != 1 for size in window_dilation):
        return _of_slices(jnp.add, 0, operand, window_dilation, **windows)
    return _sum_of_windows(operand, **windows)


def _of_slices(
    join: Callable[[Any, Any], Any],
    neutral: float,
    operand: Any,
    window_dilation: Sequence[int],
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
) -> Any:
    """What windows hold, joined: of one axis after the other, as a window is its rows' results joined."""
    filler = np.asarray(neutral, operand.dtype)
    moved = _window_axes(window_dimensions, window_strides)
    for axis in moved:
        before, after = padding[axis]
        if before or after:
            sides = [(before, after, 0) if a == axis else (0, 0, 0) for a in range(operand.ndim)]
            operand = _padded(operand, filler, sides)
    for axis in moved:
        size, stride, rate = window_dimensions[axis], window_strides[axis], window_dilation[axis]
        count = (operand.shape[axis] - (size - 1) * rate - 1) // stride + 1
        starts = range(0, size * rate, rate)
        taps = [lax.slice_in_dim(operand, at, at + (count - 1) * stride + 1, stride, axis) for at in starts]
        operand = functools.reduce(join, taps)
    return operand


def _sum_of_windows(
    operand: Any,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
) -> Any:
    """As a sum or a convolution by channel; jax2onnx makes one over all axes, the batch too, which few can read."""
    axes = _window_axes(window_dimensions, window_strides)
    if all(window_dimensions[axis] == operand.shape[axis] and not any(padding[axis]) for axis in axes):
        return jnp.sum(operand, axes, keepdims=True)
    if not _over_images(operand, (2, 3), window_dimensions, window_strides):
        return _of_slices(jnp.add, 0, operand, [1] * operand.ndim, window_dimensions, window_strides, padding)
    shape = (operand.shape[1], 1, *window_dimensions[2:])
    ones: Any = np.ones(shape, operand.dtype)  # an array of NumPy's: it is a value of the file
    return lax.conv_general_dilated(
        operand, ones, window_strides[2:], padding[2:],
        dimension_numbers=_CHANNELS_FIRST, feature_group_count=operand.shape[1], precision=lax.Precision.HIGHEST,
    )  # fmt: skip

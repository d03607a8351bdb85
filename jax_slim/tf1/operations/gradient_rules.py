"""Gradients written as TensorFlow writes them, node by node, where programs know the nodes by name or a node each is cheaper than `jax.vjp`."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, gradients, known_values, rows, shape_inference, shapes
from jax_slim.tf1.operations import arrays, slicing

make = building.make


@rows.row(
    "BroadcastGradientArgs",
    static=("s0", "s1"),
    shape=lambda op: [shapes.unknown_shape(1), shapes.unknown_shape(1)],
    gradient=rows.NONE,
)
def broadcast_gradient_args(s0: Any, s1: Any) -> Any:
    """The axes along which the gradients of two arguments that were broadcast have to be summed."""
    a, b = np.asarray(s0), np.asarray(s1)
    rank = max(len(a), len(b))
    a, b = np.concatenate([np.ones(rank - len(a), a.dtype), a]), np.concatenate([np.ones(rank - len(b), b.dtype), b])
    both = np.arange(rank)
    return both[(a == 1) & ((b != 1) | (a == b))].astype(s0.dtype), both[(b == 1) & ((a != 1) | (a == b))].astype(
        s0.dtype
    )


def _same_shapes(op: Any, grad: Any) -> bool:
    x, y = op._inputs
    return x.shape.is_fully_defined() and x.shape.sizes == y.shape.sizes == grad.shape.sizes


def _number(op: Any, place: int) -> bool:
    """Whether an argument is a scalar that needs no gradient: then nothing has to be summed for the other one."""
    return op._inputs[place].shape.sizes == () and place in op.private.get("unused", ())


def _summed(op: Any, first: Any, second: Any) -> list[Any]:
    """Gradients of two arguments, summed over the axes that were broadcast; each is given as a function that makes it."""
    x, y = op._inputs
    shape_x, shape_y = _shape(x), _shape(y)
    axes_x, axes_y = make("BroadcastGradientArgs", shape_x, shape_y)
    result = []
    for gradient, axes, shape in ((first, axes_x, shape_x), (second, axes_y, shape_y)):
        result.append(make("Reshape", make("Sum", gradient(), axes), shape))
    return result


def _shape(x: Any) -> Any:
    if x.shape.is_fully_defined():
        return conversion.constant(np.array(x.shape.as_list(), np.int32), name="Shape")
    return make("Shape", x)


def _real_only(rule: Any) -> Any:
    """A rule that holds for real numbers; complex ones, of which factors are conjugated, are left to `jax.vjp`."""

    def gradient(op: Any, grad: Any) -> Any:
        return gradients.generic(op, [grad]) if grad.dtype.is_complex else rule(op, grad)

    return gradient


@rows.set_gradient("Identity")
def identity(op: Any, grad: Any) -> Any:
    """The gradient itself: no node."""
    return grad


@rows.set_gradient("Neg")
def neg(op: Any, grad: Any) -> Any:
    return make("Neg", grad)


@rows.set_gradient("Add", "AddV2")
def add(op: Any, grad: Any) -> list[Any]:
    if _number(op, 1):
        return [grad, None]
    if _same_shapes(op, grad):
        return [grad, grad]
    return _summed(op, lambda: grad, lambda: grad)


@rows.set_gradient("Sub")
def sub(op: Any, grad: Any) -> list[Any]:
    if _number(op, 1):
        return [grad, None]
    if _same_shapes(op, grad):
        return [grad, make("Neg", grad)]
    x, y = op._inputs
    shape_x, shape_y = _shape(x), _shape(y)
    axes_x, axes_y = make("BroadcastGradientArgs", shape_x, shape_y)
    return [
        make("Reshape", make("Sum", grad, axes_x), shape_x),
        make("Reshape", make("Neg", make("Sum", grad, axes_y)), shape_y),
    ]


@rows.set_gradient("Mul")
@_real_only
def mul(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    if x.dtype.is_complex:
        return _summed(op, lambda: make("Mul", grad, make("Conj", y)), lambda: make("Mul", make("Conj", x), grad))
    if _number(op, 1):
        return [make("Mul", grad, y), None]
    if _number(op, 0):
        return [None, make("Mul", grad, x)]
    if _same_shapes(op, grad):
        return [make("Mul", grad, y), make("Mul", grad, x)]
    return _summed(op, lambda: make("Mul", grad, y), lambda: make("Mul", x, grad))


@rows.set_gradient("Pow")
@_real_only
def power(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    if _number(op, 1) and not x.dtype.is_complex:
        less = make("Sub", y, conversion.constant(1, y.dtype.base_dtype, name="y"), name="sub")
        return [make("Mul", make("Mul", grad, y, name="mul"), make("Pow", x, less, name="Pow"), name="mul"), None]
    return gradients.generic(op, [grad])


@rows.set_gradient("RealDiv")
@_real_only
def real_div(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    return _summed(
        op,
        lambda: make("RealDiv", grad, y),
        lambda: make("Mul", grad, make("RealDiv", make("RealDiv", make("Neg", x), y, name="RealDiv"), y)),
    )


@rows.set_gradient("FloorMod")
def floor_mod(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    return _summed(op, lambda: grad, lambda: make("Mul", grad, make("Neg", make("FloorDiv", x, y))))


def _chosen(comparison: str) -> Any:
    def gradient(op: Any, grad: Any) -> list[Any]:
        x, y = op._inputs
        shape_x, shape_y = _shape(x), _shape(y)
        zeros = make("ZerosLike", grad, name="zeros")
        mask = make(comparison, x, y)
        axes_x, axes_y = make("BroadcastGradientArgs", shape_x, shape_y)
        gx, gy = make("Select", mask, grad, zeros), make("Select", mask, zeros, grad)
        return [make("Reshape", make("Sum", gx, axes_x), shape_x), make("Reshape", make("Sum", gy, axes_y), shape_y)]

    return gradient


rows.set_gradient("Maximum")(_chosen("GreaterEqual"))
rows.set_gradient("Minimum")(_chosen("LessEqual"))


@rows.set_gradient("Square")
@_real_only
def square(op: Any, grad: Any) -> Any:
    x = op._inputs[0]
    return make("Mul", grad, make("Mul", x, conversion.constant(2.0, x.dtype.base_dtype)))


@rows.set_gradient("Abs")
def absolute(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Sign", op._inputs[0]), name="mul")


@rows.set_gradient("SquaredDifference")
def squared_difference(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    scale = make("Mul", conversion.constant(2.0, grad.dtype.base_dtype, name="scalar"), grad, name="Mul")
    gradient = make("Mul", scale, make("Sub", x, y, name="sub"), name="mul")
    if _same_shapes(op, grad):
        return [gradient, make("Neg", gradient)]
    shape_x, shape_y = _shape(x), _shape(y)
    axes_x, axes_y = make("BroadcastGradientArgs", shape_x, shape_y)
    whole = x.shape.is_fully_defined() and x.shape.sizes == grad.shape.sizes
    return [
        gradient if whole else make("Reshape", make("Sum", gradient, axes_x), shape_x),
        make("Neg", make("Reshape", make("Sum", gradient, axes_y), shape_y)),
    ]


@rows.set_gradient("Sin")
@_real_only
def sin(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Cos", op._inputs[0]), name="mul")


@rows.set_gradient("Cos")
@_real_only
def cos(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Neg", make("Sin", op._inputs[0])), name="mul")


@rows.set_gradient("Exp")
@_real_only
def exp(op: Any, grad: Any) -> Any:
    return make("Mul", grad, op.outputs[0], name="mul")


@rows.set_gradient("MatMul")
def matmul(op: Any, grad: Any) -> list[Any]:
    a, b = op._inputs
    ta, tb = op.attrs["transpose_a"], op.attrs["transpose_b"]
    if a.dtype.is_complex:
        return gradients.generic(op, [grad])
    if not ta and not tb:
        return [make("MatMul", grad, b, transpose_b=True), make("MatMul", a, grad, transpose_a=True)]
    if not ta:
        return [make("MatMul", grad, b), make("MatMul", grad, a, transpose_a=True)]
    if not tb:
        return [make("MatMul", b, grad, transpose_b=True), make("MatMul", a, grad)]
    return [
        make("MatMul", b, grad, transpose_a=True, transpose_b=True),
        make("MatMul", grad, a, transpose_a=True, transpose_b=True),
    ]


@rows.row("ReluGrad", shape=shape_inference.like_input())
def relu_grad(gradients: Any, features: Any) -> Any:
    """The gradient where the features are above 0."""
    return arrays.xp(gradients, features).where(features > 0, gradients, gradients.dtype.type(0))


@rows.set_gradient("Relu")
def relu(op: Any, grad: Any) -> Any:
    return make("ReluGrad", grad, op.outputs[0])


@rows.set_gradient("ReluGrad")
def relu_grad_grad(op: Any, grad: Any) -> list[Any]:
    return [make("ReluGrad", grad, op._inputs[1]), None]


@rows.set_gradient("L2Loss")
def l2_loss(op: Any, grad: Any) -> Any:
    return make("Mul", op._inputs[0], grad, name="mul")


@rows.set_gradient("Reshape")
def reshape(op: Any, grad: Any) -> list[Any]:
    return [make("Reshape", grad, _shape(op._inputs[0])), None]


@rows.set_gradient("ExpandDims", "Squeeze")
def other_rank(op: Any, grad: Any) -> list[Any]:
    return [make("Reshape", grad, _shape(op._inputs[0])), *[None] * (len(op._inputs) - 1)]


@rows.set_gradient("Pack")
def pack(op: Any, grad: Any) -> list[Any]:
    return list(make("Unpack", grad, num=op.attrs["N"], axis=op.attrs["axis"], name="unstack"))


@rows.set_gradient("Unpack")
def unpack(op: Any, *grads: Any) -> Any:
    return make("Pack", list(grads), axis=op.attrs["axis"], name="stack")


@rows.set_gradient("Split")
def split(op: Any, *grads: Any) -> list[Any]:
    return [None, _joined(grads, op._inputs[0])]


@rows.set_gradient("SplitV")
def split_v(op: Any, *grads: Any) -> list[Any]:
    return [_joined(grads, op._inputs[2]), None, None]


def _joined(grads: Any, axis: Any) -> Any:
    return make("ConcatV2", list(grads), axis, name="concat") if len(grads) > 1 else grads[0]


def _known_bounds(op: Any) -> tuple[str, ...]:
    from jax_slim.tf1.operations import slicing

    return ("shape", *slicing.known_bounds(op, 1))


@rows.row(
    "StridedSliceGrad", static=_known_bounds, shape=lambda op: [known_values.constant_value_as_shape(op._inputs[0])]
)
def strided_slice_grad(shape: Any, begin: Any, end: Any, strides: Any, dy: Any, *, begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0,
                       new_axis_mask: int = 0, shrink_axis_mask: int = 0) -> Any:  # fmt: skip
    """A gradient put where a slice of `shape` was taken; zeros elsewhere."""
    masks = dict(
        begin_mask=begin_mask,
        end_mask=end_mask,
        ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask,
        shrink_axis_mask=shrink_axis_mask,
    )
    places = slicing.strided_slice(
        np.arange(int(np.prod(shape)), dtype=np.int64).reshape(tuple(shape)), begin, end, strides, **masks
    )
    total = int(np.prod(shape))
    if arrays.xp(dy, places) is np:
        flat = np.zeros(total, dy.dtype)
        flat[places.reshape(-1)] = dy.reshape(-1)
        return flat.reshape(tuple(shape))
    import jax
    import jax.numpy as jnp

    zeros = jnp.zeros(tuple(int(s) for s in shape), dy.dtype)
    return jax.vjp(lambda x: slicing.strided_slice(x, begin, end, strides, **masks), zeros)[1](
        dy.reshape(places.shape)
    )[0]


@rows.set_gradient("StridedSlice")
def strided_slice(op: Any, grad: Any) -> list[Any]:
    x, begin, end, strides = op._inputs
    masks = {n: op.attrs[n] for n in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")}
    shape = (
        conversion.constant(np.array(x.shape.as_list(), begin.dtype.as_numpy_dtype), name="Shape")
        if x.shape.is_fully_defined()
        else make("Shape", x, out_type=begin.dtype.base_dtype)
    )
    return [make("StridedSliceGrad", shape, begin, end, strides, grad, **masks), None, None, None]


@rows.set_gradient("Cumsum")
def cumsum(op: Any, grad: Any) -> list[Any]:
    return [make("Cumsum", grad, op._inputs[1], exclusive=op.attrs["exclusive"], reverse=not op.attrs["reverse"]), None]


@rows.set_gradient("Cumprod")
def cumprod(op: Any, grad: Any) -> list[Any]:
    """NaN where an element is 0, as TensorFlow 1's."""
    x, axis = op._inputs
    exclusive, reverse = op.attrs["exclusive"], op.attrs["reverse"]
    products = make("Mul", make("Cumprod", x, axis, exclusive=exclusive, reverse=reverse), grad, name="mul")
    summed = make("Cumsum", products, axis, exclusive=exclusive, reverse=not reverse)
    return [make("RealDiv", summed, x, name="truediv"), None]


@rows.set_gradient("NextAfter")
def next_after(op: Any, grad: Any) -> list[Any]:
    """It moves with the first number alone."""
    return _summed(op, lambda: grad, lambda: make("ZerosLike", grad))


def _only(*places: int) -> Any:
    """The gradients by `jax.vjp` of these inputs: others are held to be constants, as TensorFlow holds them."""

    def gradient(op: Any, *grads: Any) -> list[Any]:
        return [g if place in places else None for place, g in enumerate(gradients.generic(op, list(grads)))]

    return gradient


for _types, _places in {
    ("MatrixSolveLs",): (0, 1), ("MatrixDiagV2", "MatrixDiagV3", "MatrixDiagPartV2", "MatrixDiagPartV3"): (0,),
    ("Polygamma", "Zeta"): (1,), ("Betainc",): (2,),
}.items():  # fmt: skip
    rows.set_gradient(*_types)(_only(*_places))

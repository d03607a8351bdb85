"""Gradients of functions of numbers as the nodes that TensorFlow writes, so that it loads graphs that hold them."""

import math
from typing import Any

from jax_slim.tf1.graph import building, conversion, gradients, rows
from jax_slim.tf1.operations.gradient_rules import _real_only, _summed

make = building.make


def _constant(value: float, like: Any, name: str) -> Any:
    return conversion.constant(value, like.dtype.base_dtype, name=name)


def _of_result(kind: str) -> Any:
    """The gradient by an operation of its own, that takes the function's result."""

    def gradient(op: Any, grad: Any) -> Any:
        return make(kind, op.outputs[0], grad)

    return _real_only(gradient)


for _type in ("Sigmoid", "Tanh", "Sqrt", "Rsqrt", "Inv", "Reciprocal"):
    rows.set_gradient(_type)(_of_result(f"{_type}Grad"))


@rows.set_gradient("SigmoidGrad")
def sigmoid_grad(op: Any, grad: Any) -> list[Any]:
    y, before = op._inputs
    moved = make("Mul", grad, before, name="mul")
    twice = make("Mul", make("Mul", _constant(2.0, y, "mul_1/x"), moved, name="mul"), y, name="mul")
    return [make("Sub", moved, twice, name="sub"), make("SigmoidGrad", y, grad)]


@rows.set_gradient("TanhGrad")
def tanh_grad(op: Any, grad: Any) -> list[Any]:
    y, before = op._inputs
    twice = make("Mul", make("Mul", grad, _constant(-2.0, y, "mul/y"), name="mul"), before, name="mul")
    return [make("Mul", twice, y, name="mul"), make("TanhGrad", y, grad)]


@rows.set_gradient("Log")
@_real_only
def log(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Reciprocal", op._inputs[0]), name="mul")


@rows.set_gradient("Log1p")
@_real_only
def log1p(op: Any, grad: Any) -> Any:
    x = op._inputs[0]
    return make("Mul", grad, make("Reciprocal", make("AddV2", _constant(1, x, "add/x"), x, name="add")), name="mul")


@rows.set_gradient("Expm1")
@_real_only
def expm1(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Exp", op._inputs[0]), name="mul")


@rows.set_gradient("Sinh")
@_real_only
def sinh(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Cosh", op._inputs[0]), name="mul")


@rows.set_gradient("Cosh")
@_real_only
def cosh(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Sinh", op._inputs[0]), name="mul")


@rows.set_gradient("Tan")
@_real_only
def tan(op: Any, grad: Any) -> Any:
    return make("Mul", make("Square", make("Reciprocal", make("Cos", op._inputs[0]))), grad, name="mul")


def _root_below_one(x: Any) -> Any:
    return make("Reciprocal", make("Sqrt", make("Sub", _constant(1, x, "Const"), make("Square", x), name="sub")))


@rows.set_gradient("Asin")
@_real_only
def asin(op: Any, grad: Any) -> Any:
    return make("Mul", grad, _root_below_one(op._inputs[0]), name="mul")


@rows.set_gradient("Acos")
@_real_only
def acos(op: Any, grad: Any) -> Any:
    return make("Mul", make("Neg", grad), _root_below_one(op._inputs[0]), name="mul")


@rows.set_gradient("Atan")
@_real_only
def atan(op: Any, grad: Any) -> Any:
    x = op._inputs[0]
    below = make("AddV2", _constant(1, x, "Const"), make("Square", x), name="add")
    return make("Mul", grad, make("Reciprocal", below), name="mul")


@rows.set_gradient("Erf")
def erf(op: Any, grad: Any) -> Any:
    x = op._inputs[0]
    scaled = make("Mul", grad, _constant(2 / math.sqrt(math.pi), x, "Const"), name="mul")
    return make("Mul", scaled, make("Exp", make("Neg", make("Square", x))), name="mul")


@rows.set_gradient("Lgamma")
def lgamma(op: Any, grad: Any) -> Any:
    return make("Mul", grad, make("Digamma", op._inputs[0]), name="mul")


@rows.set_gradient("Div")
@_real_only
def div(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    if not x.dtype.is_floating:
        return gradients.generic(op, [grad])
    return _summed(
        op,
        lambda: make("RealDiv", grad, y, name="truediv"),
        lambda: make(
            "Mul", grad, make("RealDiv", make("RealDiv", make("Neg", x), y, name="truediv"), y, name="truediv")
        ),
    )


@rows.set_gradient("DivNoNan")
@_real_only
def div_no_nan(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    twice = make("DivNoNan", make("DivNoNan", make("Neg", x), y, name="div_no_nan"), y, name="div_no_nan")
    return _summed(
        op,
        lambda: make("DivNoNan", grad, y, name="div_no_nan"),
        lambda: make("Mul", grad, twice, name="mul"),
    )


@rows.set_gradient("AddN", "AccumulateNV2")
def add_n(op: Any, grad: Any) -> list[Any]:
    """The gradient itself, for each: no node."""
    return [grad] * len(op._inputs)


@rows.set_gradient("IdentityN")
def identity_n(op: Any, *grads: Any) -> list[Any]:
    return list(grads)


@rows.set_gradient("EnsureShape", "PlaceholderWithDefault", "Snapshot", "DeepCopy", "GuaranteeConst")
def passed_on(op: Any, grad: Any) -> Any:
    """The gradient itself: no node."""
    return grad


@rows.set_gradient("CheckNumerics")
def check_numerics(op: Any, grad: Any) -> Any:
    """The gradient, checked too."""
    said = op.attrs["message"]
    said = said.encode() if isinstance(said, str) else said
    message = b"Not a number (NaN) or infinity (Inf) values detected in gradient. " + said
    return make("CheckNumerics", grad, message=message)


@rows.set_gradient("BatchMatMul", "BatchMatMulV2")
@_real_only
def batch_matmul(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs
    if x.dtype.is_complex or x.shape.ndims is None or y.shape.ndims is None:
        return gradients.generic(op, [grad])

    def product(a: Any, b: Any, adj_a: bool = False, adj_b: bool = False) -> Any:
        return make(op.type, a, b, adj_x=adj_a, adj_y=adj_b, name="MatMul")

    if not op.attrs["adj_x"]:
        if not op.attrs["adj_y"]:
            found = [product(grad, y, False, True), product(x, grad, True, False)]
        else:
            found = [product(grad, y), product(grad, x, True, False)]
    elif not op.attrs["adj_y"]:
        found = [product(y, grad, False, True), product(x, grad)]
    else:
        found = [product(y, grad, True, True), product(grad, x, True, True)]
    batches = [t.shape[:-2] for t in (x, y)]
    same = all(b.is_fully_defined() for b in batches) and batches[0].as_list() == batches[1].as_list()
    if same or op.type == "BatchMatMul" or x.shape.ndims == y.shape.ndims == 2:
        return found
    of_x, of_y = make("Shape", x), make("Shape", y)
    leading = [make("StridedSlice", s, [0], [-2], [1], begin_mask=1, name="strided_slice") for s in (of_x, of_y)]
    axes = make("BroadcastGradientArgs", *leading)
    return [
        make("Reshape", make("Sum", gradient, along), shape)
        for gradient, along, shape in zip(found, axes, (of_x, of_y), strict=True)
    ]


@rows.set_gradient("FakeQuantWithMinMaxArgs")
def fake_quant_args(op: Any, grad: Any) -> Any:
    facts = {name: op.attrs[name] for name in ("min", "max", "num_bits", "narrow_range")}
    return make("FakeQuantWithMinMaxArgsGradient", grad, op._inputs[0], **facts)


@rows.set_gradient("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")
def fake_quant_vars(op: Any, grad: Any) -> list[Any]:
    facts = {name: op.attrs[name] for name in ("num_bits", "narrow_range")}
    return list(make(f"{op.type}Gradient", grad, *op._inputs, **facts))

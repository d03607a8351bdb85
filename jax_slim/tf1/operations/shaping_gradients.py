"""Gradients of sums, and of what moves elements, as the nodes that TensorFlow writes, so that it loads graphs with them.

Where a shape is known, constants stand for what TensorFlow computes from it.
"""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, gradients, known_values, rows
from jax_slim.tf1.operations import arrays
from jax_slim.tf1.operations.gradient_rules import _shape

make = building.make


def _vector(values: Any, name: str) -> Any:
    return conversion.constant(np.array(values, np.int32), name=name)


def _axes(op: Any) -> list[int] | None:
    """The axes of a reduction, from 0 up; None where they or the number of axes are not known."""
    axes, rank = known_values.constant_value(op._inputs[1]), op._inputs[0].shape.ndims
    if axes is None or rank is None:
        return None
    return sorted({int(axis) % rank for axis in np.asarray(axes).reshape(-1)}) if rank else []


def _kept_shape(op: Any, axes: list[int], shape: Any) -> Any:
    """The shape of a reduction's result with the axes kept, as a tensor; `shape` is that of its input."""
    x = op._inputs[0]
    if len(axes) == x.shape.ndims:
        return _vector([1] * len(axes), "Reshape/shape")
    if x.shape.is_fully_defined():
        return _vector([1 if a in axes else s for a, s in enumerate(x.shape.as_list())], "Reshape/shape")
    # TensorFlow stitches it together, on the host; a product and a sum of known vectors are the same.
    ones = np.array([a in axes for a in range(x.shape.ndims)], np.int32)
    return make("AddV2", make("Mul", shape, _vector(1 - ones, "mul/y"), name="mul"), _vector(ones, "add/y"), name="add")


def _spread(op: Any, grad: Any) -> Any:
    """A gradient of a sum, repeated over what was added; None where the axes are not known."""
    axes, x = _axes(op), op._inputs[0]
    if axes is None and (op.attrs["keep_dims"] or op.outputs[0].shape.ndims == 0):  # whatever the rank
        return make("BroadcastTo", grad, make("Shape", x))
    if axes is None:
        return None
    shape = None if x.shape.is_fully_defined() else make("Shape", x)
    kept = _kept_shape(op, axes, shape)
    reshaped = make("Reshape", grad, kept)
    if shape is None:
        sizes = x.shape.as_list()
        return make("Tile", reshaped, _vector([s if a in axes else 1 for a, s in enumerate(sizes)], "Tile/multiples"))
    if len(axes) == x.shape.ndims:
        return make("Tile", reshaped, shape)
    least = make("Maximum", kept, _vector(1, "Maximum/y"))
    return make("Tile", reshaped, make("FloorDiv", shape, least, name="floordiv"))


@rows.set_gradient("Sum")
def total(op: Any, grad: Any) -> list[Any]:
    found = _spread(op, grad)
    return gradients.generic(op, [grad]) if found is None else [found, None]


@rows.set_gradient("Mean")
def mean(op: Any, grad: Any) -> list[Any]:
    x, y = op._inputs[0], op.outputs[0]
    found = _spread(op, grad)
    if found is None or x.dtype.is_complex:
        return gradients.generic(op, [grad])
    if x.shape.is_fully_defined() and y.shape.is_fully_defined():
        count = x.shape.num_elements() // max(y.shape.num_elements(), 1)
        factor: Any = conversion.constant(count, found.dtype.base_dtype, name="Const")
    else:
        sizes = [make("Prod", make("Shape", t), _vector([0], "Const")) for t in (x, y)]
        least = make("Maximum", sizes[1], _vector(1, "Maximum/y"))
        factor = make("Cast", make("FloorDiv", sizes[0], least, name="floordiv"), DstT=found.dtype.base_dtype)
    return [make("RealDiv", found, factor, name="truediv"), None]


@rows.set_gradient("Max", "Min")
def extreme(op: Any, grad: Any) -> list[Any]:
    """Shared evenly by all that are as large."""
    axes, x = _axes(op), op._inputs[0]
    if axes is None:
        return gradients.generic(op, [grad])
    kept = _kept_shape(op, axes, None if x.shape.is_fully_defined() else make("Shape", x))
    y, spread = make("Reshape", op.outputs[0], kept), make("Reshape", grad, kept)
    chosen = make("Cast", make("Equal", y, x), DstT=grad.dtype.base_dtype)
    count = make("Reshape", make("Sum", chosen, op._inputs[1]), kept)
    return [make("Mul", make("RealDiv", chosen, count, name="truediv"), spread, name="mul"), None]


@rows.set_gradient("Transpose")
def transpose(op: Any, grad: Any) -> list[Any]:
    return [make("Transpose", grad, make("InvertPermutation", op._inputs[1]), name="transpose"), None]


@rows.set_gradient("Pad", "PadV2")
def pad(op: Any, grad: Any) -> list[Any]:
    """What is left where nothing was added."""
    x, paddings = op._inputs[:2]
    if x.shape.ndims is None:
        return gradients.generic(op, [grad])
    before = make("Slice", paddings, _vector([0, 0], "Slice/begin"), _vector([x.shape.ndims, 1], "Slice/size"))
    begin = make("Reshape", before, _vector([-1], "Reshape/shape"))
    sizes = make("Shape", x, out_type=paddings.dtype.base_dtype)
    return [make("Slice", grad, begin, sizes), *[None] * (len(op._inputs) - 1)]


@rows.set_gradient("MirrorPad")
def mirror_pad(op: Any, grad: Any) -> list[Any]:
    return [make("MirrorPadGrad", grad, op._inputs[1], mode=op.attrs["mode"]), None]


@rows.set_gradient("MirrorPadGrad")
def mirror_pad_grad(op: Any, grad: Any) -> list[Any]:
    return [make("MirrorPad", grad, op._inputs[1], mode=op.attrs["mode"]), None]


@rows.row("MirrorPadGrad", static=("paddings",))
def mirror_pad_grad_row(input: Any, paddings: Any, *, mode: bytes) -> Any:
    """Adds what stands in mirrored edges to the elements they show."""
    found = input
    xp = arrays.xp(input)
    for axis, (before, after) in enumerate(np.asarray(paddings).tolist()):
        size = found.shape[axis] - before - after
        off = int(mode == b"REFLECT")
        middle = [slice(None)] * found.ndim

        def part(start: int, end: int, found: Any = found, middle: Any = middle, axis: int = axis) -> Any:
            where = list(middle)
            where[axis] = slice(start, end)
            return found[tuple(where)]

        kept = part(before, before + size)
        for count, edge, start in (
            (before, part(0, before), off),
            (after, part(before + size, before + size + after), size - after - off),
        ):
            if count:
                pairs = [(start, size - start - count) if a == axis else (0, 0) for a in range(found.ndim)]
                kept = kept + xp.pad(xp.flip(edge, axis), pairs)
        found = kept
    return found


@rows.set_gradient("Slice")
def part(op: Any, grad: Any) -> list[Any]:
    """Zeros around."""
    x, begin, _ = op._inputs
    if x.shape.ndims is None:
        return gradients.generic(op, [grad])
    kind = begin.dtype.base_dtype
    column = _vector([x.shape.ndims, 1], "stack")
    before = make("Reshape", begin, column)
    left = make("Sub", make("Shape", x, out_type=kind), make("Shape", op.outputs[0], out_type=kind), name="sub")
    after = make("Reshape", make("Sub", left, begin, name="sub"), column)
    paddings = make("ConcatV2", [before, after], _vector(1, "concat/axis"), name="concat")
    return [make("Pad", grad, paddings), None, None]


@rows.set_gradient("Tile")
def tile(op: Any, grad: Any) -> list[Any]:
    """Summed over the repetitions."""
    x, multiples = op._inputs
    if x.shape.ndims is None:
        return gradients.generic(op, [grad])
    pairs = make("Pack", [multiples, make("Shape", x, out_type=multiples.dtype.base_dtype)], axis=1, name="stack")
    split = make("Reshape", grad, make("Reshape", pairs, _vector([-1], "Reshape/shape")))
    return [make("Sum", split, _vector(range(0, 2 * x.shape.ndims, 2), "range")), None]


@rows.set_gradient("BroadcastTo")
def broadcast_to(op: Any, grad: Any) -> list[Any]:
    x, shape = op._inputs
    of_x = make("Shape", x, out_type=shape.dtype.base_dtype)
    _, axes = make("BroadcastGradientArgs", shape, of_x)
    return [make("Reshape", make("Sum", grad, axes), of_x), None]


@rows.set_gradient("Select")
def select(op: Any, grad: Any) -> list[Any]:
    condition, x = op._inputs[:2]
    zeros = make("ZerosLike", x, name="zeros_like")
    return [None, make("Select", condition, grad, zeros), make("Select", condition, zeros, grad)]


@rows.set_gradient("SelectV2")
def select_v2(op: Any, grad: Any) -> list[Any]:
    condition, x, y = op._inputs
    zeros = conversion.constant(0, grad.dtype.base_dtype, name="zeros")
    found: list[Any] = [None]
    for place, (value, sides) in enumerate(((x, (grad, zeros)), (y, (zeros, grad))), 1):
        if place in op.private.get("unused", ()):
            found.append(None)
            continue
        chosen = make("SelectV2", condition, *sides)
        known = value.shape.is_fully_defined() and value.shape.sizes == grad.shape.sizes
        if not known:
            shape = _shape(value)
            axes, _ = make("BroadcastGradientArgs", shape, make("Shape", grad))
            chosen = make("Reshape", make("Sum", chosen, axes), shape)
        found.append(chosen)
    return found


@rows.set_gradient("ReverseV2")
def reverse(op: Any, grad: Any) -> list[Any]:
    return [make("ReverseV2", grad, op._inputs[1]), None]


@rows.set_gradient("ReverseSequence")
def reverse_sequence(op: Any, grad: Any) -> list[Any]:
    facts = {name: op.attrs[name] for name in ("seq_dim", "batch_dim")}
    return [make("ReverseSequence", grad, op._inputs[1], **facts), None]


def _there_and_back(kind: str, other: str, *names: str) -> None:
    for one, back in ((kind, other), (other, kind)):

        def gradient(op: Any, grad: Any, back: str = back) -> list[Any]:
            facts = {name: op.attrs[name] for name in names}
            return [make(back, grad, *op._inputs[1:], **facts), *[None] * (len(op._inputs) - 1)]

        rows.set_gradient(one)(gradient)


_there_and_back("SpaceToBatchND", "BatchToSpaceND")
_there_and_back("SpaceToBatch", "BatchToSpace", "block_size")
_there_and_back("SpaceToDepth", "DepthToSpace", "block_size", "data_format")


@rows.set_gradient("ConcatV2")
def concat(op: Any, grad: Any) -> list[Any]:
    """Each part of it."""
    *values, axis = op._inputs
    place, rank = known_values.constant_value(axis), values[0].shape.ndims
    if place is None or rank is None or any(v.shape.ndims != rank for v in values):
        return gradients.generic(op, [grad])
    place = int(place) % rank
    result, begin = [], 0
    if any(v.shape[place].value is None for v in values):
        shapes = make("ShapeN", values) if len(values) > 1 else [make("Shape", values[0])]
        offsets = make("ConcatOffset", _vector(place, "mod"), list(shapes))
        return [*(make("Slice", grad, at, s) for at, s in zip(offsets, shapes, strict=True)), None]
    for value in values:
        start = [0] * rank
        start[place] = begin
        begin += value.shape[place].value
        size = _vector(value.shape.as_list(), "Slice/size") if value.shape.is_fully_defined() else make("Shape", value)
        result.append(make("Slice", grad, _vector(start, "Slice/begin"), size))
    return [*result, None]


@rows.set_gradient("Conv3DBackpropInputV2")
def conv3d_backprop_input(op: Any, grad: Any) -> list[Any]:
    """Of a transposed convolution: towards its filters and towards what it spreads."""
    _, filters, outputs = op._inputs
    facts = {name: op.attrs[name] for name in ("strides", "padding", "data_format", "dilations")}
    return [
        None,
        make("Conv3DBackpropFilterV2", grad, _shape(filters), outputs, **facts),
        make("Conv3D", grad, filters, **facts),
    ]


@rows.set_gradient("CropAndResize")
def crop_and_resize(op: Any, grad: Any) -> list[Any]:
    image, boxes, indices, _ = op._inputs
    facts = {"method": op.attrs["method"]}
    of_image = None
    if image.dtype.is_floating:
        kind = image.dtype.base_dtype
        of_image = make("CropAndResizeGradImage", grad, boxes, indices, _shape(image), T=kind, **facts)
    return [of_image, make("CropAndResizeGradBoxes", grad, image, boxes, indices), None, None]

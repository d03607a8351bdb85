"""`any_size` as nodes of an ONNX graph: pixels of any size to prepared images, in the same steps and in float32."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jax_slim.exporting import any_size

_FLOAT = 1  # ONNX's numbers for dtypes
_INT64 = 7


class Nodes:
    """Nodes under construction, each with one output, which is named after `prefix`.

    Attributes:
      nodes: those made so far, in an order in which they can be computed.
      constants: the arrays that they read.
    """

    def __init__(self, prefix: str) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._prefix = prefix

    def __call__(self, kind: str, *operands: Any, output: str | None = None, **attributes: Any) -> str:
        """Adds an operation; operands are names, or numbers and arrays. Returns the name of its result."""
        from onnx import helper

        names = [operand if isinstance(operand, str) else self._constant(operand) for operand in operands]
        output = output or f"{self._prefix}{kind}_{len(self.nodes)}"
        # With a name, though ONNX asks for none: converters to float16 name what they add after it.
        self.nodes.append(helper.make_node(kind, names, [output], name=output, **attributes))
        return output

    def _constant(self, value: Any) -> str:
        from onnx import numpy_helper

        array = np.asarray(value)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        name = f"{self._prefix}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name


class _Size(NamedTuple):
    """Rows and columns of the images, as float32."""

    rows: str
    columns: str


def vgg(add: Nodes, images: str, height: int, width: int) -> str:
    """As `any_size.vgg`."""
    size = _size(add, images)
    smaller = float(max(any_size.VGG_SMALLER_SIDE, height, width))
    scale = add("Div", smaller, add("Min", *size))
    for axis, length, wanted in ((1, size.rows, height), (2, size.columns, width)):
        resized = add("Round", add("Mul", length, scale))  # halves to even, as rint
        offset = add("Floor", add("Div", add("Sub", resized, float(wanted)), 2.0))
        positions = add("Mul", add("Add", _range(wanted), offset), add("Div", length, resized))
        images = _read(add, images, axis, positions, length)
    return add("Sub", images, np.array(any_size.VGG_MEANS, np.float32))


def imagenet(add: Nodes, images: str, height: int, width: int) -> str:
    """As `any_size.imagenet`."""
    shifted = add("Sub", vgg(add, images, height, width), np.array(any_size.IMAGENET_SHIFT, np.float32))
    return add("Div", shifted, np.array(any_size.IMAGENET_SCALE, np.float32))


def inception(add: Nodes, images: str, height: int, width: int) -> str:
    """As `any_size.inception`."""
    size = _size(add, images)
    images = add("Div", images, 255.0)
    for axis, length, wanted in ((1, size.rows, height), (2, size.columns, width)):
        part = add("Mul", length, any_size.INCEPTION_FRACTION)
        start = add("Floor", add("Div", add("Sub", length, part), 2.0))
        kept = add("Sub", length, add("Mul", start, 2.0))
        positions = add("Mul", _range(wanted), add("Div", kept, float(wanted)))
        images = _read(add, images, axis, positions, kept, start)
    return add("Mul", add("Sub", images, 0.5), 2.0)


def cifarnet(add: Nodes, images: str, height: int, width: int) -> str:
    """As `any_size.cifarnet`."""
    images = _cropped_or_padded(add, images, height, width)
    mean = add("ReduceMean", images, [1, 2, 3], keepdims=1)
    squares = add("ReduceMean", add("Mul", images, images), [1, 2, 3], keepdims=1)
    variance = add("Max", add("Sub", squares, add("Mul", mean, mean)), 0.0)
    values = add("ReduceProd", add("Cast", add("Slice", add("Shape", images), [1], [4]), to=_FLOAT), keepdims=0)
    least = add("Div", 1.0, add("Sqrt", values))
    return add("Div", add("Sub", images, mean), add("Max", add("Sqrt", variance), least))


def lenet(add: Nodes, images: str, height: int, width: int) -> str:
    """As `any_size.lenet`."""
    return add("Div", add("Sub", _cropped_or_padded(add, images, height, width), 128.0), 128.0)


PREPROCESSING: dict[str, Callable[[Nodes, str, int, int], str]] = {
    "cifarnet": cifarnet,
    "inception": inception,
    "lenet": lenet,
    "imagenet": imagenet,
    "vgg": vgg,
}


def _range(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.float32)


def _size(add: Nodes, images: str) -> _Size:
    # Sizes are whole already: Round is where onnxslim stops to follow them, which would divide them without remainder.
    shape = add("Round", add("Cast", add("Shape", images), to=_FLOAT))
    return _Size(*(add("Gather", shape, axis) for axis in (1, 2)))


def _read(add: Nodes, images: str, axis: int, positions: str, length: str, start: Any = 0.0) -> str:
    """Reads along one axis between pixels: positions within a crop of a length that begins at a pixel."""
    first = add("Floor", positions)
    last = add("Sub", length, 1.0)
    shape = [-1 if a == axis else 1 for a in range(4)]
    share = add("Reshape", add("Sub", positions, first), shape)
    one, other = (
        add("Gather", images, _index(add, add("Add", add("Max", add("Min", at, last), 0.0), start)), axis=axis)
        for at in (first, add("Add", first, 1.0))
    )
    return add("Add", one, add("Mul", add("Sub", other, one), share))


def _cropped_or_padded(add: Nodes, images: str, height: int, width: int) -> str:
    size = _size(add, images)
    for axis, length, wanted in ((1, size.rows, height), (2, size.columns, width)):
        # Half of the difference, towards zero: what is cut off before, or less what is added.
        half = add("Div", add("Sub", length, float(wanted)), 2.0)
        offset = add("Mul", add("Sign", half), add("Floor", add("Abs", half)))
        at = add("Add", _range(wanted), offset)
        last = add("Sub", length, 1.0)
        inside = add("And", add("GreaterOrEqual", at, 0.0), add("LessOrEqual", at, last))
        kept = add("Cast", add("Reshape", inside, [-1 if a == axis else 1 for a in range(4)]), to=_FLOAT)
        read = add("Gather", images, _index(add, add("Max", add("Min", at, last), 0.0)), axis=axis)
        images = add("Mul", read, kept)
    return images


def _index(add: Nodes, positions: str) -> str:
    return add("Cast", positions, to=_INT64)

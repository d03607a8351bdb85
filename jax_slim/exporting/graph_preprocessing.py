"""Evaluation preprocessing as nodes of a TensorFlow graph: photographs of any size to prepared images.

The steps are those of `any_size`, and of SSD's, by TensorFlow's own operations: it crops, and resizes bilinearly from
the corner.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jax_slim.exporting import any_size
from jax_slim.exporting.graph_nodes import Nodes, Tensor
from jax_slim.exporting.graph_writing import Writer, strided_slice
from jax_slim.preprocessing import ssd_vgg_preprocessing

_INT = np.dtype(np.int32)
_FLOAT = np.dtype(np.float32)
SCOPE = "preprocessing"


def vgg(steps: "_Steps", images: Tensor, height: int, width: int) -> Tensor:
    """As `any_size.vgg`."""
    rows, columns = (steps.as_float(s) for s in steps.size(images))
    smaller = float(max(any_size.VGG_SMALLER_SIDE, height, width))
    scale = steps.number("RealDiv", np.float32(smaller), steps.number("Minimum", rows, columns))
    wanted = [steps.as_int(steps.rounded(steps.number("Mul", side, scale))) for side in (rows, columns)]
    resized = steps.resized(images, steps.vector(wanted), (None, None))
    offsets = [
        steps.half(steps.number("Sub", side, np.int32(length)))
        for side, length in zip(wanted, (height, width), strict=True)
    ]
    cropped = steps.cropped(resized, offsets, [np.int32(height), np.int32(width)], (height, width))
    return steps.arrays("Sub", cropped, np.array(any_size.VGG_MEANS, np.float32))


def inception(steps: "_Steps", images: Tensor, height: int, width: int) -> Tensor:
    """As `any_size.inception`."""
    offsets, sizes = [], []
    for side in steps.size(images):
        length = steps.as_float(side)
        part = steps.number("Mul", length, np.float32(any_size.INCEPTION_FRACTION))
        start = steps.as_int(steps.number("RealDiv", steps.number("Sub", length, part), np.float32(2)))
        offsets.append(start)
        sizes.append(steps.number("Sub", side, steps.number("Mul", start, np.int32(2))))
    cropped = steps.cropped(steps.arrays("RealDiv", images, np.float32(255)), offsets, sizes, (None, None))
    resized = steps.resized(cropped, np.array([height, width], np.int32), (height, width))
    return steps.arrays("Mul", steps.arrays("Sub", resized, np.float32(0.5)), np.float32(2))


def cifarnet(steps: "_Steps", images: Tensor, height: int, width: int) -> Tensor:
    """As `any_size.cifarnet`."""
    images = steps.cropped_or_padded(images, height, width)
    mean, squares = steps.mean(images), steps.mean(steps.arrays("Square", images))
    variance = steps.arrays("Maximum", steps.arrays("Sub", squares, steps.arrays("Square", mean)), np.float32(0))
    least = np.float32((height * width * images.shape[3]) ** -0.5)
    deviation = steps.arrays("Maximum", steps.arrays("Sqrt", variance), least)
    centered = steps.arrays("Sub", images, mean)
    return steps.arrays("RealDiv", centered, deviation)


def lenet(steps: "_Steps", images: Tensor, height: int, width: int) -> Tensor:
    """As `any_size.lenet`."""
    images = steps.cropped_or_padded(images, height, width)
    return steps.arrays("RealDiv", steps.arrays("Sub", images, np.float32(128)), np.float32(128))


def ssd(steps: "_Steps", images: Tensor, height: int, width: int) -> Tensor:
    """As `ssd_preprocessing`: the whole image, from -1 to 1."""
    resized = steps.resized(images, np.array([height, width], np.int32), (height, width))
    return steps.arrays("Sub", steps.arrays("Mul", resized, np.float32(2 / 255)), np.float32(1))


def ssd_vgg(steps: "_Steps", images: Tensor, height: int, width: int) -> Tensor:
    """As `ssd_vgg_preprocessing`: the whole image, less the means."""
    resized = steps.resized(images, np.array([height, width], np.int32), (height, width))
    return steps.arrays("Sub", resized, ssd_vgg_preprocessing.MEANS)


PREPROCESSING: dict[str, Callable[["_Steps", Tensor, int, int], Tensor]] = {
    "cifarnet": cifarnet,
    "inception": inception,
    "lenet": lenet,
    "ssd": ssd,
    "ssd_vgg": ssd_vgg,
    "vgg": vgg,
}


def prepared(nodes: Nodes, photographs: Tensor, name: str, height: int, width: int) -> Tensor:
    """The nodes that prepare photographs, uint8 [batch, height, width, channels] of any size, for a net.

    Args:
      name: of the preprocessing.
      height, width: of the prepared images.
    """
    steps = _Steps(nodes)
    return PREPROCESSING[name](steps, steps.as_float(photographs), height, width)


class _Steps:
    """Nodes within the scope of the preprocessing."""

    def __init__(self, nodes: Nodes) -> None:
        self._writer = Writer(nodes)

    def as_float(self, x: Tensor) -> Tensor:
        return self._cast(x, _FLOAT)

    def as_int(self, x: Tensor) -> Tensor:
        """Towards zero."""
        return self._cast(x, _INT)

    def _cast(self, x: Tensor, dtype: np.dtype) -> Tensor:
        return self._writer.make("Cast", [x], x.shape, dtype, SCOPE, SrcT=x.dtype, DstT=dtype, Truncate=False)

    def rounded(self, x: Tensor) -> Tensor:
        return self.number("Round", x)

    def number(self, kind: str, *operands: Any) -> Tensor:
        dtype = next(o.dtype for o in operands if isinstance(o, Tensor))
        return self._writer.make(kind, operands, (), dtype, SCOPE, T=dtype)

    def half(self, x: Tensor) -> Tensor:
        """Half of an int, rounded down."""
        return self.number("FloorDiv", x, np.int32(2))

    def arrays(self, kind: str, *operands: Any) -> Tensor:
        like = operands[0]
        return self._writer.make(kind, operands, like.shape, like.dtype, SCOPE, T=like.dtype)

    def mean(self, x: Tensor) -> Tensor:
        """Of each image, the axes kept."""
        axes = np.array([1, 2, 3], np.int32)
        return self._writer.make(
            "Mean", [x, axes], (x.shape[0], 1, 1, 1), x.dtype, SCOPE, suffixes=("input", "reduction_indices"),
            T=x.dtype, Tidx=_INT, keep_dims=True,
        )  # fmt: skip

    def size(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and columns."""
        shape = self._writer.make("Shape", [images], (4,), _INT, SCOPE, T=images.dtype, out_type=_INT)
        rows, columns = (
            strided_slice(
                self._writer, shape, [np.array([v], np.int32) for v in (axis, axis + 1, 1)], (), SCOPE, shrink=1
            )
            for axis in (1, 2)
        )
        return rows, columns

    def vector(self, numbers: Sequence[Any]) -> Tensor:
        return self._writer.make(
            "Pack", numbers, (len(numbers),), _INT, SCOPE, suffixes=[str(i) for i in range(len(numbers))],
            N=len(numbers), T=_INT, axis=0,
        )  # fmt: skip

    def resized(self, images: Tensor, size: Any, known: tuple[Any, Any]) -> Tensor:
        shape = (images.shape[0], *known, images.shape[3])
        return self._writer.make(
            "ResizeBilinear", [images, size], shape, _FLOAT, SCOPE, suffixes=("images", "size"), T=images.dtype,
            align_corners=False, half_pixel_centers=False,
        )  # fmt: skip

    def cropped(self, images: Tensor, offsets: Sequence[Any], sizes: Sequence[Any], known: tuple[Any, Any]) -> Tensor:
        start = self.vector([np.int32(0), *offsets, np.int32(0)])
        size = self.vector([np.int32(-1), *sizes, np.int32(-1)])
        return self._writer.make(
            "Slice", [images, start, size], (images.shape[0], *known, images.shape[3]), images.dtype, SCOPE,
            suffixes=("input", "begin", "size"), T=images.dtype, Index=_INT,
        )  # fmt: skip

    def cropped_or_padded(self, images: Tensor, height: int, width: int) -> Tensor:
        """A central crop, or zeros around."""
        offsets, kept, sides = [], [], [self.vector([np.int32(0), np.int32(0)])]
        for side, wanted in zip(self.size(images), (height, width), strict=True):
            surplus = self.number("Sub", side, np.int32(wanted))
            offsets.append(self.number("Maximum", self.half(surplus), np.int32(0)))
            kept.append(self.number("Minimum", side, np.int32(wanted)))
            missing = self.number("Maximum", self.number("Neg", surplus), np.int32(0))
            before = self.half(missing)
            sides.append(self.vector([before, self.number("Sub", missing, before)]))
        cropped = self.cropped(images, offsets, kept, (None, None))
        sides.append(sides[0])
        paddings = self._writer.make(
            "Pack", sides, (4, 2), _INT, SCOPE, suffixes=("0", "1", "2", "3"), N=4, T=_INT, axis=0
        )
        return self._writer.make(
            "Pad", [cropped, paddings], (images.shape[0], height, width, images.shape[3]), images.dtype, SCOPE,
            suffixes=("tensor", "paddings"), T=images.dtype, Tpaddings=_INT,
        )  # fmt: skip

"""Convolutions and pooling of JAX as TensorFlow's."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jax_slim.exporting import graph_shaping
from jax_slim.exporting.graph_equations import Equation, Known
from jax_slim.exporting.graph_nodes import Tensor, is_known
from jax_slim.exporting.graph_writing import Writer

_INT = np.dtype(np.int32)
_FORMATS = {2: "NHWC", 3: "NDHWC"}


def same_padding(size: int, taps: int, stride: int) -> tuple[int, int]:
    """What TensorFlow's SAME adds before and after; `taps` is the window's extent, holes included."""
    total = max((math.ceil(size / stride) - 1) * stride + taps - size, 0)
    return total // 2, total - total // 2


def placed(
    writer: Writer,
    x: Tensor,
    taps: Sequence[int],
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    outside: float,
    scope: str,
) -> tuple[Tensor, str]:
    """Images [N, ..., C] and the padding that TensorFlow's operation gets: what it has no word for is added before."""
    padding = [(int(low), int(high)) for low, high in padding]
    if not any(map(any, padding)):
        return x, "VALID"
    sizes = x.shape[1:-1]
    if is_known(sizes) and padding == [same_padding(*facts) for facts in zip(sizes, taps, strides, strict=True)]:
        return x, "SAME"
    config = [(0, 0, 0), *((low, high, 0) for low, high in padding), (0, 0, 0)]
    return graph_shaping.padded(writer, x, np.asarray(outside, x.dtype), config, scope), "VALID"


def _conv(writer: Writer, equation: Equation) -> Tensor:
    p = equation.params
    x, weights = equation.operands[0], equation.operands[1]
    numbers = p["dimension_numbers"]
    if p["batch_group_count"] != 1:
        raise NotImplementedError("a convolution with groups of examples")
    scope, rank = equation.scope, len(numbers.lhs_spec)
    images = writer.transpose(writer.full(x, scope), _last(numbers.lhs_spec), scope)
    kernel = _turned(writer, weights, (*numbers.rhs_spec[2:], numbers.rhs_spec[1], numbers.rhs_spec[0]), scope)
    strides, padding = list(p["window_strides"]), [tuple(pair) for pair in p["padding"]]
    holes, between = list(p["rhs_dilation"]), list(p["lhs_dilation"])
    shape = [equation.kinds[0].shape[axis] for axis in _last(numbers.out_spec)]
    flat = rank == 3  # a row of pixels is an image of height 1
    if flat:
        images = writer.reshape(images, [images.shape[0], 1, *images.shape[1:]], scope)
        kernel = _reshaped(writer, kernel, (1, *kernel.shape), scope)
        strides, padding, holes, between = [1, *strides], [(0, 0), *padding], [1, *holes], [1, *between]
        shape = [shape[0], 1, *shape[1:]]
    groups = p["feature_group_count"]
    if len(strides) not in _FORMATS:
        raise NotImplementedError(f"a convolution over {len(strides)} axes")
    if any(step != 1 for step in between):
        made = _transposed(writer, images, kernel, strides, padding, holes, between, groups, shape, scope)
    elif groups == 1:
        made = _plain(writer, images, kernel, strides, padding, holes, shape, scope)
    elif groups == images.shape[-1] and len(strides) == 2:
        made = _depthwise(writer, images, kernel, strides, padding, holes, shape, scope)
    else:
        made = _grouped(writer, images, kernel, strides, padding, holes, groups, shape, scope)
    if flat:
        made = writer.reshape(made, [made.shape[0], *made.shape[2:]], scope)
    spec = _last(numbers.out_spec)
    return writer.transpose(made, [spec.index(axis) for axis in range(rank)], scope)


def _last(spec: Sequence[int]) -> list[int]:
    """The axes of images or results, the channels last."""
    return [spec[0], *spec[2:], spec[1]]


def _turned(writer: Writer, weights: Any, order: Sequence[int], scope: str) -> Any:
    if isinstance(weights, Known):
        return weights if list(order) == list(range(len(order))) else _like(weights, np.transpose(weights.value, order))
    return writer.transpose(writer.full(weights, scope), list(order), scope)


def _reshaped(writer: Writer, weights: Any, shape: Sequence[int], scope: str) -> Any:
    if isinstance(weights, Known):
        return _like(weights, weights.value.reshape(shape))
    return writer.reshape(weights, shape, scope)


def _like(known: Known, value: np.ndarray) -> Known:
    """An array made of a known one; the variable itself, where it is that."""
    for root in known.roots():
        if root.shape == value.shape and root.dtype == value.dtype and np.array_equal(root.value, value):
            return root
    return Known(value)


def _steps(values: Sequence[int]) -> list[int]:
    return [1, *(int(v) for v in values), 1]


def _extents(kernel: Any, holes: Sequence[int]) -> list[int]:
    return [(size - 1) * hole + 1 for size, hole in zip(kernel.shape, holes, strict=False)][: len(holes)]


def _plain(
    writer: Writer, images: Tensor, kernel: Any, strides: Any, padding: Any, holes: Any, shape: Any, scope: str
) -> Tensor:
    images, word = placed(writer, images, _extents(kernel, holes), strides, padding, 0, scope)
    if len(strides) == 3:
        return writer.make(
            "Conv3D", [images, kernel], shape, images.dtype, scope, suffixes=("input", "filter"), T=images.dtype,
            strides=_steps(strides), padding=word, data_format="NDHWC", dilations=_steps(holes),
        )  # fmt: skip
    return writer.make(
        "Conv2D", [images, kernel], shape, images.dtype, scope, suffixes=("input", "filter"), T=images.dtype,
        strides=_steps(strides), padding=word, data_format="NHWC", dilations=_steps(holes), use_cudnn_on_gpu=True,
        explicit_paddings=[],
    )  # fmt: skip


def _depthwise(
    writer: Writer, images: Tensor, kernel: Any, strides: Any, padding: Any, holes: Any, shape: Any, scope: str
) -> Tensor:
    height, width, _, many = kernel.shape
    channels = images.shape[-1]
    kernel = _reshaped(writer, kernel, (height, width, channels, many // channels), scope)
    if any(hole != 1 for hole in holes):
        return _dilated(writer, images, kernel, strides, padding, holes, shape, scope)
    even = strides[0] == strides[1]  # TensorFlow's has one stride for both axes
    steps = strides if even else [1, 1]
    images, word = placed(writer, images, _extents(kernel, holes), steps, padding, 0, scope)
    if even:
        return _depthwise_node(writer, images, kernel, steps, word, shape, scope)
    sizes = [s if word == "SAME" else s - k + 1 for s, k in zip(images.shape[1:3], kernel.shape, strict=False)]
    whole = [images.shape[0], *sizes, many]
    made = _depthwise_node(writer, images, kernel, steps, word, whole, scope)
    return graph_shaping.cut(writer, made, [0] * 4, whole, [1, *strides, 1], shape, scope)


def _depthwise_node(
    writer: Writer, images: Tensor, kernel: Any, strides: Any, word: str, shape: Any, scope: str
) -> Tensor:
    return writer.make(
        "DepthwiseConv2dNative", [images, kernel], shape, images.dtype, scope, suffixes=("input", "filter"),
        T=images.dtype, strides=_steps(strides), padding=word, data_format="NHWC", dilations=[1, 1, 1, 1],
    )  # fmt: skip


def _dilated(
    writer: Writer, images: Tensor, kernel: Any, strides: Any, padding: Any, holes: Any, shape: Any, scope: str
) -> Tensor:
    """A depthwise convolution with holes, which TensorFlow computes over interleaved parts of the images."""
    if any(step != 1 for step in strides):
        raise NotImplementedError("a depthwise convolution with holes and strides")
    sides, crops, inner = [], [], []
    for (low, high), size, hole, taps in zip(padding, images.shape[1:3], holes, kernel.shape, strict=False):
        more = -(size + low + high) % hole
        sides.append((low, high + more))
        crops.append((0, more))
        inner.append((size + low + high + more) // hole - taps + 1)
    batch, many, count = images.shape[0], kernel.shape[2] * kernel.shape[3], math.prod(holes)
    block = np.array(holes, np.int32)
    spread = [(s + low + high) // h for s, (low, high), h in zip(images.shape[1:3], sides, holes, strict=True)]
    parts = writer.make(
        "SpaceToBatchND", [images, block, np.array(sides, np.int32)],
        [batch * count, *spread, images.shape[3]], images.dtype, scope, suffixes=("input", "block_shape", "paddings"),
        T=images.dtype, Tblock_shape=_INT, Tpaddings=_INT,
    )  # fmt: skip
    made = _depthwise_node(writer, parts, kernel, [1, 1], "VALID", [batch * count, *inner, many], scope)
    return writer.make(
        "BatchToSpaceND", [made, block, np.array(crops, np.int32)], shape, images.dtype, scope,
        suffixes=("input", "block_shape", "crops"), T=images.dtype, Tblock_shape=_INT, Tcrops=_INT,
    )  # fmt: skip


def _grouped(
    writer: Writer,
    images: Tensor,
    kernel: Any,
    strides: Any,
    padding: Any,
    holes: Any,
    groups: int,
    shape: Any,
    scope: str,
) -> Tensor:
    """A convolution for each group of channels: TensorFlow 1 has none over several on a CPU."""
    channels, many = images.shape[-1] // groups, shape[-1] // groups
    made = []
    for group in range(groups):
        part = _channels(writer, images, group * channels, channels, scope)
        if isinstance(kernel, Known):
            weights: Any = Known(kernel.value[..., group * many : (group + 1) * many])
        else:
            weights = _channels(writer, kernel, group * many, many, scope)
        made.append(_plain(writer, part, weights, strides, padding, holes, [*shape[:-1], many], scope))
    return graph_shaping.concatenated(writer, made, len(shape) - 1, shape, scope)


def _channels(writer: Writer, x: Tensor, first: int, count: int, scope: str) -> Tensor:
    starts = [0] * (len(x.shape) - 1) + [first]
    limits = [*x.shape[:-1], first + count]
    return graph_shaping.cut(writer, x, starts, limits, [1] * len(limits), [*x.shape[:-1], count], scope)


def _transposed(
    writer: Writer,
    images: Tensor,
    kernel: Any,
    strides: Any,
    padding: Any,
    holes: Any,
    between: Any,
    groups: int,
    shape: Any,
    scope: str,
) -> Tensor:
    """A convolution over images with zeros between the pixels: the gradient of one with strides."""
    if any(s != 1 for s in (*strides, *holes)) or groups != 1 or len(between) not in _FORMATS:
        raise NotImplementedError("a transposed convolution with strides, holes or groups")
    axes = tuple(range(len(between)))
    turned = (*axes, len(axes) + 1, len(axes))
    if isinstance(kernel, Known):
        kernel = _like(kernel, np.transpose(np.flip(kernel.value, axes), turned))
    else:
        flipped = writer.make(
            "ReverseV2", [kernel, np.array(axes, np.int32)], kernel.shape, kernel.dtype, scope,
            suffixes=("tensor", "axis"), T=kernel.dtype, Tidx=_INT,
        )  # fmt: skip
        kernel = writer.transpose(flipped, turned, scope)
    taps, sizes, wanted = kernel.shape[: len(axes)], images.shape[1:-1], shape[1:-1]
    before = [k - 1 - low for k, (low, _) in zip(taps, padding, strict=True)]
    forward = [same_padding(size, k, s) for size, k, s in zip(wanted, taps, between, strict=True)]
    counts = [math.ceil(size / s) for size, s in zip(wanted, between, strict=True)]
    if counts == list(sizes) and before == [low for low, _ in forward]:
        return _gradient_node(writer, images, kernel, between, "SAME", shape, scope)
    whole = [(n - 1) * s + k for n, s, k in zip(sizes, between, taps, strict=True)]
    made = _gradient_node(writer, images, kernel, between, "VALID", [shape[0], *whole, shape[-1]], scope)
    edges = [(-start, start + size - full, 0) for start, size, full in zip(before, wanted, whole, strict=True)]
    return graph_shaping.padded(writer, made, np.zeros((), images.dtype), [(0, 0, 0), *edges, (0, 0, 0)], scope)


def _gradient_node(
    writer: Writer, images: Tensor, kernel: Any, strides: Any, word: str, shape: Any, scope: str
) -> Tensor:
    sizes = writer.sizes(shape, scope)
    names = ("input_sizes", "filter", "out_backprop")
    if len(strides) == 3:
        return writer.make(
            "Conv3DBackpropInputV2", [sizes, kernel, images], shape, images.dtype, scope, "conv3d_transpose", names,
            T=images.dtype, Tshape=_INT, strides=_steps(strides), padding=word, data_format="NDHWC", dilations=[1] * 5,
        )  # fmt: skip
    return writer.make(
        "Conv2DBackpropInput", [sizes, kernel, images], shape, images.dtype, scope, suffixes=names, T=images.dtype,
        strides=_steps(strides), padding=word, data_format="NHWC", dilations=[1] * 4, use_cudnn_on_gpu=True,
        explicit_paddings=[],
    )  # fmt: skip


class Pool:
    """Where the windows of a `reduce_window` lie, brought to images [N, H, W, C] or [N, D, H, W, C]."""

    def __init__(self, writer: Writer, equation: Equation) -> None:
        p, scope = equation.params, equation.scope
        self.shape = equation.kinds[0].shape
        x = writer.full(equation.operands[0], scope)
        dilations = (*(p.get("base_dilation") or ()), *(p.get("window_dilation") or ()))
        if any(d != 1 for d in dilations):
            raise NotImplementedError("pooling with holes")
        sizes, strides, padding = p["window_dimensions"], p["window_strides"], p["padding"]
        rank = len(sizes)
        moved = [a for a in range(rank) if sizes[a] != 1 or strides[a] != 1 or any(padding[a])]
        if len(moved) > 3 or rank < 2:
            raise NotImplementedError("windows over more than three axes, or over an array of a single one")
        channels = 1 if rank == 4 and moved == [2, 3] else rank - 1
        self._images = rank in (4, 5) and 0 not in moved and channels not in moved
        still = [a for a in range(rank) if a not in moved]
        if self._images:
            self.axes = [a for a in range(1, rank) if a != channels]
            self._order = [0, *self.axes, channels]
            self.x = writer.transpose(x, self._order, scope)
        else:  # windows over any axes: two of them at least are an image's, and all of the rest is the batch
            lent = still[len(still) - max(0, 2 - len(moved)) :]
            self.axes = [*lent, *moved]
            self._order = [*(a for a in still if a not in lent), *self.axes]
            turned = writer.transpose(x, self._order, scope)
            self._rest = turned.shape[: rank - len(self.axes)]
            self.x = writer.reshape(turned, [_product(self._rest), *turned.shape[len(self._rest) :], 1], scope)
        self.sizes, self.strides = [int(sizes[a]) for a in self.axes], [int(strides[a]) for a in self.axes]
        self.padding = [(int(padding[a][0]), int(padding[a][1])) for a in self.axes]
        self.result = [self.x.shape[0], *(self.shape[a] for a in self.axes), self.x.shape[-1]]

    def node(self, writer: Writer, kind: str, outside: float, scope: str) -> Tensor:
        """The pooling node's result, in the order of these images."""
        x, word = placed(writer, self.x, self.sizes, self.strides, self.padding, outside, scope)
        if len(self.axes) == 3:
            kind += "3D"
        return writer.make(
            kind, [x], self.result, x.dtype, scope, suffixes=("input",), T=x.dtype, ksize=_steps(self.sizes),
            strides=_steps(self.strides), padding=word, data_format=_FORMATS[len(self.axes)],
        )  # fmt: skip

    def back(self, writer: Writer, made: Tensor, scope: str) -> Tensor:
        """A result in the order of the program."""
        if not self._images:
            made = writer.reshape(made, [*self._rest, *made.shape[1:-1]], scope)
        return writer.transpose(made, [self._order.index(a) for a in range(len(self._order))], scope)


def _product(sizes: Sequence[Any]) -> Any:
    total: Any = 1
    for size in sizes:
        total = size * total
    return total


def _max_pool(writer: Writer, equation: Equation) -> Tensor:
    pool = Pool(writer, equation)
    lowest = -np.inf if pool.x.dtype.kind == "f" else np.iinfo(pool.x.dtype).min
    return pool.back(writer, pool.node(writer, "MaxPool", lowest, equation.scope), equation.scope)


def _min_pool(writer: Writer, equation: Equation) -> Tensor:
    pool = Pool(writer, equation)
    if pool.x.dtype.kind != "f":
        raise NotImplementedError("minima of integers over windows")
    pool.x = writer.make("Neg", [pool.x], pool.x.shape, pool.x.dtype, equation.scope, T=pool.x.dtype)
    made = pool.node(writer, "MaxPool", -np.inf, equation.scope)
    made = writer.make("Neg", [made], made.shape, made.dtype, equation.scope, T=made.dtype)
    return pool.back(writer, made, equation.scope)


def _sum_pool(writer: Writer, equation: Equation) -> Tensor:
    """A sum as a mean times the size of the window: zeros are added around first, so that all windows have the same."""
    pool = Pool(writer, equation)
    scope, count = equation.scope, math.prod(pool.sizes)
    config = [(0, 0, 0), *((*pair, 0) for pair in pool.padding), (0, 0, 0)]
    pool.x = graph_shaping.padded(writer, pool.x, np.zeros((), pool.x.dtype), config, scope)
    pool.padding = [(0, 0)] * len(pool.padding)
    made = pool.node(writer, "AvgPool", 0, scope)
    factor = np.asarray(count, made.dtype)
    made = writer.make("Mul", [made, factor], made.shape, made.dtype, scope, T=made.dtype)
    return pool.back(writer, made, scope)


RULES: dict[str, Callable[[Writer, Equation], Any]] = {
    "conv_general_dilated": _conv,
    "reduce_window_max": _max_pool,
    "reduce_window_min": _min_pool,
    "reduce_window_sum": _sum_pool,
}

"""The table of all layers: one row a layer, or a way to call it. `test_table` puts each row through the same tests.

A new layer gets a row here; what is special about it is tested in its own file.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import golden
import jax_slim as slim


@dataclasses.dataclass(frozen=True)
class Input:
    """An input: floats, or integers below `high` when that is given."""

    shape: tuple[int, ...]
    high: int | None = None

    def make(self, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        if self.high is not None:
            return rng.integers(0, self.high, self.shape).astype(np.int32)
        return rng.normal(size=self.shape).astype(np.float32)


def floats(*shape: int) -> Input:
    return Input(shape)


def integers(*shape: int, high: int) -> Input:
    return Input(shape, high)


@dataclasses.dataclass(frozen=True)
class Row:
    """One layer, called in one way.

    Attributes:
      name: the public name: `slim.<name>` is called, or `call` when given.
      inputs: its array arguments, which come first.
      args, kwargs: the other arguments.
      created: variable name -> shape, in order of creation.
      output: the shape of the result, or a list of shapes when it has several arrays.
      refused: (inputs, kwargs, exception, pattern of its message); the kwargs go on top of the row's.
      channels_first: the kwargs under which channels come behind N, or None where there is no such choice.
      first_moves: whether the result then has its channels there too.
      random: it draws numbers, so that vmap and another precision do not repeat what it does.
      smooth: whether its gradient is worth looking at: not for one_hot_encoding and its like.
      low_precision: the tolerance in bfloat16, as a part of the largest output.
    """

    name: str
    inputs: tuple[Input, ...]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    created: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    output: Any = None
    refused: tuple[tuple[tuple[Input, ...], Mapping[str, Any], type[Exception], str], ...] = ()
    call: Callable[..., Any] | None = None
    channels_first: Mapping[str, Any] | None = None
    first_moves: bool = True
    random: bool = False
    smooth: bool = True
    low_precision: float = 0.05

    @property
    def layer(self) -> Callable[..., Any]:
        return self.call or getattr(slim, self.name)

    def program(self, **more: Any) -> Callable[..., Any]:
        """The call as a program of its inputs; `more` are further keyword arguments."""
        return lambda *inputs: self.layer(*inputs, *self.args, **{**self.kwargs, **more})

    def model(self, **more: Any) -> slim.Model:
        return slim.Model(self.program(**more))

    def make_inputs(self, seed: int = 0) -> list[np.ndarray]:
        return [given.make(seed + i) for i, given in enumerate(self.inputs)]

    def make_variables(self) -> dict[str, np.ndarray]:
        """Random values: a zero bias would hide a missing one. Variances are positive."""
        return {name: golden.det_value(name, shape) for name, shape in self.created.items()}


def _weighted(scope: str, weights: tuple[int, ...], biases: int) -> dict[str, tuple[int, ...]]:
    return {f"{scope}/weights": weights, f"{scope}/biases": (biases,)}


IMAGES, SOUND, VIDEO, ROWS_OF_5 = floats(2, 5, 6, 3), floats(2, 7, 3), floats(2, 4, 5, 3, 2), floats(3, 5)
NCHW, NCDHW = {"data_format": "NCHW"}, {"data_format": "NCDHW"}

CONVOLUTIONS = [
    Row(
        "convolution", (SOUND,), (4, [3]), {"stride": 2}, _weighted("Conv", (3, 3, 4), 4), (2, 4, 4),
        refused=(
            ((floats(2, 5),), {}, ValueError, r"convolution: inputs must have rank 3, 4 or 5, got shape \(2, 5\)"),
            ((SOUND,), {"conv_dims": 2}, ValueError, r"convolution: inputs must have rank 4 \[N, H, W, C\], got shape"),
            ((SOUND,), {"conv_dims": 4}, ValueError, "convolution: conv_dims must be one of 1, 2, 3, got 4"),
        ),
        channels_first={"data_format": "NCW"},
    ),
    Row(
        "convolution1d", (SOUND,), (4, 3), {"padding": "VALID", "rate": 2}, _weighted("Conv", (3, 3, 4), 4), (2, 3, 4),
        refused=(
            ((IMAGES,), {}, ValueError, r"conv1d: inputs must have rank 3 \[N, W, C\], got shape \(2, 5, 6, 3\)"),
            ((SOUND,), {"stride": 0}, ValueError, "conv1d: stride must be an integer of 1 or more, got 0"),
        ),
        channels_first={"data_format": "NCW"},
    ),
    Row(
        "convolution2d", (IMAGES,), (4, [3, 2]), {"stride": [2, 1]}, _weighted("Conv", (3, 2, 3, 4), 4), (2, 3, 6, 4),
        refused=(
            ((SOUND,), {}, ValueError, r"conv2d: inputs must have rank 4 \[N, H, W, C\], got shape \(2, 7, 3\)"),
            ((IMAGES,), {"padding": "FULL"}, ValueError, "conv2d: padding must be 'SAME', 'VALID' or .*, got 'FULL'"),
            ((IMAGES,), {"data_format": "CHWN"}, ValueError, "conv2d: data_format must be one of None, .*, got 'CHWN'"),
            ((IMAGES,), {"rate": 2}, ValueError, r"conv2d: stride=\[2, 1\] with rate=2: one of the two must be 1"),
            ((floats(2, 2, 6, 3),), {"padding": "VALID"}, ValueError, r"conv2d: windows must fit into the inputs"),
            ((IMAGES,), {"stride": [1, 2, 3]}, ValueError, r"conv2d: stride must be an integer of 1 or more or 2 of"),
        ),
        channels_first=NCHW,
    ),
    Row(
        "convolution3d", (VIDEO,), (3, [1, 3, 2]), {"stride": [1, 2, 1]}, _weighted("Conv", (1, 3, 2, 2, 3), 3),
        (2, 4, 3, 3, 3),
        refused=(((IMAGES,), {}, ValueError, r"conv3d: inputs must have rank 5 \[N, D, H, W, C\], got shape"),),
        channels_first=NCDHW,
    ),
    Row(
        "convolution2d_in_plane", (IMAGES,), ([2, 3],), {}, _weighted("ConvInPlane", (2, 3, 1, 1), 3), (2, 5, 6, 3),
        refused=(
            ((SOUND,), {}, ValueError, r"conv2d_in_plane: inputs must have rank 4 \[N, H, W, C\], got shape"),
            ((IMAGES,), {"padding": "FULL"}, ValueError, "conv2d_in_plane: padding must be 'SAME' or 'VALID'"),
        ),
    ),
    Row(
        "separable_convolution2d", (IMAGES,), (4, 3, 2), {},
        {
            "SeparableConv2d/depthwise_weights": (3, 3, 3, 2), "SeparableConv2d/pointwise_weights": (1, 1, 6, 4),
            "SeparableConv2d/biases": (4,),
        },
        (2, 5, 6, 4),
        refused=(
            ((SOUND,), {}, ValueError, r"separable_conv2d: inputs must have rank 4 \[N, H, W, C\], got shape"),
            ((IMAGES,), {"data_format": None}, ValueError, "separable_conv2d: data_format must be one of 'NHWC'"),
        ),
        channels_first=NCHW,
    ),
    Row(
        "separable_convolution2d", (IMAGES,), (None, [3, 2]), {"stride": 2, "rate": 2, "depth_multiplier": 2},
        {"SeparableConv2d/depthwise_weights": (3, 2, 3, 2), "SeparableConv2d/biases": (6,)},
        (2, 3, 4, 6),
        refused=(
            ((IMAGES,), {"depth_multiplier": 0}, ValueError, "depth_multiplier must be an integer of 1 or more, got 0"),
        ),
        channels_first=NCHW,
    ),
    Row(
        "convolution2d_transpose", (IMAGES,), (4, [3, 2]), {"stride": 2},
        _weighted("Conv2d_transpose", (3, 2, 4, 3), 4), (2, 10, 12, 4),
        refused=(
            ((SOUND,), {}, ValueError, r"conv2d_transpose: inputs must have rank 4 \[N, H, W, C\], got shape"),
            ((IMAGES,), {"padding": "CAUSAL"}, ValueError, "conv2d_transpose: padding must be 'SAME' or 'VALID'"),
            ((IMAGES,), {"data_format": "NDHWC"}, ValueError, "data_format must be one of 'NHWC', 'NCHW', got 'NDHWC'"),
        ),
        channels_first=NCHW,
    ),
    Row(
        "convolution3d_transpose", (VIDEO,), (3, [1, 2, 3]), {"stride": [1, 2, 1], "padding": "VALID"},
        _weighted("Conv3d_transpose", (1, 2, 3, 3, 2), 3), (2, 4, 10, 5, 3),
        refused=(((IMAGES,), {}, ValueError, r"conv3d_transpose: inputs must have rank 5 \[N, D, H, W, C\]"),),
        channels_first=NCDHW,
    ),
]  # fmt: skip

NOT_A_COUNT = (((ROWS_OF_5,), {"num_outputs": 4.5}, ValueError, "num_outputs must be an integer of 1 or more"),)
NOT_ROWS = (((floats(5),), {}, ValueError, r"inputs must have rank 2 or more, got shape \(5,\)"),)

DENSE = [
    Row(
        "fully_connected", (floats(2, 3, 5),), (), {"num_outputs": 4}, _weighted("fully_connected", (5, 4), 4),
        (2, 3, 4), refused=NOT_A_COUNT + NOT_ROWS,
    ),
    *(
        Row(name, (ROWS_OF_5,), (4,), {}, _weighted("fully_connected", (5, 4), 4), (3, 4), refused=NOT_ROWS)
        for name in ("linear", "relu", "relu6", "elu")
    ),
    *(
        Row(
            name, (ROWS_OF_5,), (4,), {}, {"fully_connected/weights": (5, 4), "fully_connected/bias": (4,)}, (3, 4),
            refused=(((floats(5),), {}, ValueError, r"legacy_fully_connected: x must have rank 2 or more, got shape"),),
        )
        for name in ("legacy_fully_connected", "legacy_linear", "legacy_relu")
    ),
    Row(
        "bias_add", (IMAGES,), (), {}, {"BiasAdd/biases": (3,)}, (2, 5, 6, 3),
        refused=(
            ((floats(5),), {}, ValueError, r"bias_add: inputs must have rank 2 or more, got shape \(5,\)"),
            ((SOUND,), NCHW, ValueError, r"bias_add: inputs must have rank 4 \[N, C, H, W\], got shape \(2, 7, 3\)"),
        ),
        channels_first=NCHW,
    ),
]  # fmt: skip

POOLING = [
    *(
        Row(
            name, (IMAGES,), ([3, 2],), {"padding": "SAME"}, {}, (2, 3, 3, 3),
            refused=(
                ((SOUND,), {}, ValueError, rf"{name}: inputs must have rank 4 \[N, H, W, C\], got shape \(2, 7, 3\)"),
                ((IMAGES,), {"padding": "BAD"}, ValueError, f"{name}: padding must be 'SAME' or 'VALID', got 'BAD'"),
                ((IMAGES,), {"data_format": "CHWN"}, ValueError, f"{name}: data_format must be one of 'NHWC', 'NCHW'"),
                ((floats(2, 2, 6, 3),), {"padding": "VALID"}, ValueError, f"{name}: windows must fit into the inputs"),
            ),
            channels_first=NCHW,
        )
        for name in ("max_pool2d", "avg_pool2d")
    ),
    *(
        Row(
            name, (VIDEO,), (2,), {"stride": [1, 2, 1]}, {}, (2, 3, 2, 2, 2),
            refused=(
                ((IMAGES,), {}, ValueError, rf"{name}: inputs must have rank 5 \[N, D, H, W, C\], got shape"),
                ((VIDEO,), NCHW, ValueError, f"{name}: data_format must be one of 'NDHWC', 'NCDHW', got 'NCHW'"),
            ),
            channels_first=NCDHW,
        )
        for name in ("max_pool3d", "avg_pool3d")
    ),
    *(
        Row(
            "pool", (IMAGES,), ([3, 2], kind), {"dilation_rate": [2, 1]}, {}, (2, 1, 5, 3),
            refused=(
                ((ROWS_OF_5,), {}, ValueError, r"pool: inputs must have rank 3, 4 or 5, got shape \(3, 5\)"),
                ((IMAGES,), {"padding": "SAME"}, ValueError, "pool: padding must be 'VALID' with a dilation_rate"),
                ((IMAGES,), {"stride": 2}, ValueError, r"pool: stride=2 with dilation_rate=\[2, 1\]: one of"),
                ((IMAGES,), {"stride": 3}, ValueError, r"pool: stride must be no longer than the windows \(3, 2\)"),
            ),
            channels_first=NCHW,
        )
        for kind in ("MAX", "AVG")
    ),
]  # fmt: skip

ROWS = [*CONVOLUTIONS, *DENSE, *POOLING]

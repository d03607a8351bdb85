"""The table of all layers: one row a layer, or a way to call it. `test_table` puts each row through the same tests.

A new layer gets a row here; what is special about it is tested in its own file.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
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
      exact_variables: whether its variables are float32 even where its inputs are of half precision.
      residual: whether it adds to its inputs, and so keeps their dtype in a `slim.precision`.
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
    exact_variables: bool = False
    residual: bool = False

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
        "grouped_conv2d", (floats(2, 5, 6, 4),), (6, [3, 2], 2), {"stride": [2, 1]},
        _weighted("Conv", (3, 2, 2, 6), 6), (2, 3, 6, 6),
        refused=(
            ((SOUND,), {}, ValueError, r"grouped_conv2d: inputs must have rank 4 \[N, H, W, C\], got shape"),
            ((IMAGES,), {}, ValueError, "grouped_conv2d: num_groups must divide the 3 channels of .*=6, got 2"),
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


def _beta_gamma(scope: str, *shape: int) -> dict[str, tuple[int, ...]]:
    return {f"{scope}/beta": shape, f"{scope}/gamma": shape}


FOUR_CHANNELS = floats(2, 3, 5, 4)

NORMALIZATION = [
    Row(
        "layer_norm", (IMAGES,), (), {"begin_params_axis": 2}, _beta_gamma("LayerNorm", 6, 3), (2, 5, 6, 3),
        refused=(
            ((IMAGES,), {"begin_norm_axis": 4}, ValueError, "layer_norm: begin_norm_axis must be an axis of the"),
            ((IMAGES,), {"begin_params_axis": 4}, ValueError, "layer_norm: begin_params_axis must be .* to 3, got 4"),
            ((floats(5),), {}, ValueError, "layer_norm: begin_norm_axis must be an axis of the inputs, from -1 to 0"),
        ),
    ),
    Row(
        "group_norm", (FOUR_CHANNELS,), (2,), {}, _beta_gamma("GroupNorm", 4), (2, 3, 5, 4),
        refused=(
            ((FOUR_CHANNELS,), {"reduction_axes": [1, 4]}, ValueError, "group_norm: reduction_axes must be an axis of"),
            ((FOUR_CHANNELS,), {"reduction_axes": [3]}, ValueError, "group_norm: reduction_axes must be without the"),
            ((FOUR_CHANNELS,), {"channels_axis": -5}, ValueError, "group_norm: channels_axis must be an axis of the"),
            ((IMAGES,), {}, ValueError, "group_norm: groups must divide the 3 channels of inputs, got 2"),
            ((FOUR_CHANNELS,), {"param_initializers": {"mean": 1}}, ValueError, "keys among beta, gamma, got mean"),
        ),
        channels_first={"channels_axis": 1, "reduction_axes": [2, 3]},
    ),
    Row(
        "instance_norm", (IMAGES,), (), {}, _beta_gamma("InstanceNorm", 3), (2, 5, 6, 3),
        refused=(
            ((ROWS_OF_5,), {}, ValueError, r"instance_norm: inputs must have rank 3 or more, got shape \(3, 5\)"),
            ((IMAGES,), {"data_format": "NWC"}, ValueError, "instance_norm: data_format must be one of 'NHWC', 'NCHW'"),
            ((IMAGES,), {"param_initializers": {"b": 1}}, ValueError, "instance_norm: param_initializers must have"),
        ),
        channels_first=NCHW,
    ),
    Row(
        "unit_norm", (SOUND,), (), {"dim": 1}, {}, (2, 7, 3),
        refused=(
            ((SOUND,), {"dim": 3}, ValueError, "unit_norm: dim must be an axis of the inputs, from -3 to 2, got 3"),
            ((SOUND,), {"dim": -1}, ValueError, "unit_norm: dim must be 0 or more, got -1. The last axis is 2"),
            ((integers(2, 3, high=5),), {}, TypeError, "unit_norm: inputs must be floats, got int32"),
        ),
    ),
    Row(
        "gdn", (FOUR_CHANNELS,), (), {"beta_min": 0.1}, {"gdn/reparam_beta": (4,), "gdn/reparam_gamma": (4, 4)},
        (2, 3, 5, 4),
        refused=(
            ((ROWS_OF_5,), {}, ValueError, r"gdn: inputs must have rank 3, 4 or 5, got shape \(3, 5\)"),
            ((IMAGES,), NCHW, ValueError, "gdn: data_format must be one of 'channels_last', 'channels_first', got"),
            ((IMAGES,), {"inverse": None}, TypeError, "gdn: inverse must be True or False, got None"),
        ),
        channels_first={"data_format": "channels_first"},
    ),
]  # fmt: skip


def _averages(*learned: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"BatchNorm/{name}": (channels,) for name in (*learned, "moving_mean", "moving_variance")}


BATCH_NORM = [
    Row(
        "batch_norm", (IMAGES,), (), {"scale": True, "is_training": False},
        _averages("gamma", "beta", channels=3), (2, 5, 6, 3),
        refused=(
            ((floats(5),), {}, ValueError, r"batch_norm: inputs must have rank 2 to 5 .*, got shape \(5,\)"),
            ((floats(1, 2, 1, 2, 1, 2),), {}, ValueError, "batch_norm: inputs must have rank 2 to 5"),
            ((IMAGES,), {"is_training": None}, TypeError, "batch_norm: is_training must be True or False, .*None"),
            ((IMAGES,), {"data_format": "NCW"}, ValueError, "batch_norm: data_format must be one of 'NHWC', 'NCHW'"),
            ((IMAGES,), {"param_initializers": {"mean": 1}}, ValueError, "batch_norm: param_initializers must have"),
            ((IMAGES,), {"param_regularizers": {"mean": 1}}, ValueError, "batch_norm: param_regularizers must have"),
        ),
        channels_first=NCHW, exact_variables=True,
    ),
    Row(
        "batch_norm", (IMAGES,), (), {"scale": True}, _averages("gamma", "beta", channels=3), (2, 5, 6, 3),
        refused=(
            ((IMAGES,), {"renorm_clipping": {"max": 1}}, ValueError, "batch_norm: renorm_clipping must have keys"),
            ((IMAGES,), {"batch_weights": jnp.ones(3)}, ValueError, r"batch_weights must have shape \(2,\), one"),
            (
                (IMAGES,), {"renorm": True, "updates_collections": None}, ValueError,
                "batch_norm: renorm cannot be used with batch_weights",
            ),
        ),
        channels_first=NCHW, exact_variables=True,
    ),
    *(
        Row(
            "batch_norm", (ROWS_OF_5,), (), {"scale": True, "is_training": training},
            _averages("beta", "gamma", channels=5), (3, 5), exact_variables=True,
            refused=(
                (
                    (ROWS_OF_5,), {"adjustment": lambda shape: (1, 0), "zero_debias_moving_mean": True}, ValueError,
                    "batch_norm: adjustment cannot be used with batch_weights",
                ),
            ),
        )
        for training in (False, True)
    ),
]  # fmt: skip

OUT_OF_RANGE = tuple(
    ((SOUND,), {"keep_prob": wrong}, ValueError, f"dropout: keep_prob must be above 0 and at most 1, got {wrong}")
    for wrong in (0.0, -0.5, 1.5)
)

STOCHASTIC = [
    Row("dropout", (SOUND,), (0.7,), {}, {}, (2, 7, 3), random=True, refused=(
        ((SOUND,), {"noise_shape": [2, 7]}, ValueError, r"dropout: noise_shape must have 1, None or .*, got \[2, 7\]"),
        ((SOUND,), {"noise_shape": [2, 4, 1]}, ValueError, r"dropout: noise_shape must have 1, None or the size of"),
        ((SOUND,), {"is_training": 1.0}, TypeError, "dropout: is_training must be True or False, got 1.0"),
        ((integers(2, 3, high=5),), {}, TypeError, "dropout: inputs must be floats, got int32"),
    )),
    Row("dropout", (SOUND,), (), {"is_training": False}, {}, (2, 7, 3), refused=OUT_OF_RANGE),
]  # fmt: skip

STOCHASTIC += [
    Row("drop_path", (SOUND,), (), {"keep_prob": 0.7}, {}, (2, 7, 3), random=True, refused=(
        ((floats(),), {}, ValueError, r"drop_path: inputs must have rank 1 or more, got shape \(\)"),
        ((SOUND,), {"keep_prob": 0.0}, ValueError, "drop_path: keep_prob must be above 0 and at most 1, got 0.0"),
        ((SOUND,), {"is_training": 1.0}, TypeError, "drop_path: is_training must be True or False, got 1.0"),
        ((integers(2, 3, high=5),), {}, TypeError, "drop_path: inputs must be floats, got int32"),
    )),
    Row("drop_path", (SOUND,), (), {"is_training": False}, {}, (2, 7, 3), refused=(
        ((SOUND,), {"keep_prob": 1.5}, ValueError, "drop_path: keep_prob must be above 0 and at most 1, got 1.5"),
    )),
]  # fmt: skip

SCALING = [
    Row(
        "layer_scale", (IMAGES,), (), {}, {"LayerScale/gamma": (3,)}, (2, 5, 6, 3),
        refused=(((floats(5),), {}, ValueError, r"layer_scale: inputs must have rank 2 or more, got shape \(5,\)"),),
    ),
    Row(
        "squeeze_and_excitation", (IMAGES,), (2,), {},
        _weighted("squeeze_excite/Conv", (1, 1, 3, 2), 2) | _weighted("squeeze_excite/Conv_1", (1, 1, 2, 3), 3),
        (2, 5, 6, 3),
        refused=(
            ((SOUND,), {}, ValueError, r"squeeze_and_excitation: inputs must have rank 4 \[N, H, W, C\], got shape"),
            ((IMAGES,), {"data_format": None}, ValueError, "squeeze_and_excitation: data_format must be one of 'NHWC'"),
        ),
        channels_first=NCHW,
    ),
]  # fmt: skip

TOKENS = floats(2, 5, 4)

ATTENTION = [
    Row(
        "multi_head_attention", (TOKENS,), (2,), {},
        _weighted("attention/qkv", (4, 12), 12) | _weighted("attention/output", (4, 4), 4), (2, 5, 4),
        refused=(
            ((IMAGES,), {}, ValueError, r"multi_head_attention: inputs must have rank 3 \[N, T, C\], got shape"),
            ((SOUND,), {}, ValueError, "multi_head_attention: num_heads must divide the 3 channels of inputs, got 2"),
            ((TOKENS,), {"mask": jnp.ones((5, 5))}, TypeError, "multi_head_attention: mask must be bools, got float32"),
            ((TOKENS,), {"mask": jnp.ones((4, 5), bool)}, ValueError, r"broadcast to \(2, 2, 5, 5\), got shape \(4, 5"),
            ((TOKENS,), {"memory": jnp.ones((3, 5, 4))}, ValueError, "memory must have as many examples as inputs, 2"),
            ((TOKENS,), {"memory": jnp.ones((3, 5))}, ValueError, r"memory must have rank 3 \[N, S, M\], got shape"),
        ),
    ),
    Row(
        "multi_head_attention", (TOKENS, floats(2, 7, 3)), (2,), {"num_outputs": 6},
        {
            **_weighted("attention/query", (4, 4), 4), **_weighted("attention/key_value", (3, 8), 8),
            **_weighted("attention/output", (4, 6), 6),
        },
        (2, 5, 6), call=lambda inputs, memory, *args, **kwargs: slim.multi_head_attention(
            inputs, *args, memory=memory, **kwargs
        ),
        refused=(((TOKENS, floats(3, 7, 3)), {}, ValueError, "memory must have as many examples as inputs, 2"),),
    ),
]  # fmt: skip

LABELS, NOT_INTEGERS = integers(2, 3, high=5), (floats(2, 3),)


def _back_and_forth(ids: Any) -> Any:
    """What `dense_to_sparse` lists, in an array again: its own shapes depend on the values."""
    found = slim.dense_to_sparse(ids)
    return jnp.zeros(ids.shape, ids.dtype).at[tuple(found.indices.T)].set(found.values, mode="drop")


SHAPING = [
    Row(
        "flatten", (IMAGES,), (), {}, {}, (2, 90),
        refused=(((floats(),), {}, ValueError, r"flatten: inputs must have rank 1 or more, got shape \(\)"),),
    ),
]  # fmt: skip


def _forgetful(net: Any, depth: int = 4) -> Any:
    """Two layers as one, which `recompute_grad` runs again."""

    def block(net: Any) -> Any:
        net = slim.fully_connected(net, depth, jnp.tanh, scope="a")
        return slim.fully_connected(net, 2, None, scope="b")

    return slim.recompute_grad(block)(net)


def _half(scope: str) -> Callable[[Any], Any]:
    return lambda net: slim.fully_connected(net, 5, jnp.tanh, scope=scope)


CONVOLVED = {
    "repetitions": 3,
    "layer": slim.convolution2d,
    "num_outputs": 3,
    "kernel_size": [3, 2],
    "activation_fn": jnp.tanh,
}

COMPOSED = [
    *(
        Row(
            "repeat", (IMAGES,), (), {**CONVOLVED, "scan": scan},
            {
                name: shape
                for index in (1, 2, 3)
                for name, shape in _weighted(f"Repeat/convolution2d_{index}", (3, 2, 3, 3), 3).items()
            },
            (2, 5, 6, 3), channels_first=NCHW, refused=refused,
        )
        for scan, refused in (
            (False, (
                ((IMAGES,), {"scope": 3}, TypeError, "repeat: scope must be a name, which the calls number, got 3"),
                ((IMAGES,), {"repetitions": -1}, ValueError, "repeat: repetitions must be 0 or more, got -1"),
                ((IMAGES,), {"repetitions": 1.5}, TypeError, "repeat: repetitions must be an integer, got 1.5"),
            )),
            (True, (
                ((IMAGES,), {"stride": 2}, ValueError, "repeat: with scan=True every call must return what it takes"),
            )),
        )
    ),
    Row(
        "stack", (ROWS_OF_5,), (slim.fully_connected,), {"stack_args": [4, (2, jnp.tanh)]},
        _weighted("Stack/fully_connected_1", (5, 4), 4) | _weighted("Stack/fully_connected_2", (4, 2), 2), (3, 2),
        refused=(
            ((ROWS_OF_5,), {"stack_args": 4}, ValueError, r"stack: stack_args must be a list .*, got 4.*\[4\]"),
            ((ROWS_OF_5,), {"scope": 3}, TypeError, "stack: scope must be a name, which the calls number, got 3"),
        ),
    ),
    Row(
        "recompute_grad", (ROWS_OF_5,), (), {}, _weighted("a", (5, 4), 4) | _weighted("b", (4, 2), 2), (3, 2),
        call=_forgetful,
        # What the function itself refuses comes through.
        refused=(((ROWS_OF_5,), {"depth": 0}, ValueError, "num_outputs must be an integer of 1 or more, got 0"),),
    ),
    Row(
        "rev_block", (ROWS_OF_5, ROWS_OF_5), (_half("one"), _half("two")), {"num_layers": 2},
        {
            name: shape
            for index in (0, 1)
            for half in ("f/one", "g/two")
            for name, shape in _weighted(f"revblock/revlayer_{index}/{half}", (5, 5), 5).items()
        },
        [(3, 5), (3, 5)], residual=True,
        refused=(
            ((ROWS_OF_5, SOUND), {}, ValueError, r"rev_block: x1 and x2 must have one shape, got \(3, 5\) and \(2, 7"),
            ((ROWS_OF_5, ROWS_OF_5), {"num_layers": 0}, ValueError, "rev_block: num_layers must be 1 or more, got 0"),
            ((floats(3, 4), floats(3, 4)), {}, ValueError, r"rev_block: f must keep the shape \(3, 4\) of its input"),
        ),
    ),
]  # fmt: skip

ENCODINGS = [
    Row(
        "one_hot_encoding", (LABELS,), (4,), {"on_value": 2.0}, {}, (2, 3, 4),
        refused=(
            (NOT_INTEGERS, {}, TypeError, "one_hot_encoding: labels must be integers, got float32"),
        ),
    ),
    Row(
        "one_hot_encoding", (LABELS,), (), {"num_classes": 5}, {}, (2, 3, 5),
        refused=(
            ((LABELS,), {"num_classes": -1}, ValueError, "num_classes must be an integer of 1 or more, got -1"),
        ),
    ),
    Row(
        "dense_to_sparse", (LABELS,), (), {}, {}, (2, 3), call=_back_and_forth,
        refused=(((LABELS,), {"eos": 1}, TypeError, "unexpected keyword argument 'eos'"),),
    ),
    Row(
        "maxout", (FOUR_CHANNELS,), (2,), {}, {}, (2, 3, 5, 2),
        refused=(
            ((IMAGES,), {}, ValueError, "maxout: num_units must divide the 3 features, got 2"),
            ((IMAGES,), {"axis": 4}, ValueError, "maxout: axis must be an axis of the inputs, from -4 to 3, got 4"),
        ),
    ),
    Row(
        "softmax", (SOUND,), (), {}, {}, (2, 7, 3),
        refused=(
            ((floats(5),), {}, ValueError, r"softmax: logits must have rank 2 or more, got shape \(5,\)"),
            ((LABELS,), {}, TypeError, "softmax: logits must be floats, got int32"),
        ),
    ),
    Row(
        "spatial_softmax", (IMAGES,), (), {}, {"spatial_softmax/temperature": ()}, (2, 6),
        refused=(
            ((SOUND,), {}, ValueError, r"spatial_softmax: features must have rank 4 \[N, H, W, C\], got shape"),
            ((IMAGES,), {"data_format": "NCW"}, ValueError, "spatial_softmax: data_format must be one of 'NHWC', 'NC"),
        ),
        channels_first=NCHW, first_moves=False, low_precision=0.3,
    ),
    Row(
        "scale_gradient", (IMAGES, floats(3)), (), {}, {}, (2, 5, 6, 3), smooth=False,
        refused=(
            ((IMAGES, floats(6)), {}, ValueError, r"gradient_multiplier must broadcast to the shape of inputs \(2, 5,"),
            ((LABELS, floats()), {}, TypeError, "scale_gradient: inputs must be floats, got int32"),
        ),
    ),
    Row(
        "images_to_sequence", (IMAGES,), (), {}, {}, (6, 10, 3),
        refused=(
            ((SOUND,), {}, ValueError, r"images_to_sequence: inputs must have rank 4 \[N, H, W, C\], got shape"),
            ((IMAGES,), {"data_format": "NCW"}, ValueError, "images_to_sequence: data_format must be one of 'NHWC',"),
        ),
        channels_first=NCHW, first_moves=False,
    ),
    Row(
        "sequence_to_images", (floats(6, 10, 3),), (), {"height": 5}, {}, (2, 5, 6, 3),
        refused=(
            ((IMAGES,), {}, ValueError, r"sequence_to_images: inputs must have rank 3 \[W, N, C\], got shape"),
            ((floats(6, 8, 3),), {}, ValueError, "sequence_to_images: height must divide the 8 sequences of inputs"),
            ((floats(6, 10, 3),), {"output_data_format": "NHWC"}, ValueError, "must be one of 'channels_last', 'chan"),
        ),
    ),
]  # fmt: skip

EMBEDDINGS = [
    Row(
        "embed_sequence", (LABELS,), (5, 4), {}, {"EmbedSequence/embeddings": (5, 4)}, (2, 3, 4),
        refused=((NOT_INTEGERS, {}, TypeError, "embed_sequence: ids must be integers, got float32"),),
    ),
    Row(
        "embed_sequence", (LABELS,), (), {"vocab_size": 5, "embed_dim": 4}, {"EmbedSequence/embeddings": (5, 4)},
        (2, 3, 4),
        refused=(
            ((LABELS,), {"vocab_size": None}, ValueError, "vocab_size and embed_dim must be given .*, got None and 4"),
            ((LABELS,), {"reuse": True}, ValueError, "reuse=True needs a name"),
        ),
    ),
    Row(
        "bow_encoder", (LABELS,), (5, 4), {}, {"bow_encoder/embeddings": (5, 4)}, (2, 4),
        refused=((NOT_INTEGERS, {}, TypeError, "bow_encoder: ids must be integers, got float32"),),
    ),
    Row(
        "bow_encoder", (LABELS,), (), {"vocab_size": 5, "embed_dim": 4, "sparse_lookup": False},
        {"bow_encoder/embeddings": (5, 4)}, (2, 4),
        refused=(
            ((integers(3, high=5),), {}, ValueError, r"bow_encoder: ids must have rank 2 or more, got shape \(3,\)"),
            ((LABELS,), {"vocab_size": 0}, ValueError, "bow_encoder: vocab_size must be an integer of 1 or more"),
        ),
    ),
    Row(
        "embedding_lookup_unique", (floats(5, 3), LABELS), (), {}, {}, (2, 3, 3),
        refused=(
            ((LABELS, LABELS), {}, TypeError, "embedding_lookup_unique: params must be floats, got int32"),
            ((floats(5, 3), floats(2)), {}, TypeError, "embedding_lookup_unique: ids must be integers, got float32"),
            ((floats(5, 3), LABELS), {"partition_strategy": "x"}, ValueError, "must be one of 'mod', 'div', got 'x'"),
        ),
    ),
]  # fmt: skip

ROWS = [
    *CONVOLUTIONS,
    *DENSE,
    *POOLING,
    *NORMALIZATION,
    *BATCH_NORM,
    *STOCHASTIC,
    *SCALING,
    *ATTENTION,
    *SHAPING,
    *COMPOSED,
    *ENCODINGS,
    *EMBEDDINGS,
]

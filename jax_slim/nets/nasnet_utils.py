"""The cells of NASNet and PNASNet, and what they are built of.

The functions that take a `data_format` get it from the nets by `arg_scope`.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.global_step import get_or_create_global_step
from jax_slim.core.program import operation, require
from jax_slim.core.scopes import unique_op_name, variable_scope
from jax_slim.layers import _args
from jax_slim.layers.batch_normalization import batch_norm
from jax_slim.layers.convolutions import conv2d
from jax_slim.layers.pooling import avg_pool2d, max_pool2d
from jax_slim.layers.separables import separable_conv2d

_FORMATS = ("NHWC", "NCHW")
# Bounded activations keep what convolutions give within this, for nets that are quantized.
_CAP = 6.0


def calc_reduction_layers(num_cells: int, num_reduction_layers: int) -> list[int]:
    """Before which cells the image is halved: at equal distances, counted from 0.

    calc_reduction_layers(18, 2)        # [6, 12]
    """
    return [int(number / (num_reduction_layers + 1) * num_cells) for number in range(1, num_reduction_layers + 1)]


@add_arg_scope
def get_channel_index(data_format: str = "") -> int:
    """The axis of the channels: 3 for "NHWC", 1 for "NCHW"."""
    return _args.choice("get_channel_index", "data_format", data_format, _FORMATS).index("C")


@add_arg_scope
def get_channel_dim(shape: Sequence[int], data_format: str = "") -> int:
    """How many channels an array of `shape` has."""
    if len(shape) != 4:
        raise ValueError(f"get_channel_dim: shape must have four dimensions, got {tuple(shape)}.")
    return shape[_args.choice("get_channel_dim", "data_format", data_format, _FORMATS).index("C")]


@add_arg_scope
@operation
def global_avg_pool(x: jax.Array, data_format: str = "") -> jax.Array:
    """Averages images over their pixels: [N, H, W, C], or [N, C, H, W] with "NCHW", becomes [N, C]."""
    data_format = _args.choice("global_avg_pool", "data_format", data_format, _FORMATS)
    _args.rank("global_avg_pool", x, data_format, "x")
    return jnp.mean(x, axis=(data_format.index("H"), data_format.index("W")))


@add_arg_scope
@operation
def factorized_reduction(net: jax.Array, output_filters: int, stride: int, data_format: str = "") -> jax.Array:
    """Makes images smaller by 1 x 1 convolutions of two grids of pixels, the second one pixel lower and to the right.

    Creates `path1_conv`, `path2_conv` and `final_path_bn` in the current scope; with `stride` 1, where there is only
    one grid, `path_conv` and `path_bn`.

    Args:
      net: [N, H, W, C], or [N, C, H, W] when `data_format` is "NCHW".
      output_filters: how many channels the result has: the first grid's are half of them, rounded down.
      stride: the distance between the pixels of a grid.
      data_format: "NHWC" or "NCHW".

    Returns:
      [N, ceil(H / stride), ceil(W / stride), output_filters], or as `data_format` says.
    """
    name = "factorized_reduction"
    data_format = _args.choice(name, "data_format", data_format, _FORMATS)
    _args.rank(name, net, data_format, "net")
    if stride == 1:
        return batch_norm(conv2d(net, output_filters, 1, scope="path_conv"), scope="path_bn")
    if output_filters < 2:
        raise ValueError(f"{name}: output_filters must be 2 or more, for two paths, got {output_filters}.")

    def grid(net: jax.Array) -> jax.Array:
        return net[:, ::stride, ::stride, :] if data_format == "NHWC" else net[:, :, ::stride, ::stride]

    path1 = conv2d(grid(net), output_filters // 2, 1, scope="path1_conv")
    if data_format == "NHWC":
        shifted = jnp.pad(net, ((0, 0), (0, 1), (0, 1), (0, 0)))[:, 1:, 1:, :]
    else:
        shifted = jnp.pad(net, ((0, 0), (0, 0), (0, 1), (0, 1)))[:, :, 1:, 1:]
    path2 = conv2d(grid(shifted), output_filters - output_filters // 2, 1, scope="path2_conv")
    return batch_norm(jnp.concatenate([path1, path2], axis=data_format.index("C")), scope="final_path_bn")


@add_arg_scope
@operation
def drop_path(net: jax.Array, keep_prob: float | jax.Array, is_training: bool = True) -> jax.Array:
    """Sets whole examples to 0 at random and divides the others by the probability that they are kept.

    The mean stays as it is. Of one path through a cell, that is: the others still see the example.

    Args:
      net: [N, H, W, C] or [N, C, H, W].
      keep_prob: the probability that an example is *kept*, above 0 and at most 1; may be an array.
      is_training: False returns `net` as it is.

    Returns:
      An array like `net`.

    Raises:
      ValueError: `keep_prob` is out of range.
      ProgramError: random numbers are needed and there is no key.
    """
    known = None if isinstance(keep_prob, Tracer) else np.asarray(keep_prob)
    if known is not None and not np.all((known > 0) & (known <= 1)):
        raise ValueError(f"drop_path: keep_prob must be above 0 and at most 1, got {keep_prob!r}.")
    if not is_training or (known is not None and np.all(known == 1)):
        return net
    key = require("drop_path").next_key(unique_op_name("drop_path"))
    kept = jax.random.bernoulli(key, keep_prob, (net.shape[0], 1, 1, 1))
    return jnp.where(kept, net / jnp.asarray(keep_prob, net.dtype), 0)


class NasNetABaseCell:
    """A cell: five times, two of the states so far go through an operation each and are added to a new state.

    The first two states are the output of the cell before, through a 1 x 1 convolution, and that of the cell before
    it. What comes out are the states that no operation has used, one after the other along the channels.
    """

    def __init__(
        self,
        num_conv_filters: int,
        operations: Sequence[str],
        used_hiddenstates: Sequence[int],
        hiddenstate_indices: Sequence[int],
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool,
    ) -> None:
        """Describes the cell; calling it builds one.

        Args:
          num_conv_filters: how many channels the states have, before `filter_scaling`.
          operations: ten of 'separable_5x5_2' (kernel, layers), 'avg_pool_3x3', 'max_pool_3x3' and 'none'.
          used_hiddenstates: for each of the seven states, 1 where an operation uses it and 0 where it comes out.
          hiddenstate_indices: which state each operation acts on.
          drop_path_keep_prob: with which probability the last cell keeps a path at the end of training.
          total_num_cells: how many cells the net has.
          total_training_steps: over how many steps the probability falls from 1.
          use_bounded_activation: whether activations are ReLU6 and convolutions are cut off at 6.
        """
        self._num_conv_filters = num_conv_filters
        self._operations = operations
        self._used_hiddenstates = used_hiddenstates
        self._hiddenstate_indices = hiddenstate_indices
        self._drop_path_keep_prob = drop_path_keep_prob
        self._total_num_cells = total_num_cells
        self._total_training_steps = total_training_steps
        self._bounded = use_bounded_activation
        self._activation_fn = jax.nn.relu6 if use_bounded_activation else jax.nn.relu

    def __call__(
        self,
        net: jax.Array,
        scope: str | None = None,
        filter_scaling: float = 1,
        stride: int = 1,
        prev_layer: jax.Array | None = None,
        cell_num: int = -1,
        current_step: Any = None,
    ) -> jax.Array:
        """Builds the cell.

        Args:
          net: the output of the cell before, [N, H, W, C] or as the nets' `data_format` says.
          scope: the variable scope.
          filter_scaling: what `num_conv_filters` is multiplied by.
          stride: 2 halves the image.
          prev_layer: the output of the cell before that; None stands for `net`.
          cell_num: the number of the cell, from 0: later cells drop more paths.
          current_step: the training step; None stands for the program's global step.
        """
        filters = int(self._num_conv_filters * filter_scaling)
        if filters < 1:
            raise ValueError(
                f"{type(self).__name__}: num_conv_filters={self._num_conv_filters} leaves {filters} channels after "
                f"scaling by {filter_scaling} in {scope!r}. Use more filters."
            )
        with variable_scope(scope, "cell"):
            states = self._first_states(net, prev_layer, filters)
            pairs = zip(self._operations[::2], self._operations[1::2], strict=True)
            for number, pair in enumerate(pairs):
                with variable_scope(f"comb_iter_{number}"):
                    sides = []
                    for side, (place, operation) in enumerate(zip(("left", "right"), pair, strict=True)):
                        index = self._hiddenstate_indices[2 * number + side]
                        with variable_scope(place):
                            # The other states are of the smaller size already.
                            step = stride if index < 2 else 1
                            path = self._operate(states[index], operation, step, filters)
                            if operation != "none" and self._drop_path_keep_prob < 1:
                                path = drop_path(path, self.path_keep_prob(cell_num, current_step))
                            sides.append(path)
                    with variable_scope("combine"):
                        state = sides[0] + sides[1]
                        states.append(jax.nn.relu6(state) if self._bounded else state)
            with variable_scope("cell_output"):
                return self._unused(states)

    def path_keep_prob(self, cell_num: int, current_step: Any = None) -> jax.Array:
        """The probability with which cell `cell_num` keeps a path: the lower, the later the cell and the step."""
        dropped = (1 - self._drop_path_keep_prob) * (cell_num + 1) / self._total_num_cells
        step = get_or_create_global_step() if current_step is None else current_step
        progress = jnp.minimum(1.0, jnp.asarray(step, jnp.float32) / self._total_training_steps)
        return 1 - progress * dropped

    def _first_states(self, net: jax.Array, prev_layer: jax.Array | None, filters: int) -> list[jax.Array]:
        prev_layer = net if prev_layer is None else self._like(net, prev_layer, filters)
        net = conv2d(self._activation_fn(net), filters, 1, scope="1x1")
        return [batch_norm(net, scope="beginning_bn"), prev_layer]

    def _like(self, net: jax.Array, prev_layer: jax.Array, filters: int) -> jax.Array:
        """`prev_layer` in the size of `net`, with `filters` channels."""
        if _size(prev_layer) != _size(net):
            if tuple(-(-length // 2) for length in _size(prev_layer)) != _size(net):
                raise ValueError(
                    f"{type(self).__name__}: prev_layer must be as large as net or twice as large, got "
                    f"{_size(prev_layer)} for {_size(net)} pixels. In a net without skip_reduction_layer_input, is "
                    "there a cell between the reductions?"
                )
            return factorized_reduction(self._activation_fn(prev_layer), filters, stride=2)
        if get_channel_dim(prev_layer.shape) != filters:
            prev_layer = conv2d(self._activation_fn(prev_layer), filters, 1, scope="prev_1x1")
            return batch_norm(prev_layer, scope="prev_bn")
        return prev_layer

    def _operate(self, net: jax.Array, operation: str, stride: int, filters: int) -> jax.Array:
        if operation.startswith("separable"):
            return self._capped(self._separable(net, operation, stride, filters))
        same_channels = get_channel_dim(net.shape) == filters
        if operation == "none":
            if stride == 1 and same_channels:
                return jax.nn.relu6(net) if self._bounded else net
            net = self._activation_fn(net)
        else:
            net, stride = self._pool(jax.nn.relu6(net) if self._bounded else net, operation, stride), 1
            if same_channels:
                return net
        return self._capped(batch_norm(conv2d(net, filters, 1, stride=stride, scope="1x1"), scope="bn_1"))

    def _separable(self, net: jax.Array, operation: str, stride: int, filters: int) -> jax.Array:
        """'separable_5x5_2': twice an activation, a separable 5 x 5 convolution and a normalization."""
        _, kernel, *times = operation.split("_")
        size = int(kernel.split("x")[0])
        for layer in range(1, int(times[0] if times else 1) + 1):
            of_layer = f"{size}x{size}_{layer}"
            net = separable_conv2d(
                self._activation_fn(net),
                filters,
                size,
                depth_multiplier=1,
                stride=stride if layer == 1 else 1,
                scope=f"separable_{of_layer}",
            )
            net = batch_norm(net, scope=f"bn_sep_{of_layer}")
        return net

    def _pool(self, net: jax.Array, operation: str, stride: int) -> jax.Array:
        """'avg_pool_3x3', 'max_pool_3x3'."""
        kind, _, window = operation.partition("_pool_")
        pool = {"avg": avg_pool2d, "max": max_pool2d}.get(kind)
        if pool is None or not window:
            raise ValueError(
                f"{type(self).__name__}: operations must be like 'separable_5x5_2', 'avg_pool_3x3', 'max_pool_3x3' or "
                f"'none', got {operation!r}."
            )
        size = int(window.split("x")[0])
        net, padding = with_border(net, kind, size, stride)
        return pool(net, size, stride=stride, padding=padding)

    def _capped(self, net: jax.Array) -> jax.Array:
        return jnp.clip(net, -_CAP, _CAP) if self._bounded else net

    def _unused(self, states: list[jax.Array]) -> jax.Array:
        """The states that no operation has used, in the size of the last one, along the channels."""
        size, filters = _size(states[-1]), get_channel_dim(states[-1].shape)
        unused = []
        for index, (state, used) in enumerate(zip(states, self._used_hiddenstates, strict=True)):
            if used:
                continue
            if _size(state) != size or get_channel_dim(state.shape) != filters:
                with variable_scope(f"reduction_{index}"):
                    state = factorized_reduction(state, filters, 2 if _size(state) != size else 1)
            unused.append(state)
        return jnp.concatenate(unused, axis=get_channel_index())


@add_arg_scope
def with_border(
    net: jax.Array, kind: str, size: int, stride: int, zeros_in_pools: str | None = None
) -> tuple[jax.Array, str]:
    """What a pooling takes, and its padding: the map, "SAME"; or the map with zeros around, "VALID".

    Args:
      net: the map.
      kind: "avg" or "max".
      size, stride: of its windows.
      zeros_in_pools: which poolings with a stride see zeros beyond the border, as many as "SAME" pads: "averages" or
        "all"; None for none of them, as in TF-Slim.
    """
    if zeros_in_pools not in (None, "averages", "all"):
        raise ValueError(f"nasnet: zeros_in_pools must be None, 'averages' or 'all', got {zeros_in_pools!r}.")
    if stride == 1 or zeros_in_pools is None or (kind == "max" and zeros_in_pools == "averages"):
        return net, "SAME"
    pads = [(0, 0)] * 4
    for axis in {1, 2, 3} - {get_channel_index()}:
        both = max((-(-net.shape[axis] // stride) - 1) * stride + size - net.shape[axis], 0)
        pads[axis] = (both // 2, both - both // 2)
    return jnp.pad(net, pads), "VALID"


def _size(net: jax.Array) -> tuple[int, ...]:
    """Height and width."""
    return net.shape[1:3] if get_channel_index() == 3 else net.shape[2:]


class NasNetANormalCell(NasNetABaseCell):
    """The cell of NASNet-A that keeps the size of the image."""

    def __init__(
        self,
        num_conv_filters: int,
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
    ) -> None:
        super().__init__(
            num_conv_filters,
            (
                *("separable_5x5_2", "separable_3x3_2"),
                *("separable_5x5_2", "separable_3x3_2"),
                *("avg_pool_3x3", "none"),
                *("avg_pool_3x3", "avg_pool_3x3"),
                *("separable_3x3_2", "none"),
            ),
            (1, 0, 0, 0, 0, 0, 0),
            (0, 1, 1, 1, 0, 1, 1, 1, 0, 0),
            drop_path_keep_prob,
            total_num_cells,
            total_training_steps,
            use_bounded_activation,
        )


class NasNetAReductionCell(NasNetABaseCell):
    """The cell of NASNet-A that halves the image."""

    def __init__(
        self,
        num_conv_filters: int,
        drop_path_keep_prob: float,
        total_num_cells: int,
        total_training_steps: int,
        use_bounded_activation: bool = False,
    ) -> None:
        super().__init__(
            num_conv_filters,
            (
                *("separable_5x5_2", "separable_7x7_2"),
                *("max_pool_3x3", "separable_7x7_2"),
                *("avg_pool_3x3", "separable_5x5_2"),
                *("none", "avg_pool_3x3"),
                *("separable_3x3_2", "max_pool_3x3"),
            ),
            (1, 1, 1, 0, 0, 0, 0),
            (0, 1, 0, 1, 0, 1, 3, 2, 2, 0),
            drop_path_keep_prob,
            total_num_cells,
            total_training_steps,
            use_bounded_activation,
        )

"""What the video nets are built of: convolutions over space and time, and the Inception block."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.scopes import variable_scope
from jax_slim.layers import _args
from jax_slim.layers.convolutions import conv3d
from jax_slim.layers.pooling import max_pool3d


@dataclasses.dataclass(frozen=True)
class Centered:
    """An identity at the middle of a kernel over time, zeros before and after."""

    def __call__(self, key: jax.Array, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> jax.Array:
        del key
        shape = tuple(shape)
        if len(shape) != 5 or shape[1:3] != (1, 1) or shape[0] % 2 == 0:
            raise ValueError(
                "center_initializer: shape must be that of a kernel over time, [T, 1, 1, inputs, outputs] with odd T, "
                f"got {shape}."
            )
        return jnp.zeros(shape, dtype).at[shape[0] // 2, 0, 0].set(jnp.eye(*shape[3:], dtype=dtype))


def center_initializer() -> Centered:
    """Makes a convolution over time start as the identity: a video net then starts as a net of single frames.

    Returns:
      (key, shape, dtype) -> array, for kernels [T, 1, 1, inputs, outputs] with odd T.
    """
    return Centered()


@add_arg_scope
def conv3d_spatiotemporal(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    activation_fn: Callable[..., jax.Array] | None = None,
    normalizer_fn: Callable[..., jax.Array] | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_regularizer: Any = None,
    separable: bool = False,
    data_format: str = "NDHWC",
    scope: str = "",
) -> jax.Array:
    """Convolves videos over space and time at once, or first over space and then over time.

    Args:
      inputs: [N, T, H, W, C], or [N, C, T, H, W] when `data_format` is "NCDHW".
      num_outputs: how many channels the result has.
      kernel_size: frames, height and width of the kernel.
      stride: step between outputs: one int, or three as in `kernel_size`.
      padding: "SAME" or "VALID".
      activation_fn, normalizer_fn, normalizer_params, weights_regularizer: as in `conv3d`.
      separable: whether to split a kernel of several frames in two: 1 x height x width in `scope`, then frames x 1 x 1
        in `scope`/temporal, which starts as the identity and has biases and no normalizer.
      data_format: "NDHWC" or "NCDHW".
      scope: name of the layer.

    Returns:
      The convolved videos.

    Raises:
      ValueError: `kernel_size` does not have three numbers, or `separable` comes without a scope.
    """
    name = "conv3d_spatiotemporal"
    kernel_size = _args.sizes(name, "kernel_size", kernel_size, 3)
    strides = _args.sizes(name, "stride", stride, 3)
    if not separable or kernel_size[0] == 1:
        return conv3d(
            inputs, num_outputs, kernel_size, stride=strides, padding=padding, data_format=data_format,
            activation_fn=activation_fn, normalizer_fn=normalizer_fn, normalizer_params=normalizer_params,
            weights_regularizer=weights_regularizer, scope=scope or None,
        )  # fmt: skip
    if not scope:
        raise ValueError(f"{name}: scope must be given where separable=True: it names two layers, got {scope!r}.")
    net = conv3d(
        inputs, num_outputs, (1, *kernel_size[1:]), stride=(1, *strides[1:]), padding=padding, data_format=data_format,
        activation_fn=activation_fn, normalizer_fn=normalizer_fn, normalizer_params=normalizer_params,
        weights_regularizer=weights_regularizer, scope=scope,
    )  # fmt: skip
    return conv3d(
        net, num_outputs, (kernel_size[0], 1, 1), stride=(strides[0], 1, 1), padding=padding, data_format=data_format,
        activation_fn=activation_fn, normalizer_fn=None, weights_initializer=center_initializer(),
        scope=scope + "/temporal",
    )  # fmt: skip


@add_arg_scope
def inception_block_v1_3d(
    inputs: jax.Array,
    num_outputs_0_0a: int,
    num_outputs_1_0a: int,
    num_outputs_1_0b: int,
    num_outputs_2_0a: int,
    num_outputs_2_0b: int,
    num_outputs_3_0b: int,
    temporal_kernel_size: int = 3,
    self_gating_fn: Callable[..., jax.Array] | None = None,
    data_format: str = "NDHWC",
    scope: str = "",
) -> jax.Array:
    """The block of Inception v1 for videos: four branches side by side.

    Args:
      inputs: [N, T, H, W, C], or [N, C, T, H, W] when `data_format` is "NCDHW".
      num_outputs_0_0a, ..., num_outputs_3_0b: the channels of each convolution: branch 0 to 3, layer 0a or 0b.
      temporal_kernel_size: over how many frames the 3 x 3 convolutions of branches 1 and 2 go.
      self_gating_fn: (inputs, scope) -> inputs with each channel scaled, at the end of each branch; None leaves it out.
      data_format: "NDHWC" or "NCDHW".
      scope: the block's variable scope.

    Returns:
      The branches' outputs, one after the other along the channels.
    """

    def gated(branch: jax.Array, scope: str) -> jax.Array:
        return branch if self_gating_fn is None else self_gating_fn(branch, scope=scope)

    def branch_of_two(name: str, first: int, second: int) -> jax.Array:
        with variable_scope(name):
            branch = conv3d(inputs, first, [1, 1, 1], scope="Conv2d_0a_1x1")
            branch = conv3d_spatiotemporal(branch, second, [temporal_kernel_size, 3, 3], scope="Conv2d_0b_3x3")
            return gated(branch, "Conv2d_0b_3x3")

    with variable_scope(scope):
        with variable_scope("Branch_0"):
            branch_0 = gated(conv3d(inputs, num_outputs_0_0a, [1, 1, 1], scope="Conv2d_0a_1x1"), "Conv2d_0a_1x1")
        branch_1 = branch_of_two("Branch_1", num_outputs_1_0a, num_outputs_1_0b)
        branch_2 = branch_of_two("Branch_2", num_outputs_2_0a, num_outputs_2_0b)
        with variable_scope("Branch_3"):
            branch_3 = max_pool3d(inputs, [3, 3, 3], scope="MaxPool_0a_3x3")
            branch_3 = gated(conv3d(branch_3, num_outputs_3_0b, [1, 1, 1], scope="Conv2d_0b_1x1"), "Conv2d_0b_1x1")
        return jnp.concatenate([branch_0, branch_1, branch_2, branch_3], axis=data_format.index("C"))


def reduced_kernel_size_3d(input_tensor: jax.Array, kernel_size: Sequence[int]) -> list[int]:
    """`kernel_size` (frames, height, width), no larger than `input_tensor` [N, T, H, W, C]: for short or small videos.

    Raises:
      ValueError: `input_tensor` is not of rank 5, or `kernel_size` does not have three numbers.
    """
    _args.rank("reduced_kernel_size_3d", input_tensor, "NDHWC", "input_tensor")
    kernel_size = _args.sizes("reduced_kernel_size_3d", "kernel_size", kernel_size, 3)
    return [min(size, length) for size, length in zip(kernel_size, input_tensor.shape[1:4], strict=True)]

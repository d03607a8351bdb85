"""Transposed convolutions ("deconvolutions"): each pixel is spread over a window of a larger image or volume."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax

from jax_slim import initializers, kernels
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs
from jax_slim.core.precision import to_compute
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.layers import _args
from jax_slim.layers._steps import Function, Scope, maker, of_model, run


@add_arg_scope
@operation
def convolution2d_transpose(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    data_format: str = "NHWC",
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Enlarges images by spreading each pixel over a window with learned filters.

    It is the gradient of `conv2d` towards its inputs. Creates `<scope>/weights` [kh, kw, num_outputs, C] (outputs
    before inputs, as in TF) and, when there is no `normalizer_fn`, `<scope>/biases` [num_outputs]. Also
    `slim.conv2d_transpose`.

        net = slim.conv2d_transpose(net, 64, [4, 4], stride=2)     # [N, 7, 7, 128] -> [N, 14, 14, 64]

    Args:
      inputs: [N, H, W, C] floats, or [N, C, H, W] when `data_format` is "NCHW".
      num_outputs: the channels of the result.
      kernel_size: height and width of the windows in pixels of the result; one int means a square.
      stride: step between windows in pixels of the result; an int or a pair.
      padding: "SAME" yields H * stride rows, "VALID" H * stride + max(kh - stride, 0).
      data_format: "NHWC" or "NCHW".
      activation_fn: applied last; None leaves the layer linear.
      normalizer_fn: takes the place of the biases; called with `**normalizer_params`.
      weights_initializer, biases_initializer: (key, shape, dtype) -> array; None for the biases leaves them out.
      weights_regularizer, biases_regularizer: array -> scalar loss, or None.
      reuse: True shares the variables that an earlier call made under the same `scope`.
      variables_collections: collections that list the variables: names, or a dict {"weights": names, "biases": names}.
      outputs_collections: collections that list the result, under the name of the scope.
      trainable: False keeps the variables out of the gradient.
      scope: name of the layer; by default "Conv2d_transpose", made unique.

    Returns:
      [N, H', W', num_outputs], or [N, num_outputs, H', W'], in the dtype of `inputs`.

    Raises:
      ValueError: `inputs` is not of rank 4, or an argument is out of range.
      TypeError: `inputs` are not floats.
    """
    return _transpose(
        "conv2d_transpose", "Conv2d_transpose", ("NHWC", "NCHW"), inputs, num_outputs, kernel_size, stride, padding,
        data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


@add_arg_scope
@operation
def convolution3d_transpose(
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: str = "SAME",
    data_format: str = "NDHWC",
    activation_fn: Function | None = jax.nn.relu,
    normalizer_fn: Function | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = initializers.xavier_initializer(),
    weights_regularizer: Any = None,
    biases_initializer: Any = initializers.zeros_initializer(),
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    scope: Scope = None,
) -> jax.Array:
    """Enlarges volumes by spreading each pixel over a window with learned filters.

    As `conv2d_transpose`, over three axes; `weights` are [kd, kh, kw, num_outputs, C]. Also `slim.conv3d_transpose`.

        net = slim.conv3d_transpose(net, 16, 2, stride=2)      # [N, 4, 8, 8, 32] -> [N, 8, 16, 16, 16]

    Args:
      inputs: [N, D, H, W, C] floats, or [N, C, D, H, W] when `data_format` is "NCDHW".
      data_format: "NDHWC" or "NCDHW".
      others: as `conv2d_transpose`. The default scope is "Conv3d_transpose".

    Returns:
      [N, D', H', W', num_outputs], or [N, num_outputs, D', H', W'].
    """
    return _transpose(
        "conv3d_transpose", "Conv3d_transpose", ("NDHWC", "NCDHW"), inputs, num_outputs, kernel_size, stride, padding,
        data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer, weights_regularizer,
        biases_initializer, biases_regularizer, reuse, variables_collections, outputs_collections, trainable, scope,
    )  # fmt: skip


conv2d_transpose = convolution2d_transpose
conv3d_transpose = convolution3d_transpose


def _transpose(
    function: str,
    default_scope: str,
    layouts: Sequence[str],
    inputs: jax.Array,
    num_outputs: int,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int],
    padding: str,
    data_format: str,
    activation_fn: Function | None,
    normalizer_fn: Function | None,
    normalizer_params: Mapping[str, Any] | None,
    weights_initializer: Any,
    weights_regularizer: Any,
    biases_initializer: Any,
    biases_regularizer: Any,
    reuse: Any,
    variables_collections: Any,
    outputs_collections: NamesOfCollections,
    trainable: bool,
    scope: Scope,
) -> jax.Array:
    """What the two have in common."""
    layout = _args.choice(function, "data_format", data_format, layouts)
    inputs = _args.floats(function, inputs)
    _args.rank(function, inputs, layout)
    num_outputs = _args.count(function, "num_outputs", num_outputs)
    kernel = _args.sizes(function, "kernel_size", kernel_size, len(layout) - 2)
    strides = _args.sizes(function, "stride", stride, len(layout) - 2)
    padding = _args.same_or_valid(function, padding)
    channel_axis = layout.index("C")

    with variable_scope(scope, default_scope, [inputs], custom_getter=of_model, reuse=reuse) as sc:
        make = maker(inputs, trainable, variables_collections)
        shape = (*kernel, num_outputs, inputs.shape[channel_axis])
        weights = make("weights", shape, weights_initializer, weights_regularizer)
        outputs = run(
            lambda inputs: kernels.transposed_convolution(inputs, weights, strides, padding, layout),
            to_compute(inputs), num_outputs, make, channel_axis, normalizer_fn, normalizer_params,
            biases_initializer, biases_regularizer, activation_fn,
        )  # fmt: skip
        return collect_named_outputs(outputs_collections, sc.name, outputs)

"""`tf.contrib.layers`: convolutions, transposed and separable ones."""

from typing import Any

from jax_slim.tf1.contrib import layer_utils
from jax_slim.tf1.contrib.arg_scopes import add_arg_scope
from jax_slim.tf1.contrib.layers_common import (
    NCHW,
    NHWC,
    add_to_collections,
    channels_format,
    check_data_format,
    finished,
    parameter,
    variable_getter,  # fmt: skip
)
from jax_slim.tf1.contrib.layers_initializers import xavier_initializer
from jax_slim.tf1.graph import building, conversion
from jax_slim.tf1.python import initializers, nn_activations, nn_convolutions, variable_scope
from jax_slim.tf1.python.layer_convolutional import Conv1D, Conv2D, Conv3D
from jax_slim.tf1.python.layer_transposed import Conv2DTranspose, Conv3DTranspose, SeparableConv2D

_RENAMED = {"bias": "biases", "kernel": "weights"}


@add_arg_scope
def convolution(inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str | None = None, rate: Any = 1,
                activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None, biases_initializer: Any = initializers.Zeros(),
                biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                trainable: bool = True, scope: Any = None, conv_dims: int | None = None) -> Any:  # fmt: skip
    """A convolution over one, two or three axes by the rank of its inputs, with bias or normalization, and activation.

    Variables `weights` [*size, inputs, outputs] and, without a normalizer, `biases` [outputs].

    Args:
      padding: 'SAME' or 'VALID'.
      data_format: 'NWC', 'NHWC', 'NDHWC' (the default of the rank), or with the channels second.
      rate: of a dilated convolution; rate and stride cannot both exceed 1.
      normalizer_fn: instead of biases; called with `normalizer_params`.

    Raises:
      ValueError: inputs of another rank, another data format.
    """
    if data_format not in [None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW"]:
        raise ValueError(f"Invalid data_format: {data_format!r}")
    with variable_scope.variable_scope(
        scope, "Conv", [inputs], reuse=reuse, custom_getter=variable_getter(_RENAMED)
    ) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if conv_dims is not None and rank is None:
            raise TypeError(
                f"Convolution expects input with rank {conv_dims + 2}, got a rank that is not known: set_shape says it."
            )
        if conv_dims is not None and conv_dims + 2 != rank:
            raise ValueError(f"Convolution expects input with rank {conv_dims + 2}, got {rank}")
        kind = {3: Conv1D, 4: Conv2D, 5: Conv3D}.get(rank)
        if kind is None:
            raise ValueError("Convolution not supported for input with rank", rank)
        layer = kind(
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding, data_format=channels_format(data_format), dilation_rate=rate,
            activation=None, use_bias=not normalizer_fn and biases_initializer, kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer, kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer, trainable=trainable,
            name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse)  # fmt: skip
        outputs = layer.apply(inputs)
        add_to_collections(layer.kernel, variables_collections, "weights")
        if layer.use_bias:
            add_to_collections(layer.bias, variables_collections, "biases")
        return finished(outputs, sc, outputs_collections, activation_fn, normalizer_fn, normalizer_params)


@add_arg_scope
def convolution1d(inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str | None = None, rate: Any = 1,
                  activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                  weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None, biases_initializer: Any = initializers.Zeros(),
                  biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                  trainable: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """`convolution` over one axis."""
    return convolution(inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn, normalizer_fn, normalizer_params,
                       weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse, variables_collections,
                       outputs_collections, trainable, scope, conv_dims=1)  # fmt: skip


@add_arg_scope
def convolution2d(inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str | None = None, rate: Any = 1,
                  activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                  weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None, biases_initializer: Any = initializers.Zeros(),
                  biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                  trainable: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """`convolution` over two axes."""
    return convolution(inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn, normalizer_fn, normalizer_params,
                       weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse, variables_collections,
                       outputs_collections, trainable, scope, conv_dims=2)  # fmt: skip


@add_arg_scope
def convolution3d(inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str | None = None, rate: Any = 1,
                  activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                  weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None, biases_initializer: Any = initializers.Zeros(),
                  biases_regularizer: Any = None, reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None,
                  trainable: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """`convolution` over three axes."""
    return convolution(inputs, num_outputs, kernel_size, stride, padding, data_format, rate, activation_fn, normalizer_fn, normalizer_params,
                       weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse, variables_collections,
                       outputs_collections, trainable, scope, conv_dims=3)  # fmt: skip


@add_arg_scope
def convolution2d_in_plane(inputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", activation_fn: Any = nn_activations.relu,
                           normalizer_fn: Any = None, normalizer_params: Any = None, weights_initializer: Any = xavier_initializer(),
                           weights_regularizer: Any = None, biases_initializer: Any = initializers.Zeros(), biases_regularizer: Any = None,
                           reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                           scope: Any = None) -> Any:  # fmt: skip
    """The same filter for each channel: variables `weights` [*size, 1, 1] and `biases`."""
    with variable_scope.variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        from jax_slim.tf1.python import array

        inputs = conversion.convert_to_tensor(inputs)
        dtype = inputs.dtype.base_dtype
        height, width = layer_utils.two_element_tuple(kernel_size)
        stride_h, stride_w = layer_utils.two_element_tuple(stride)
        channels = layer_utils.last_dimension(inputs.shape, min_rank=4)
        weights = parameter(
            "weights",
            [height, width, 1, 1],
            dtype,
            weights_initializer,
            variables_collections,
            trainable,
            weights_regularizer,
        )
        depthwise = array.tile(weights, [1, 1, channels, 1])
        outputs = nn_convolutions.depthwise_conv2d(inputs, depthwise, [1, stride_h, stride_w, 1], padding)
        if normalizer_fn is None and biases_initializer is not None:
            biases = parameter(
                "biases", [channels], dtype, biases_initializer, variables_collections, trainable, biases_regularizer
            )
            outputs = building.make("BiasAdd", outputs, biases)
        return finished(outputs, sc, outputs_collections, activation_fn, normalizer_fn, normalizer_params)


@add_arg_scope
def convolution2d_transpose(inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str = NHWC,
                            activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                            weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None,
                            biases_initializer: Any = initializers.Zeros(), biases_regularizer: Any = None, reuse: Any = None,
                            variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """A transposed convolution over two axes: variables `weights` [*size, outputs, inputs] and `biases`.

    Raises:
      ValueError: another data format.
    """
    check_data_format(data_format)
    return _transposed(Conv2DTranspose, "Conv2d_transpose", inputs, num_outputs, kernel_size, stride, padding, data_format, activation_fn, normalizer_fn,
                       normalizer_params, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse,
                       variables_collections, outputs_collections, trainable, scope)  # fmt: skip


@add_arg_scope
def convolution3d_transpose(inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any = 1, padding: str = "SAME", data_format: str = "NDHWC",
                            activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None, normalizer_params: Any = None,
                            weights_initializer: Any = xavier_initializer(), weights_regularizer: Any = None,
                            biases_initializer: Any = initializers.Zeros(), biases_regularizer: Any = None, reuse: Any = None,
                            variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True, scope: Any = None) -> Any:  # fmt: skip
    """A transposed convolution over three axes."""
    check_data_format(data_format, ("NCDHW", "NDHWC"))
    return _transposed(Conv3DTranspose, "Conv3d_transpose", inputs, num_outputs, kernel_size, stride, padding, data_format, activation_fn, normalizer_fn,
                       normalizer_params, weights_initializer, weights_regularizer, biases_initializer, biases_regularizer, reuse,
                       variables_collections, outputs_collections, trainable, scope)  # fmt: skip


def _transposed(kind: Any, default: str, inputs: Any, num_outputs: Any, kernel_size: Any, stride: Any, padding: str, data_format: str, activation_fn: Any,
                normalizer_fn: Any, normalizer_params: Any, weights_initializer: Any, weights_regularizer: Any, biases_initializer: Any,
                biases_regularizer: Any, reuse: Any, variables_collections: Any, outputs_collections: Any, trainable: bool, scope: Any) -> Any:  # fmt: skip
    with variable_scope.variable_scope(
        scope, default, [inputs], reuse=reuse, custom_getter=variable_getter(_RENAMED)
    ) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        layer = kind(
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding, data_format=channels_format(data_format), activation=None,
            use_bias=not normalizer_fn and biases_initializer, kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer, trainable=trainable, name=sc.name,
            dtype=inputs.dtype.base_dtype, _scope=sc, _reuse=reuse)  # fmt: skip
        outputs = layer.apply(inputs)
        add_to_collections(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            add_to_collections(layer.bias, variables_collections, "biases")
        return finished(outputs, sc, outputs_collections, activation_fn, normalizer_fn, normalizer_params)


@add_arg_scope
def separable_convolution2d(inputs: Any, num_outputs: Any, kernel_size: Any, depth_multiplier: int = 1, stride: Any = 1, padding: str = "SAME",
                            data_format: str = NHWC, rate: Any = 1, activation_fn: Any = nn_activations.relu, normalizer_fn: Any = None,
                            normalizer_params: Any = None, weights_initializer: Any = xavier_initializer(), pointwise_initializer: Any = None,
                            weights_regularizer: Any = None, biases_initializer: Any = initializers.Zeros(), biases_regularizer: Any = None,
                            reuse: Any = None, variables_collections: Any = None, outputs_collections: Any = None, trainable: bool = True,
                            scope: Any = None) -> Any:  # fmt: skip
    """A depthwise convolution and, unless `num_outputs` is None, a 1x1 convolution.

    Variables `depthwise_weights` [*size, inputs, depth_multiplier], `pointwise_weights` [1, 1, inputs * depth_multiplier, outputs], `biases`.

    Raises:
      ValueError: another data format.
    """
    check_data_format(data_format)
    getter = variable_getter(
        {"bias": "biases", "depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights"}
    )
    with variable_scope.variable_scope(scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=getter) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        dtype = inputs.dtype.base_dtype
        if num_outputs is not None:
            layer = SeparableConv2D(
                filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding, data_format=channels_format(data_format),
                dilation_rate=layer_utils.two_element_tuple(rate), activation=None, depth_multiplier=depth_multiplier,
                use_bias=not normalizer_fn and biases_initializer, depthwise_initializer=weights_initializer,
                pointwise_initializer=weights_initializer if pointwise_initializer is None else pointwise_initializer,
                bias_initializer=biases_initializer, depthwise_regularizer=weights_regularizer, pointwise_regularizer=weights_regularizer,
                bias_regularizer=biases_regularizer, trainable=trainable, name=sc.name, dtype=dtype, _scope=sc, _reuse=reuse)  # fmt: skip
            outputs = layer.apply(inputs)
            add_to_collections(layer.depthwise_kernel, variables_collections, "weights")
            add_to_collections(layer.pointwise_kernel, variables_collections, "weights")
            if layer.bias is not None:
                add_to_collections(layer.bias, variables_collections, "biases")
            return finished(outputs, sc, outputs_collections, activation_fn, normalizer_fn, normalizer_params)
        height, width = layer_utils.two_element_tuple(kernel_size)
        stride_h, stride_w = layer_utils.two_element_tuple(stride)
        channels = layer_utils.channel_dimension(inputs.shape, channels_format(data_format), min_rank=4)
        from jax_slim.tf1.contrib import framework_variables

        weights = framework_variables.model_variable(
            "depthwise_weights", shape=[height, width, channels, depth_multiplier], dtype=dtype, initializer=weights_initializer,
            regularizer=weights_regularizer, trainable=trainable,
            collections=layer_utils.get_variable_collections(variables_collections, "weights"))  # fmt: skip
        strides = [1, 1, stride_h, stride_w] if data_format == NCHW else [1, stride_h, stride_w, 1]
        outputs = nn_convolutions.depthwise_conv2d(
            inputs, weights, strides, padding, rate=layer_utils.two_element_tuple(rate), data_format=data_format
        )
        if normalizer_fn is None and biases_initializer is not None:
            biases = parameter(
                "biases",
                [depth_multiplier * channels],
                dtype,
                biases_initializer,
                variables_collections,
                trainable,
                biases_regularizer,
            )
            outputs = building.make("BiasAdd", outputs, biases, data_format=data_format)
        return finished(outputs, sc, outputs_collections, activation_fn, normalizer_fn, normalizer_params)


conv1d, conv2d, conv3d = convolution1d, convolution2d, convolution3d
conv2d_in_plane, conv2d_transpose, conv3d_transpose = (
    convolution2d_in_plane,
    convolution2d_transpose,
    convolution3d_transpose,
)
separable_conv2d = separable_convolution2d

"""`tf.contrib.layers`: pooling, and sequences of images."""

from typing import Any

from jax_slim.tf1.contrib import layer_utils
from jax_slim.tf1.contrib.arg_scopes import add_arg_scope
from jax_slim.tf1.contrib.layer_utils import collect_named_outputs
from jax_slim.tf1.contrib.layers_common import NCHW, NHWC, channels_format, check_data_format
from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.python import array, initializers, nn_activations, reductions, variable_scope
from jax_slim.tf1.python.layer_pooling import AveragePooling2D, AveragePooling3D, MaxPooling2D, MaxPooling3D


def _pooled(
    kind: Any,
    default: str,
    inputs: Any,
    kernel_size: Any,
    stride: Any,
    padding: str,
    data_format: str,
    outputs_collections: Any,
    scope: Any,
) -> Any:
    with graphs.name_scope(scope, default, [inputs]) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        layer = kind(
            pool_size=kernel_size, strides=stride, padding=padding, data_format=channels_format(data_format), _scope=sc
        )
        return collect_named_outputs(outputs_collections, sc, layer.apply(inputs))


@add_arg_scope
def avg_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = NHWC,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """Means of windows of images; padding is not counted.

    Raises:
      ValueError: another data format.
    """
    check_data_format(data_format)
    return _pooled(
        AveragePooling2D, "AvgPool2D", inputs, kernel_size, stride, padding, data_format, outputs_collections, scope
    )


@add_arg_scope
def avg_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """Means of windows of volumes; padding is not counted."""
    check_data_format(data_format, ("NCDHW", "NDHWC"))
    return _pooled(
        AveragePooling3D, "AvgPool3D", inputs, kernel_size, stride, padding, data_format, outputs_collections, scope
    )


@add_arg_scope
def max_pool2d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = NHWC,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """Maxima of windows of images.

    Raises:
      ValueError: another data format.
    """
    check_data_format(data_format)
    return _pooled(
        MaxPooling2D, "MaxPool2D", inputs, kernel_size, stride, padding, data_format, outputs_collections, scope
    )


@add_arg_scope
def max_pool3d(
    inputs: Any,
    kernel_size: Any,
    stride: Any = 2,
    padding: str = "VALID",
    data_format: str = "NDHWC",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """Maxima of windows of volumes."""
    check_data_format(data_format, ("NCDHW", "NDHWC"))
    return _pooled(
        MaxPooling3D, "MaxPool3D", inputs, kernel_size, stride, padding, data_format, outputs_collections, scope
    )


@add_arg_scope
def pool(inputs: Any, kernel_size: Any, pooling_type: str, padding: str = "VALID", data_format: str | None = None, dilation_rate: Any = 1, stride: Any = 1,
         outputs_collections: Any = None, scope: Any = None) -> Any:  # fmt: skip
    """Pooling ('AVG' or 'MAX') over as many axes as the inputs have.

    Raises:
      ValueError: the rank is not known.
    """
    from jax_slim.tf1.python import nn_pooling

    with graphs.name_scope(scope, f"{pooling_type.lower()}_pool", [inputs]) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Rank of inputs must be known")
        if rank < 3:
            raise ValueError("Rank of inputs must be >= 3")
        count = rank - 2
        outputs = nn_pooling.pool(input=inputs, window_shape=layer_utils.n_positive_integers(count, kernel_size), pooling_type=pooling_type, padding=padding,
                                  data_format=data_format, dilation_rate=layer_utils.n_positive_integers(count, dilation_rate),
                                  strides=layer_utils.n_positive_integers(count, stride), name=sc)  # fmt: skip
        return collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def spatial_softmax(
    features: Any,
    temperature: Any = None,
    name: Any = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = NHWC,
) -> Any:
    """The expected place [x, y], in -1 to 1, of a softmax over the pixels of each channel: [batch, 2 * channels]."""
    from jax_slim.tf1.contrib.framework_variables import model_variable
    from jax_slim.tf1.python import constant_op

    with variable_scope.variable_scope(name, "spatial_softmax"):
        whole = array.shape(features)
        static = features.shape
        if data_format == NHWC:
            height, width, channels = whole[1], whole[2], static[3].value
        elif data_format == NCHW:
            channels, height, width = static[1].value, whole[2], whole[3]
        else:
            raise ValueError("data_format has to be either NCHW or NHWC.")
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. Found `None`."
            )
        with graphs.name_scope("spatial_softmax_op", None, [features]):
            pos_x, pos_y = constant_op.meshgrid(
                constant_op.lin_space(-1.0, 1.0, num=height), constant_op.lin_space(-1.0, 1.0, num=width), indexing="ij"
            )
            pos_x, pos_y = array.reshape(pos_x, [height * width]), array.reshape(pos_y, [height * width])
            initializer = initializers.Ones() if temperature is None else initializers.Constant(temperature)
            temperature = model_variable(
                "temperature", shape=(), dtype=dtypes.float32, initializer=initializer, trainable=trainable
            )
            if data_format == NCHW:
                features = array.reshape(features, [-1, height * width])
            else:
                features = array.reshape(array.transpose(features, [0, 3, 1, 2]), [-1, height * width])
            attention = nn_activations.softmax(features / temperature)
            expected_x = reductions.reduce_sum(pos_x * attention, [1], keepdims=True)
            expected_y = reductions.reduce_sum(pos_y * attention, [1], keepdims=True)
            from jax_slim.tf1.python import joining

            keypoints = array.reshape(joining.concat([expected_x, expected_y], 1), [-1, channels * 2])
            keypoints.set_shape([None, channels * 2])
    return keypoints


@add_arg_scope
def images_to_sequence(inputs: Any, data_format: str = NHWC, outputs_collections: Any = None, scope: Any = None) -> Any:
    """Images [batch, height, width, channels] as sequences of columns [width, batch * height, channels]."""
    check_data_format(data_format)
    with graphs.name_scope(scope, "ImagesToSequence", [inputs]) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        if data_format == NCHW:
            inputs = array.transpose(inputs, [0, 2, 3, 1])
        _, _, width, depth = inputs.shape.as_list()
        whole = array.shape(inputs)
        batch, height = whole[0], whole[1]
        outputs = array.reshape(
            array.transpose(inputs, [2, 0, 1, 3]), [width if width is not None else whole[2], batch * height, depth]
        )
        outputs.set_shape([width, None, depth])
        return collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def sequence_to_images(
    inputs: Any,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """The way back: sequences [width, batch * height, channels] as images of that height."""
    with graphs.name_scope(scope, "SequenceToImages", [inputs]) as sc:
        inputs = conversion.convert_to_tensor(inputs)
        width, patches, depth = inputs.shape.as_list()
        batch = -1 if patches is None else patches // height
        outputs = array.reshape(inputs, [width, batch, height, depth])
        outputs = array.transpose(outputs, [1, 2, 0, 3] if output_data_format == "channels_last" else [1, 3, 2, 0])
        return collect_named_outputs(outputs_collections, sc, outputs)

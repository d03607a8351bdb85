"""`tf.layers.MaxPooling2D`, `AveragePooling2D` and their relatives, and the functions that make and call them."""

from typing import Any

from jax_slim.tf1.graph import building, shapes
from jax_slim.tf1.python import array
from jax_slim.tf1.python.layer_base import InputSpec, Layer
from jax_slim.tf1.python.layer_convolutional import (
    normalized_data_format,
    normalized_padding,
    normalized_tuple,
    output_length,
    tf_data_format,
)


class _Pooling(Layer):
    rank = 2
    operation = ""

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: Any = "channels_last",
        name: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = normalized_tuple(pool_size, self.rank, "pool_size")
        self.strides = normalized_tuple(pool_size if strides is None else strides, self.rank, "strides")
        self.padding, self.data_format = normalized_padding(padding), normalized_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        first = self.data_format == "channels_first"
        around = (lambda sizes: [1, 1, *sizes]) if first else lambda sizes: [1, *sizes, 1]
        options = {"ksize": around(self.pool_size), "strides": around(self.strides), "padding": self.padding.upper()}
        return building.make(
            self.operation, inputs, **options, data_format=tf_data_format(self.data_format, self.rank + 2)
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = shapes.as_shape(input_shape).as_list()
        first = self.data_format == "channels_first"
        space = sizes[2:] if first else sizes[1:-1]
        found = [
            output_length(n, k, self.padding, s) for n, k, s in zip(space, self.pool_size, self.strides, strict=True)
        ]
        return shapes.TensorShape([*sizes[:2], *found] if first else [sizes[0], *found, sizes[-1]])


class _Pooling1D(_Pooling):
    rank = 1

    def call(self, inputs: Any) -> Any:
        axis = 2 if self.data_format == "channels_last" else 3
        first = self.data_format == "channels_first"
        around = (lambda sizes: [1, 1, *sizes, 1]) if first else lambda sizes: [1, *sizes, 1, 1]
        outputs = building.make(self.operation, array.expand_dims(inputs, axis), ksize=around(self.pool_size), strides=around(self.strides),
                                padding=self.padding.upper(), data_format=tf_data_format(self.data_format, 4))  # fmt: skip
        return array.squeeze(outputs, axis)


class AveragePooling1D(_Pooling1D):
    """Means of windows along one axis."""

    operation = "AvgPool"


class MaxPooling1D(_Pooling1D):
    """Maxima of windows along one axis."""

    operation = "MaxPool"


class AveragePooling2D(_Pooling):
    """Means of windows along two axes; padding is not counted."""

    operation = "AvgPool"


class MaxPooling2D(_Pooling):
    """Maxima of windows along two axes."""

    operation = "MaxPool"


class _Pooling3D(_Pooling):
    rank = 3

    def call(self, inputs: Any) -> Any:
        # TensorFlow 1 pools along three axes with channels last only, and turns the others around: nodes that have names.
        first = self.data_format == "channels_first"
        if first:
            inputs = array.transpose(inputs, (0, 2, 3, 4, 1))
        outputs = building.make(self.operation, inputs, ksize=[1, *self.pool_size, 1], strides=[1, *self.strides, 1],
                                padding=self.padding.upper())  # fmt: skip
        return array.transpose(outputs, (0, 4, 1, 2, 3)) if first else outputs


class AveragePooling3D(_Pooling3D):
    """Means of windows along three axes; padding is not counted."""

    operation = "AvgPool3D"


class MaxPooling3D(_Pooling3D):
    """Maxima of windows along three axes."""

    operation = "MaxPool3D"


def average_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: Any = "channels_last",
    name: Any = None,
) -> Any:
    """Means of windows along one axis."""
    return AveragePooling1D(pool_size, strides, padding, data_format, name)(inputs)


def max_pooling1d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: Any = "channels_last",
    name: Any = None,
) -> Any:
    """Maxima of windows along one axis."""
    return MaxPooling1D(pool_size, strides, padding, data_format, name)(inputs)


def average_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: Any = "channels_last",
    name: Any = None,
) -> Any:
    """Means of windows along two axes; padding is not counted."""
    return AveragePooling2D(pool_size, strides, padding, data_format, name)(inputs)


def max_pooling2d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: Any = "channels_last",
    name: Any = None,
) -> Any:
    """Maxima of windows along two axes."""
    return MaxPooling2D(pool_size, strides, padding, data_format, name)(inputs)


def average_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: Any = "channels_last",
    name: Any = None,
) -> Any:
    """Means of windows along three axes; padding is not counted."""
    return AveragePooling3D(pool_size, strides, padding, data_format, name)(inputs)


def max_pooling3d(
    inputs: Any,
    pool_size: Any,
    strides: Any,
    padding: str = "valid",
    data_format: Any = "channels_last",
    name: Any = None,
) -> Any:
    """Maxima of windows along three axes."""
    return MaxPooling3D(pool_size, strides, padding, data_format, name)(inputs)

"""Which activations and layers the configurations of Keras name: `tf.keras.activations` and `tf.keras.layers`, `serialize` and `deserialize`."""

import inspect
from typing import Any

from jax_slim.tf1.python import (
    keras_backend,
    keras_configurations,
    keras_layers,
    keras_layers_more,
    keras_models,
    layer_core,
    math,
)
from jax_slim.tf1.python.keras_base import Layer


def exponential(x: Any) -> Any:
    """exp(x)."""
    return math.exp(x)


_ACTIVATIONS = {"linear": keras_backend.linear, "softmax": keras_layers.softmax, "hard_sigmoid": keras_backend.hard_sigmoid, "exponential": exponential}  # fmt: skip


def _activation(name: str) -> Any:
    return _ACTIVATIONS.get(name) or layer_core.activation_of(name)


serialize_activation, deserialize_activation = keras_configurations.of_functions("activation function", _activation)


def get_activation(identifier: Any) -> Any:
    """An activation: itself, or by its name; None is the one that changes nothing.

    Raises:
      ValueError: there is none of that name.
      TypeError: it is neither.
    """
    if identifier is None:
        return keras_backend.linear
    if isinstance(identifier, str | dict):
        return deserialize_activation(identifier)
    if callable(identifier):
        return identifier
    raise TypeError(f"Could not interpret activation function identifier: {identifier!r}")


_LAYERS = {
    name: found
    for file in (keras_layers, keras_layers_more, keras_models)
    for name, found in vars(file).items()
    if inspect.isclass(found) and issubclass(found, Layer) and not name.startswith("_")
}
serialize_layer, deserialize_layer, _ = keras_configurations.of_objects("layer", _LAYERS)

"""`tf.keras.losses` and `tf.keras.metrics` as functions: a number for each example; and what they are called."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import conversion, dtypes
from jax_slim.tf1.python import (
    array,
    clip_ops,
    keras_backend,
    keras_configurations,
    keras_layers,
    math,
    nn_activations,
    reductions,
    sorting,
)
from jax_slim.tf1.python.nn_normalization import l2_normalize


def _both(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    y_pred = conversion.convert_to_tensor(y_pred)
    return math.cast(y_true, y_pred.dtype), y_pred


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Distances in percent of the true values."""
    y_true, y_pred = _both(y_true, y_pred)
    share = math.abs((y_true - y_pred) / math.maximum(math.abs(y_true), keras_backend.epsilon()))
    return 100.0 * reductions.reduce_mean(share, axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Squared differences of log(1 + value)."""
    y_true, y_pred = _both(y_true, y_pred)
    logs = [math.log(math.maximum(y, keras_backend.epsilon()) + 1.0) for y in (y_pred, y_true)]
    return reductions.reduce_mean(math.squared_difference(*logs), axis=-1)


def _signs(y_true: Any) -> Any:
    """0 and 1 as -1 and 1."""
    binary = reductions.reduce_all(math.logical_or(math.equal(y_true, 0.0), math.equal(y_true, 1.0)))
    from jax_slim.tf1.python import smart

    return smart.smart_cond(binary, lambda: 2.0 * y_true - 1.0, lambda: y_true)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """max(1 - y_true * y_pred, 0)."""
    y_true, y_pred = _both(y_true, y_pred)
    return reductions.reduce_mean(math.maximum(1.0 - _signs(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(1 - y_true * y_pred, 0) squared."""
    y_true, y_pred = _both(y_true, y_pred)
    return reductions.reduce_mean(math.square(math.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), axis=-1)


def logcosh(y_true: Any, y_pred: Any) -> Any:
    """log(cosh(difference))."""
    y_true, y_pred = _both(y_true, y_pred)
    x = y_pred - y_true
    return reductions.reduce_mean(x + nn_activations.softplus(-2.0 * x) - math.log(2.0), axis=-1)


def huber_loss(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Squares of small differences, distances of large ones; the elements' mean."""
    y_true, y_pred = _both(y_true, y_pred)
    error = math.abs(y_pred - y_true)
    quadratic = math.minimum(error, delta)
    return reductions.reduce_mean(0.5 * quadratic * quadratic + delta * (error - quadratic), axis=-1)


def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true * log(y_true / y_pred))."""
    y_true, y_pred = _both(y_true, y_pred)
    y_true, y_pred = (clip_ops.clip_by_value(y, keras_backend.epsilon(), 1.0) for y in (y_true, y_pred))
    return reductions.reduce_sum(y_true * math.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """y_pred - y_true * log(y_pred)."""
    y_true, y_pred = _both(y_true, y_pred)
    return reductions.reduce_mean(y_pred - y_true * math.log(y_pred + keras_backend.epsilon()), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The negative cosine of the angle."""
    y_true, y_pred = _both(y_true, y_pred)
    return -reductions.reduce_sum(l2_normalize(y_true, axis=axis) * l2_normalize(y_pred, axis=axis), axis=axis)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """The share of right sides of a threshold."""
    y_true, y_pred = _both(y_true, y_pred)
    right = math.equal(y_true, math.cast(y_pred > threshold, y_pred.dtype))
    return reductions.reduce_mean(math.cast(right, dtypes.float32), axis=-1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the largest output is the right one."""
    return math.cast(math.equal(_argmax(y_true), _argmax(y_pred)), dtypes.float32)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """Whether the largest output is that of the class id."""
    y_pred = conversion.convert_to_tensor(y_pred)
    y_true = conversion.convert_to_tensor(y_true)
    if y_true.shape.ndims == y_pred.shape.ndims:  # ids in a column
        y_true = array.reshape(y_true, array.shape(y_pred)[:-1])
    return math.cast(math.equal(math.cast(y_true, dtypes.int64), _argmax(y_pred)), dtypes.float32)


def _argmax(values: Any) -> Any:
    return math.cast(reductions.argmax(values, axis=-1), dtypes.int64)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Whether the right output is among the k largest."""
    return math.cast(sorting.in_top_k(y_pred, _argmax(y_true), k), dtypes.float32)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """Whether the output of the class id is among the k largest."""
    ids = math.cast(array.reshape(y_true, [-1]), dtypes.int64)
    return math.cast(sorting.in_top_k(y_pred, ids, k), dtypes.float32)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "mean_squared_error": keras_layers.mean_squared_error, "mean_absolute_error": keras_backend.mean_absolute_error,
    "mean_absolute_percentage_error": mean_absolute_percentage_error, "mean_squared_logarithmic_error": mean_squared_logarithmic_error,
    "categorical_crossentropy": keras_layers.categorical_crossentropy, "binary_crossentropy": keras_backend.binary_crossentropy,
    "sparse_categorical_crossentropy": keras_backend.sparse_categorical_crossentropy, "hinge": hinge, "squared_hinge": squared_hinge,
    "logcosh": logcosh, "huber_loss": huber_loss, "kullback_leibler_divergence": kullback_leibler_divergence, "poisson": poisson,
    "cosine_similarity": cosine_similarity, "cosine_proximity": cosine_similarity, "binary_accuracy": binary_accuracy,
    "categorical_accuracy": categorical_accuracy, "sparse_categorical_accuracy": sparse_categorical_accuracy,
    "top_k_categorical_accuracy": top_k_categorical_accuracy, "sparse_top_k_categorical_accuracy": sparse_top_k_categorical_accuracy,
}  # fmt: skip
_SHORT = {"mse": "mean_squared_error", "mae": "mean_absolute_error", "mape": "mean_absolute_percentage_error",
          "msle": "mean_squared_logarithmic_error", "kld": "kullback_leibler_divergence"}  # fmt: skip


def get(identifier: Any) -> Any:
    """A function of (y_true, y_pred): itself, or by its name.

    Raises:
      ValueError: there is none of that name.
    """
    if identifier is None or callable(identifier):
        return identifier
    name = _SHORT.get(str(identifier).lower(), str(identifier))
    if name not in _FUNCTIONS:
        raise ValueError(f"Unknown loss function: {identifier}")
    return _FUNCTIONS[name]


def metric(identifier: Any, loss: Any, output: Any) -> tuple[str, Any]:
    """(name, function) of what `compile(metrics=...)` was given; what 'accuracy' is depends on the loss and the output."""
    if identifier in ("accuracy", "acc"):
        if output.shape[-1].value == 1 or get(loss) is keras_backend.binary_crossentropy:
            return "acc", binary_accuracy
        if get(loss) is keras_backend.sparse_categorical_crossentropy:
            return "acc", sparse_categorical_accuracy
        return "acc", categorical_accuracy
    if identifier in ("crossentropy", "ce"):
        return "ce", get(loss)
    function = get(identifier)
    return getattr(function, "__name__", None) or getattr(function, "name", type(function).__name__), function


serialize, deserialize = keras_configurations.of_functions("loss function", get)

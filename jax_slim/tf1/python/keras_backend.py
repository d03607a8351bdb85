"""`tf.keras.backend`, `activations`, `losses` and `utils`, as far as programs with graphs of their own use them."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.python import array, clip_ops, gathering, joining, math, nn_losses, reductions

_EPSILON = 1e-7


def epsilon() -> float:
    """What logarithms and quotients are kept away from 0 by."""
    return _EPSILON


def floatx() -> str:
    """The type of floats."""
    return "float32"


def image_data_format() -> str:
    """Where the channels of images are."""
    return "channels_last"


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The static shape as a tuple; None where the rank is not known."""
    shape = x.get_shape()
    return None if shape.ndims is None else tuple(shape.as_list())


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean along axes; of bools their share."""
    if x.dtype.base_dtype == dtypes.bool_:
        x = math.cast(x, dtypes.float32)
    return reductions.reduce_mean(x, axis, keepdims)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The sum along axes."""
    return reductions.reduce_sum(x, axis, keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The maximum along axes."""
    return reductions.reduce_max(x, axis, keepdims)


def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Tensors joined along an axis."""
    return joining.concat(
        [conversion.convert_to_tensor(t) for t in tensors], axis if axis >= 0 else axis % tensors[0].shape.ndims
    )


def get_session(op_input_list: Any = ()) -> Any:
    """The session that is the default.

    Raises:
      ValueError: there is none.
    """
    found = graphs.get_default_session()
    if found is None:
        raise ValueError(
            "tf.keras.backend.get_session: there must be a default session: with tf.Session().as_default()."
        )
    return found


def linear(x: Any) -> Any:
    """The inputs."""
    return x


def hard_sigmoid(x: Any) -> Any:
    """0.2 * x + 0.5, between 0 and 1."""
    return clip_ops.clip_by_value(x * 0.2 + 0.5, 0.0, 1.0)


def binary_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0) -> Any:
    """The mean over the last axis of the cross entropy of probabilities (or logits) and labels."""
    y_pred = conversion.convert_to_tensor(y_pred)
    y_true = math.cast(y_true, y_pred.dtype)
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if not from_logits and y_pred.op.type == "Sigmoid":
        y_pred, from_logits = y_pred.op.inputs[0], True
    if from_logits:
        found = nn_losses.sigmoid_cross_entropy_with_logits(labels=y_true, logits=y_pred)
    else:
        y_pred = clip_ops.clip_by_value(y_pred, _EPSILON, 1.0 - _EPSILON)
        found = -(y_true * math.log(y_pred + _EPSILON) + (1 - y_true) * math.log(1 - y_pred + _EPSILON))
    return reductions.reduce_mean(found, axis=-1)


def sparse_categorical_crossentropy(y_true: Any, y_pred: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """The cross entropy of probabilities (or logits) and class ids, a number for each example."""
    y_pred = conversion.convert_to_tensor(y_pred)
    if axis not in (-1, (y_pred.shape.ndims or 0) - 1):
        raise ValueError(f"sparse_categorical_crossentropy: axis must be the last one here, got {axis}.")
    if not from_logits:
        if y_pred.op.type == "Softmax":
            y_pred = y_pred.op.inputs[0]
        else:
            y_pred = math.log(clip_ops.clip_by_value(y_pred, _EPSILON, 1.0 - _EPSILON))
    labels = math.cast(array.reshape(y_true, [-1]), dtypes.int64)
    logits = array.reshape(y_pred, [-1, y_pred.shape[-1].value])
    found = nn_losses.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    return found if (y_pred.shape.ndims or 0) <= 2 else array.reshape(found, array.shape(y_pred)[:-1])


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """The mean over the last axis of the distances."""
    y_pred = conversion.convert_to_tensor(y_pred)
    return reductions.reduce_mean(math.abs(y_pred - math.cast(y_true, y_pred.dtype)), axis=-1)


def to_categorical(y: Any, num_classes: int | None = None, dtype: str = "float32") -> Any:
    """Class ids (NumPy) as vectors of zeros and a one."""
    ids = np.asarray(y, dtype="int")
    sizes = ids.shape[:-1] if ids.ndim > 1 and ids.shape[-1] == 1 else ids.shape
    ids = ids.ravel()
    count = num_classes or int(ids.max()) + 1
    found = np.zeros((len(ids), count), dtype=dtype)
    found[np.arange(len(ids)), ids] = 1
    return found.reshape((*sizes, count))


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two tensors, or what one of two functions gives, by a condition."""
    if getattr(condition.shape, "ndims", None) == 0:
        from jax_slim.tf1.python import control_flow

        branches = [e if callable(e) else (lambda e=e: e) for e in (then_expression, else_expression)]
        return control_flow.cond(condition, *branches)
    return gathering.where(condition, then_expression, else_expression)

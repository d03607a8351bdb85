"""`tf.keras.backend`, `activations`, `losses` and `utils`, as far as programs with graphs of their own use them."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes
from jax_slim.tf1.python import (
    array,
    clip_ops,
    gathering,
    joining,
    keras_layers,
    keras_sessions,
    math,
    nn_losses,
    reductions,
)
from jax_slim.tf1.python.keras_sessions import get_session

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


def eval(x: Any) -> Any:
    """The value of a tensor or variable in `get_session()`."""
    return get_session().run(x)


def get_value(x: Any) -> Any:
    """The value of a variable."""
    return eval(x)


def batch_get_value(tensors: Any) -> list[Any]:
    """The values of several variables."""
    return get_session().run(list(tensors)) if tensors else []


def set_value(x: Any, value: Any) -> None:
    """Gives a variable a value."""
    x.load(np.asarray(value, x.dtype.as_numpy_dtype), get_session())


def batch_set_value(tuples: Any) -> None:
    """Gives variables values: pairs of both."""
    for variable, value in tuples:
        set_value(variable, value)


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """A variable, which gets its first value by itself."""
    from jax_slim.tf1.python.variables import Variable

    kind = dtypes.as_dtype(dtype or "float32")
    made = Variable(value, dtype=kind, name=name, constraint=constraint, use_resource=True)
    keras_sessions.note_variable(made)
    return made


def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: Any = None, sparse: bool = False, name: str | None = None
) -> Any:
    """A placeholder; `ndim` stands for a shape of unknown sizes."""
    if shape is None and ndim is not None:
        shape = (None,) * ndim
    return array.placeholder(dtypes.as_dtype(dtype or "float32"), shape=shape, name=name)


def function(inputs: Any, outputs: Any, updates: Any = None, name: str | None = None, **unused: Any) -> Any:
    """A Python function of arrays that gives the outputs' values, and has `updates` happen."""
    inputs, many = list(inputs), isinstance(outputs, list | tuple)
    wanted = list(outputs) if many else [outputs]

    def call(values: Any) -> Any:
        values = values if isinstance(values, list | tuple) else [values]
        feed = dict(zip(inputs, values, strict=True))
        found = get_session().run([wanted, list(updates or [])], feed)[0]
        return found if many else found[0]

    return call


def dot(x: Any, y: Any) -> Any:
    """The matrix product."""
    from jax_slim.tf1.python import linalg

    return linalg.matmul(x, y)


def batch_flatten(x: Any) -> Any:
    """All axes but the first joined."""
    return array.reshape(x, [-1, int(np.prod(x.shape.as_list()[1:]))])


def ndim(x: Any) -> int | None:
    """The number of axes."""
    return x.shape.ndims


def gradients(loss: Any, variables: Any) -> list[Any]:
    """The gradients of a loss."""
    from jax_slim.tf1.graph import gradients as graph_gradients

    return graph_gradients.gradients(loss, variables)


def softmax(x: Any, axis: int = -1) -> Any:
    """Softmax along an axis."""
    return keras_layers.softmax(x, axis)


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

        then, other = (e if callable(e) else (lambda e=e: e) for e in (then_expression, else_expression))
        return control_flow.cond(condition, then, other)
    return gathering.where(condition, then_expression, else_expression)

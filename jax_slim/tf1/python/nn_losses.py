"""`tf.nn`: cross entropies and other losses of single examples."""

import math as numbers
from typing import Any, NamedTuple

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments, array, constant_op, gathering, joining, math, nn_activations, slicing


def _check_named(function: str, sentinel: Any, labels: Any, logits: Any) -> None:
    if sentinel is not None:
        raise ValueError(f"Only call `{function}` with named arguments (labels=..., logits=..., ...)")
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def _check_same_shape(a: Tensor, b: Tensor, names: str) -> None:
    try:
        a.get_shape().merge_with(b.get_shape())
    except ValueError:
        raise ValueError(f"{names} must have the same shape ({b.get_shape()} vs {a.get_shape()})") from None


def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: Any = None, name: str | None = None, dim: Any = None
) -> Tensor:
    """The cross entropy between `labels` and softmax(logits) along `axis` (the last); labels have gradients too.

    Returns:
      A loss for each example: the shape of `logits` without `axis`.
    """
    axis = arguments.either("axis", axis, "dim", dim)
    axis = -1 if axis is None else axis
    with graphs.name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as name:
        logits = conversion.convert_to_tensor(logits, name="logits")
        labels = conversion.convert_to_tensor(labels, name="labels")
        half = logits.dtype in (dtypes.float16, dtypes.bfloat16)
        precise = math.cast(logits, dtypes.float32) if half else logits
        labels = math.cast(labels, precise.dtype)
        rank = array.rank(precise)
        shape = logits.get_shape()
        if axis != -1:
            precise, labels = _to_the_end(precise, axis, rank), _to_the_end(labels, axis, rank)
        input_shape = array.shape(precise)
        precise, labels = _as_matrix(precise), _as_matrix(labels)
        cost, _ = building.make("SoftmaxCrossEntropyWithLogits", precise, labels, name=name)
        output_shape = slicing.slice(input_shape, [0], [math.subtract(rank, 1)])
        cost = array.reshape(cost, output_shape)
        if shape.sizes is not None:
            known = shape.as_list()
            del known[axis]
            cost.set_shape(known)
        return math.cast(cost, logits.dtype) if half else cost


def _to_the_end(tensor: Tensor, axis: Any, rank: Any) -> Tensor:
    return array.transpose(
        tensor, joining.concat([constant_op.range(axis), constant_op.range(axis + 1, rank), [axis]], 0)
    )


def _as_matrix(logits: Tensor) -> Tensor:
    rank = array.rank(logits)
    last = slicing.slice(array.shape(logits), [math.subtract(rank, 1)], [1])
    matrix = array.reshape(logits, joining.concat([[-1], last], 0))
    sizes = logits.get_shape().sizes
    if sizes is not None:
        product: int | None = 1
        for size in sizes[:-1]:
            product = None if product is None or size is None else product * size
        if product is not None:
            matrix.set_shape([product, sizes[-1]])
    return matrix


def softmax_cross_entropy_with_logits(_sentinel: Any = None, labels: Any = None, logits: Any = None, dim: Any = -1, name: str | None = None,
                                      axis: Any = None) -> Tensor:  # fmt: skip
    """`softmax_cross_entropy_with_logits_v2` without a gradient for the labels. All arguments by name."""
    dim = axis if axis is not None else dim
    _check_named("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with graphs.name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as name:
        labels = array.stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, axis=dim, name=name)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross entropy of softmax(logits) [..., classes] with the number of the right class, int32 or int64 [...]. All arguments by name."""
    _check_named("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with graphs.name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = conversion.convert_to_tensor(labels)
        logits = conversion.convert_to_tensor(logits)
        half = logits.dtype == dtypes.float16
        precise = math.cast(logits, dtypes.float32) if half else logits
        of_labels, of_logits = labels.get_shape(), logits.get_shape()
        labels_shape = array.shape(labels)
        known = of_labels.is_fully_defined() and of_logits[:-1].is_fully_defined()
        if of_logits.ndims == 0:
            raise ValueError(f"Logits cannot be scalars - received shape {of_logits}.")
        if of_logits.ndims is not None and of_labels.ndims is not None and of_labels.ndims != of_logits.ndims - 1:
            raise ValueError(
                f"Rank mismatch: Rank of labels (received {of_labels.ndims}) should equal rank of logits minus 1 (received {of_logits.ndims})."
            )
        if known and of_labels != of_logits[:-1]:
            raise ValueError(
                f"Shape mismatch: The shape of labels (received {of_labels}) should equal the shape of logits except for the last dimension (received {of_logits})."
            )
        if of_logits.ndims == 2:
            cost, _ = building.make("SparseSoftmaxCrossEntropyWithLogits", precise, labels, name=name)
            return math.cast(cost, dtypes.float16) if half else cost
        checks = [] if known else [_assert_equal(array.shape(labels), array.shape(logits)[:-1])]
        with graphs.control_dependencies(checks):
            classes = array.shape(logits)[array.rank(logits) - 1]
            precise = array.reshape(precise, [-1, classes])
            labels = array.reshape(labels, [-1])
            cost, _ = building.make("SparseSoftmaxCrossEntropyWithLogits", precise, labels, name=name)
            cost = array.reshape(cost, labels_shape)
            cost.set_shape(of_labels)
            return math.cast(cost, dtypes.float16) if half else cost


def _assert_equal(x: Any, y: Any) -> Any:
    from jax_slim.tf1.python import checks

    return checks.assert_equal(x, y)


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """The cross entropy of sigmoid(logits) with labels from 0 to 1, elementwise. All arguments by name."""
    _check_named("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with graphs.name_scope(name, "logistic_loss", [logits, labels]) as name:
        logits = conversion.convert_to_tensor(logits, name="logits")
        labels = conversion.convert_to_tensor(labels, name="labels")
        _check_same_shape(labels, logits, "logits and labels")
        zeros = constant_op.zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        rectified = gathering.where(positive, logits, zeros)
        minus_size = gathering.where(positive, -logits, logits)
        return math.add(rectified - logits * labels, math.log1p(math.exp(minus_size)), name=name)


def weighted_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, pos_weight: Any = None, name: str | None = None, targets: Any = None
) -> Tensor:
    """`sigmoid_cross_entropy_with_logits` in which label 1 counts `pos_weight` times."""
    labels = arguments.either("labels", labels, "targets", targets)
    with graphs.name_scope(name, "logistic_loss", [logits, labels]) as name:
        logits = conversion.convert_to_tensor(logits, name="logits")
        labels = conversion.convert_to_tensor(labels, name="labels")
        _check_same_shape(labels, logits, "logits and labels")
        log_weight = 1 + (pos_weight - 1) * labels
        return math.add(
            (1 - labels) * logits,
            log_weight * (math.log1p(math.exp(-math.abs(logits))) + nn_activations.relu(-logits)),
            name=name,
        )


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Tensor:
    """exp(log_input) - log_input * targets; with `compute_full_loss` also Stirling's approximation of log(targets!)."""
    with graphs.name_scope(name, "log_poisson_loss", [log_input, targets]) as name:
        log_input = conversion.convert_to_tensor(log_input, name="log_input")
        targets = conversion.convert_to_tensor(targets, name="targets")
        _check_same_shape(targets, log_input, "log_input and targets")
        result = math.exp(log_input) - log_input * targets
        if compute_full_loss:
            half = conversion.constant(0.5, dtype=targets.dtype)
            two_pi = conversion.constant(2 * numbers.pi, dtype=targets.dtype)
            stirling = targets * math.log(targets) - targets + half * math.log(two_pi * targets)
            zeros = constant_op.zeros_like(targets, dtype=targets.dtype)
            ones = constant_op.ones_like(targets, dtype=targets.dtype)
            small = math.logical_and(targets >= zeros, targets <= ones)
            result += gathering.where(small, zeros, stirling)
        return result


def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """sum(t^2) / 2."""
    return building.make("L2Loss", t, name=name)


class TopKV2(NamedTuple):
    """What `top_k` gives."""

    values: Any
    indices: Any


def top_k(input: Any, k: Any = 1, sorted: bool = True, name: str | None = None) -> TopKV2:
    """The k largest elements of the last dimension and their places, the largest first; of equal ones the first."""
    return TopKV2(*building.make("TopKV2", input, k, sorted=sorted, name=name))


def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether the prediction for each target class is among the k best, all that are equal to the k-th included."""
    with graphs.name_scope(name, "in_top_k"):
        return building.make("InTopKV2", predictions, targets, k, name=name)

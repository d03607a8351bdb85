"""Cross entropies of softmax, with dense and with sparse labels."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.tf1.graph import errors, rows, shapes
from jax_slim.tf1.operations import arrays, shape_checks, shape_rules


@jax.custom_jvp
def _loss(features, labels):
    return -(labels * jax.nn.log_softmax(features)).sum(-1)


@_loss.defjvp
def _derivative(primals, tangents):
    # TF's derivative, which takes the labels of an example to sum to 1 whether they do or not.
    (features, labels), (of_features, of_labels) = primals, tangents
    moved = (jax.nn.softmax(features) - labels) * of_features - jax.nn.log_softmax(features) * of_labels
    return _loss(features, labels), moved.sum(-1)


def _dense_shapes(op: Any) -> Any:
    pair = [t.shape for t in op._inputs]
    for place in range(2):
        shape_checks.with_rank_at_most(op, place, 2)
    try:
        whole = shapes.broadcast(*pair)
    except ValueError:
        a, b = (p.sizes for p in pair)
        wrong = next(
            (
                (x, y)
                for x, y in zip(a[::-1], b[::-1], strict=False)
                if 1 not in (x, y) and None not in (x, y) and x != y
            ),
            (a, b),
        )
        shape_rules.refuse(op, f"Dimensions must be equal, but are {wrong[0]} and {wrong[1]}")
    if whole.sizes is None:
        return [[None], [None, None]]
    if len(whole.sizes) != 2:
        shape_rules.refuse(op, f"Shape must be rank 2 but is rank {len(whole.sizes)}")
    return [whole.sizes[:1], whole.sizes]


def _log_softmax(features: np.ndarray) -> np.ndarray:
    centered = features - features.max(-1, keepdims=True, initial=-np.inf)
    powers = np.exp(centered).sum(-1, keepdims=True, dtype=arrays.summing_type(centered.dtype))
    return (centered - np.log(powers)).astype(centered.dtype)


@rows.row("SoftmaxCrossEntropyWithLogits", shape=_dense_shapes)
def softmax_cross_entropy_with_logits(features, labels):
    if arrays.xp(features, labels) is np:
        features, labels = np.broadcast_arrays(features, labels)
        logarithms = _log_softmax(features)
        losses = (labels * -logarithms).sum(-1, dtype=arrays.summing_type(features.dtype))
        return losses.astype(features.dtype), np.exp(logarithms) - labels
    features, labels = jnp.broadcast_arrays(jnp.asarray(features), jnp.asarray(labels))
    return _loss(features, labels), jax.nn.softmax(features) - labels


def _sparse_shapes(op: Any) -> Any:
    batch, classes = shape_checks.with_rank(op, 0, 2)
    (labels,) = shape_checks.with_rank(op, 1, 1)
    batch = shape_checks.merged(op, batch, labels)
    return [[batch], [batch, classes]]


@rows.row("SparseSoftmaxCrossEntropyWithLogits", shape=_sparse_shapes)
def sparse_softmax_cross_entropy_with_logits(features, labels):
    classes = features.shape[1]
    valid = (labels >= 0) & (labels < classes)
    arrays.require(valid, functools.partial(_wrong_label, labels, classes))
    if arrays.xp(features, labels) is np:
        hot = labels[:, None] == np.arange(classes, dtype=labels.dtype)
        logarithms = _log_softmax(features)
        return np.where(hot, -logarithms, features.dtype.type(0)).sum(-1), np.exp(logarithms) - hot.astype(
            features.dtype
        )
    features, labels = jnp.asarray(features), jnp.asarray(labels)
    hot = labels[:, None] == jnp.arange(classes, dtype=labels.dtype)
    nan = jnp.asarray(np.nan, features.dtype)  # what TF has on GPUs for labels out of range
    loss = jnp.where(valid, _sparse_loss(features, hot), nan)
    return loss, jnp.where(valid[:, None], jax.nn.softmax(features) - hot.astype(features.dtype), nan)


@jax.custom_jvp
def _sparse_loss(features, hot):
    # Chosen, not multiplied: logits of minus infinity for other classes are no matter.
    return -jnp.where(hot, jax.nn.log_softmax(features), jnp.zeros((), features.dtype)).sum(-1)


@_sparse_loss.defjvp
def _sparse_derivative(primals, tangents):
    features, hot = primals
    return _sparse_loss(features, hot), ((jax.nn.softmax(features) - hot.astype(features.dtype)) * tangents[0]).sum(-1)


def _wrong_label(labels: Any, classes: int) -> errors.OpError:
    wrong = "" if not arrays.is_known(labels) else f" of {next(v for v in np.asarray(labels) if not 0 <= v < classes)}"
    return errors.InvalidArgumentError(
        None, None, f"Received a label value{wrong} which is outside the valid range of [0, {classes})."
    )

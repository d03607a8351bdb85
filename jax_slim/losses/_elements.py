"""The mathematics that `slim.losses` and `slim.losses.tf` share: losses of single elements, unweighted.

Arguments are float32 or float64 (see `_weighting.floats`), and of one shape unless said otherwise.
"""

from typing import Any

import jax
import jax.numpy as jnp


def absolute(predictions: jax.Array, labels: jax.Array) -> jax.Array:
    """|predictions - labels|."""
    difference = predictions - labels
    return jnp.where(difference == 0, 0, jnp.abs(difference))  # JAX's gradient of abs at 0 is 1, TF's is 0


def squared(predictions: jax.Array, labels: jax.Array) -> jax.Array:
    """(predictions - labels)^2."""
    return jnp.square(predictions - labels)


def huber(predictions: jax.Array, labels: jax.Array, delta: Any) -> jax.Array:
    """Half the square of the error up to `delta`, from there a straight line of slope `delta`."""
    error = jnp.abs(predictions - labels)
    # Both pieces from min(error, delta), so that the square of a huge error is never taken.
    near = jnp.where(error <= delta, error, delta)
    return 0.5 * near * near + delta * (error - near)


def log(predictions: jax.Array, labels: jax.Array, epsilon: Any) -> jax.Array:
    """Cross entropy of probabilities; `epsilon` is inside the logarithms."""
    return -labels * jnp.log(predictions + epsilon) - (1 - labels) * jnp.log(1 - predictions + epsilon)


def hinge(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """max(0, 1 - sign * logits), where labels 0 and 1 are the signs -1 and 1."""
    return jax.nn.relu(1 - (2 * labels - 1) * logits)


def cosine(predictions: jax.Array, labels: jax.Array, axis: int, keepdims: bool) -> jax.Array:
    """1 - the product of what are taken to be unit vectors along `axis`."""
    return 1 - jnp.sum(predictions * labels, axis, keepdims=keepdims)


def sigmoid_cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Cross entropy of independent classes, in a form that overflows for no logit."""
    return jax.nn.softplus(logits) - logits * labels


@jax.custom_jvp
def softmax_cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Cross entropy over the last axis; labels are distributions, and constants to the gradient.

    The gradient is softmax - labels, TensorFlow's, whatever a row of labels sums to. That of the formula itself would
    be sum(labels) * softmax - labels: the same where the sum is 1.
    """
    surprise = _log_normalizer(logits) - (logits - _largest(logits))
    # A class that is ruled out by a logit of -inf costs nothing where its label is 0: 0 * inf would be NaN.
    return jnp.sum(jnp.where(labels == 0, 0, labels * surprise), -1)


@softmax_cross_entropy.defjvp
def _softmax_minus_labels(
    primals: tuple[jax.Array, jax.Array], tangents: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array]:
    logits, labels = primals
    powers = jnp.exp(logits - _largest(logits))
    slopes = powers / jnp.sum(powers, -1, keepdims=True) - labels
    return softmax_cross_entropy(logits, labels), jnp.sum(slopes * tangents[0], -1)


def sparse_softmax_cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Cross entropy over the last axis of `logits` with integer `labels`, which have every axis but that.

    A label outside of [0, classes) is taken for the nearest one inside.
    """
    # Looked up among the logits themselves, which are in memory: among the shifted ones it takes twice the time.
    at_label = jnp.take_along_axis(logits, jnp.clip(labels, 0, logits.shape[-1] - 1)[..., None], -1)
    losses = _log_normalizer(logits) - (at_label - _largest(logits))
    return losses[..., 0]


def smooth_one_hot(labels: jax.Array, label_smoothing: Any) -> jax.Array:
    """Moves that share of each distribution to the uniform one over the last axis."""
    return labels * (1 - label_smoothing) + label_smoothing / labels.shape[-1]


def smooth_binary(labels: jax.Array, label_smoothing: Any) -> jax.Array:
    """Moves labels 0 and 1 that share of the way to each other's middle, 0.5."""
    return labels * (1 - label_smoothing) + 0.5 * label_smoothing


def _log_normalizer(logits: jax.Array) -> jax.Array:
    """log(sum(exp(logits - largest))) over the last axis, which is kept with length 1."""
    return jnp.log(jnp.sum(jnp.exp(logits - _largest(logits)), -1, keepdims=True))


def _largest(logits: jax.Array) -> jax.Array:
    # A row of nothing but -inf becomes NaN: there is no class it could be.
    return jax.lax.stop_gradient(jnp.max(logits, -1, keepdims=True))

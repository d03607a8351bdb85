"""Losses of embeddings: vectors that shall be near each other where their labels agree, and far where not.

These are tf.contrib's. They return a scalar and do not list it:

    slim.losses.add_loss(slim.losses.metric_learning.triplet_semihard_loss(labels, embeddings))
"""

from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.program import operation
from jax_slim.losses import _elements
from jax_slim.losses._distances import pairwise_distances, products, same_class
from jax_slim.losses._weighting import floats, pair, safe_divide
from jax_slim.losses.clustering import cluster_loss as cluster_loss


@operation
def contrastive_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: Any = 1.0) -> jax.Array:
    """Pulls the two vectors of a pair together where its label is 1, and `margin` apart where it is 0.

    mean(label * distance^2 + (1 - label) * max(margin - distance, 0)^2). Hadsell, Chopra and LeCun, "Dimensionality
    Reduction by Learning an Invariant Mapping", 2006.

    Args:
      labels: [N]: 1 for a pair of the same kind, 0 for another.
      embeddings_anchor, embeddings_positive: [N, D]: the two vectors of each pair.
      margin: the distance from which on different vectors are left alone.

    Returns:
      A scalar. Where two vectors are equal its gradient is 0 (TF's is NaN).

    Raises:
      ValueError: the shapes do not fit.
    """
    anchor, positive = _embeddings("contrastive_loss", embeddings_anchor, embeddings_positive)
    labels = _labels("contrastive_loss", labels, anchor).astype(anchor.dtype)
    square = jnp.sum(jnp.square(anchor - positive), 1)
    apart = square > 0
    distance = jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1)), 0)
    return jnp.mean(labels * square + (1 - labels) * jnp.square(jax.nn.relu(margin - distance)))


@operation
def triplet_semihard_loss(labels: Any, embeddings: Any, margin: Any = 1.0) -> jax.Array:
    """Wants each vector nearer to those of its class than to others, by `margin` in squared distance.

    Every ordered pair (anchor, positive) of one class meets one negative: the nearest that is farther from the anchor
    than the positive is, or the farthest of all when there is none. The loss is the mean over these pairs of
    max(distance to the positive^2 - distance to the negative^2 + margin, 0). Schroff, Kalenichenko and Philbin,
    "FaceNet", 2015.

    Args:
      labels: [N], integers: the class of each vector.
      embeddings: [N, D], usually of length 1.
      margin: in squared distance.

    Returns:
      A scalar; 0 when no class has two vectors (TF: NaN).

    Raises:
      ValueError: the shapes do not fit.
    """
    embeddings = _matrix("triplet_semihard_loss", "embeddings", embeddings)
    same = same_class(_labels("triplet_semihard_loss", labels, embeddings))
    distances = pairwise_distances(embeddings, squared=True)
    # Sorting each anchor's negatives finds the nearest beyond any positive by bisection, in N^2 memory. TF compares
    # every triplet, in N^3.
    negatives = jnp.sort(jnp.where(same, jnp.inf, distances), axis=1)
    nearer = jax.vmap(lambda row, values: jnp.searchsorted(row, values, side="right"))(negatives, distances)
    number = jnp.sum(~same, axis=1, keepdims=True)
    farther = jnp.take_along_axis(negatives, jnp.minimum(nearer, len(same) - 1), axis=1)
    farthest = jnp.max(jnp.where(same, 0, distances), axis=1, keepdims=True)
    chosen = jnp.where(nearer < number, farther, farthest)
    positives = same & ~jnp.eye(len(same), dtype=bool)
    losses = jnp.where(positives, jax.nn.relu(margin + distances - chosen), 0)
    return safe_divide(jnp.sum(losses), jnp.sum(positives).astype(losses.dtype))


@operation
def npairs_loss(
    labels: Any,
    embeddings_anchor: Any,
    embeddings_positive: Any,
    reg_lambda: Any = 0.002,
    print_losses: bool = False,
) -> jax.Array:
    """Wants each anchor's scalar product with its positive larger than with the other pairs' positives.

    A softmax cross entropy over each anchor's products with all N positives, plus a penalty on the vectors' lengths.
    Sohn, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective", 2016.

    Args:
      labels: [N], integers: the class of each pair. Positives of pairs of one class share the target.
      embeddings_anchor, embeddings_positive: [N, D]; not to be normalized.
      reg_lambda: the weight of the penalty, reg_lambda / 4 * (mean |anchor|^2 + mean |positive|^2).
      print_losses: whether to print both parts at every call, when the values are known.

    Returns:
      A scalar.

    Raises:
      ValueError: the shapes do not fit.
    """
    anchor, positive = _embeddings("npairs_loss", embeddings_anchor, embeddings_positive)
    targets = same_class(_labels("npairs_loss", labels, anchor)).astype(anchor.dtype)
    return _npairs(targets, anchor, positive, reg_lambda, print_losses)


@operation
def npairs_loss_multilabel(
    sparse_labels: Any,
    embeddings_anchor: Any,
    embeddings_positive: Any,
    reg_lambda: Any = 0.002,
    print_losses: bool = False,
) -> jax.Array:
    """As `npairs_loss`, for pairs that have several labels each: targets grow with the number of labels in common.

    Args:
      sparse_labels: which classes each pair has: an array [N, classes] whose entries are 0 or not, or a list of N
        rows [classes], each an array or a sparse matrix with `todense`. (TF: a list of boolean SparseTensors.)
      embeddings_anchor, embeddings_positive, reg_lambda, print_losses: as for `npairs_loss`.

    Returns:
      A scalar. A pair without any label has no target, and costs nothing (TF: NaN).

    Raises:
      ValueError: the shapes do not fit.
    """
    function = "npairs_loss_multilabel"
    anchor, positive = _embeddings(function, embeddings_anchor, embeddings_positive)
    if isinstance(sparse_labels, list | tuple):
        rows = [row.todense() if hasattr(row, "todense") else row for row in sparse_labels]
        labels = jnp.stack([jnp.asarray(row).reshape(-1) for row in rows])
    else:
        labels = jnp.asarray(sparse_labels.todense() if hasattr(sparse_labels, "todense") else sparse_labels)
    if labels.ndim != 2 or len(labels) != len(anchor):
        raise ValueError(
            f"{function}: sparse_labels must be [N, classes], a row for each of the {len(anchor)} pairs, got shape "
            f"{labels.shape}."
        )
    labels = (labels != 0).astype(anchor.dtype)
    return _npairs(products(labels, labels), anchor, positive, reg_lambda, print_losses)


@operation
def lifted_struct_loss(labels: Any, embeddings: Any, margin: Any = 1.0) -> jax.Array:
    """Wants each pair of one class nearer to each other than `margin` less than to all negatives of both.

    For each pair (i, j) of one class: max(0, log(sum over negatives n of exp(margin - D_in) + exp(margin - D_jn)) +
    D_ij)^2 / 2, averaged over these pairs. Song, Xiang, Jegelka and Savarese, "Deep Metric Learning via Lifted
    Structured Feature Embedding", 2016.

    Args:
      labels: [N], integers: the class of each vector.
      embeddings: [N, D]; not to be normalized.
      margin: in distance.

    Returns:
      A scalar; 0 when no class has two vectors, or all are of one class (TF: NaN).

    Raises:
      ValueError: the shapes do not fit.
    """
    embeddings = _matrix("lifted_struct_loss", "embeddings", embeddings)
    same = same_class(_labels("lifted_struct_loss", labels, embeddings))
    distances = pairwise_distances(embeddings)
    # The sum over the negatives of i does not depend on j: one logarithm a row, in N^2. TF sums for every pair, in N^3.
    pushed = jnp.where(same, -jnp.inf, margin - distances)
    lonely = jnp.all(same, axis=1, keepdims=True)
    largest = jax.lax.stop_gradient(jnp.where(lonely, 0, jnp.max(pushed, axis=1, keepdims=True)))
    total = jnp.sum(jnp.exp(pushed - largest), axis=1, keepdims=True)
    push = largest + jnp.log(jnp.where(lonely, 1, total))
    positives = same & ~jnp.eye(len(same), dtype=bool)
    losses = jax.nn.relu(jnp.where(positives & ~lonely, jnp.logaddexp(push, push.T) + distances, 0))
    # Both (i, j) and (j, i) are in the sum, and in the number: hence the quarter, and the halves.
    return safe_divide(0.25 * jnp.sum(jnp.square(losses)), jnp.sum(positives).astype(losses.dtype) / 2)


def _npairs(
    adjacency: jax.Array, anchor: jax.Array, positive: jax.Array, reg_lambda: Any, print_losses: bool
) -> jax.Array:
    lengths = jnp.mean(jnp.sum(jnp.square(anchor), 1)) + jnp.mean(jnp.sum(jnp.square(positive), 1))
    penalty = 0.25 * reg_lambda * lengths
    targets = safe_divide(adjacency, jnp.sum(adjacency, 1, keepdims=True))
    labelled = jnp.any(adjacency > 0, 1)  # an example that nothing belongs to pulls nowhere
    entropy = jnp.mean(jnp.where(labelled, _elements.softmax_cross_entropy(products(anchor, positive), targets), 0))
    if print_losses:
        jax.debug.print("cross entropy: {entropy} l2loss: {penalty}", entropy=entropy, penalty=penalty)
    return penalty + entropy


def _embeddings(function: str, anchor: Any, positive: Any) -> tuple[jax.Array, jax.Array]:
    anchor, positive = pair(function, ("embeddings_anchor", "embeddings_positive"), anchor, positive)
    return _matrix(function, "embeddings_anchor", anchor), positive


def _matrix(function: str, name: str, embeddings: Any) -> jax.Array:
    embeddings = floats(embeddings)
    if embeddings.ndim != 2:
        raise ValueError(f"{function}: {name} must be [N, D], got shape {embeddings.shape}.")
    return embeddings


def _labels(function: str, labels: Any, embeddings: jax.Array) -> jax.Array:
    labels = jnp.asarray(labels)
    if labels.shape != (len(embeddings),):
        raise ValueError(
            f"{function}: labels must be [N], one for each of the {len(embeddings)} embeddings, got shape "
            f"{labels.shape}."
        )
    return labels

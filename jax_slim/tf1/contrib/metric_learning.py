"""`tf.contrib.losses.metric_learning`: losses of embeddings by which examples of a class come together."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.composites import SparseTensor
from jax_slim.tf1.python import (
    array,
    checks,
    constant_op,
    gathering,
    joining,
    linalg,
    math,
    nn_losses,
    reductions,
    sparse,
)


def pairwise_distance(feature: Any, squared: bool = False) -> Any:
    """The distances [n, n] of all pairs of rows; the diagonal is 0."""
    squares = math.add(
        reductions.reduce_sum(math.square(feature), axis=[1], keepdims=True),
        reductions.reduce_sum(math.square(array.transpose(feature)), axis=[0], keepdims=True),
    ) - 2.0 * linalg.matmul(feature, array.transpose(feature))  # fmt: skip
    squares = math.maximum(squares, 0.0)
    zero = math.less_equal(squares, 0.0)
    distances = squares if squared else math.sqrt(squares + math.cast(zero, dtypes.float32) * 1e-16)
    distances = math.multiply(distances, math.cast(math.logical_not(zero), dtypes.float32))
    count = array.shape(feature)[0]
    off_diagonal = constant_op.ones_like(distances) - building.make("MatrixDiag", constant_op.ones([count]))
    return math.multiply(distances, off_diagonal)


def contrastive_loss(labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0) -> Any:
    """Squared distances of pairs of label 1, and how far those of label 0 are within the margin, squared; the mean."""
    distances = math.sqrt(reductions.reduce_sum(math.squared_difference(embeddings_anchor, embeddings_positive), 1))
    labels = math.cast(labels, dtypes.float32)
    return reductions.reduce_mean(
        labels * math.square(distances) + (1.0 - labels) * math.square(math.maximum(margin - distances, 0.0)), name="contrastive_loss")  # fmt: skip


def _masked_maximum(data: Any, mask: Any, dim: int = 1) -> Any:
    lowest = reductions.reduce_min(data, dim, keepdims=True)
    return reductions.reduce_max(math.multiply(data - lowest, mask), dim, keepdims=True) + lowest


def _masked_minimum(data: Any, mask: Any, dim: int = 1) -> Any:
    highest = reductions.reduce_max(data, dim, keepdims=True)
    return reductions.reduce_min(math.multiply(data - highest, mask), dim, keepdims=True) + highest


def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Any:
    """For each pair of a class the nearest stranger that is farther than the pair (else the farthest): how far it is within the margin; the mean over pairs."""
    labels = conversion.convert_to_tensor(labels)
    labels = array.reshape(labels, [array.shape(labels)[0], 1])
    distances = pairwise_distance(embeddings, squared=True)
    same = math.equal(labels, array.transpose(labels))
    other = math.logical_not(same)
    count = array.size(labels)
    tiled = array.tile(distances, [count, 1])
    mask = math.logical_and(
        array.tile(other, [count, 1]), math.greater(tiled, array.reshape(array.transpose(distances), [-1, 1]))
    )
    enough = array.transpose(
        array.reshape(
            math.greater(reductions.reduce_sum(math.cast(mask, dtypes.float32), 1, keepdims=True), 0.0), [count, count]
        )
    )
    outside = array.transpose(array.reshape(_masked_minimum(tiled, math.cast(mask, dtypes.float32)), [count, count]))
    inside = array.tile(_masked_maximum(distances, math.cast(other, dtypes.float32)), [1, count])
    strangers = gathering.where(enough, outside, inside)
    loss = math.add(margin, distances - strangers)
    pairs = math.cast(same, dtypes.float32) - building.make("MatrixDiag", constant_op.ones([count]))
    return math.truediv(
        reductions.reduce_sum(math.maximum(math.multiply(loss, pairs), 0.0)),
        reductions.reduce_sum(pairs),
        name="triplet_semihard_loss",
    )


def npairs_loss(
    labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002, print_losses: bool = False
) -> Any:
    """The cross entropy of each anchor's products with all positives, and a penalty on the embeddings' length."""

    def shared() -> Any:
        column = conversion.convert_to_tensor(labels)
        column = array.reshape(column, [array.shape(column)[0], 1])
        return math.cast(math.equal(column, array.transpose(column)), dtypes.float32)

    return _npairs(shared, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def npairs_loss_multilabel(
    sparse_labels: Any, embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float = 0.002, print_losses: bool = False
) -> Any:  # fmt: skip
    """`npairs_loss` of pairs with several labels: what anchors and positives have in common counts by how many labels they share.

    Args:
      sparse_labels: for each pair a sparse tensor [classes] or [1, classes] with a value at each of its labels.

    Raises:
      TypeError: labels that are no sparse tensors.
    """
    if not all(isinstance(one, SparseTensor) for one in sparse_labels):
        raise TypeError(f"sparse_labels must be a list of SparseTensors, but got {sparse_labels}")
    with graphs.name_scope("NpairsLossMultiLabel"):

        def shared() -> Any:
            dense = [sparse.sparse_tensor_to_dense(math.cast(one, dtypes.float32)) for one in sparse_labels]
            present = joining.concat([array.reshape(one, [1, -1]) for one in dense], 0)
            return linalg.matmul(present, present, transpose_b=True)

        return _npairs(shared, embeddings_anchor, embeddings_positive, reg_lambda, print_losses)


def _npairs(
    shared: Callable[[], Any], embeddings_anchor: Any, embeddings_positive: Any, reg_lambda: float, print_losses: bool
) -> Any:
    """The loss, from what makes the matrix [n, n] of how much each anchor has in common with each positive."""
    anchor = reductions.reduce_mean(reductions.reduce_sum(math.square(embeddings_anchor), 1))
    positive = reductions.reduce_mean(reductions.reduce_sum(math.square(embeddings_positive), 1))
    l2loss = math.multiply(0.25 * reg_lambda, anchor + positive, name="l2loss")
    similarity = linalg.matmul(embeddings_anchor, embeddings_positive, transpose_a=False, transpose_b=True)
    wanted = shared()
    wanted = wanted / reductions.reduce_sum(wanted, 1, keepdims=True)
    losses = nn_losses.softmax_cross_entropy_with_logits(logits=similarity, labels=wanted)
    entropy = reductions.reduce_mean(losses, name="xentropy")
    if print_losses:
        entropy = checks.Print(entropy, ["cross entropy:", entropy, "l2loss:", l2loss])
    return l2loss + entropy


def lifted_struct_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Any:
    """The lifted structured loss: each pair of a class against all strangers of both."""
    labels = conversion.convert_to_tensor(labels)
    labels = array.reshape(labels, [array.shape(labels)[0], 1])
    distances = pairwise_distance(embeddings)
    same = math.equal(labels, array.transpose(labels))
    other = math.logical_not(same)
    count = array.size(labels)
    diff = margin - distances
    mask = math.cast(other, dtypes.float32)
    lowest = reductions.reduce_min(diff, 1, keepdims=True)
    row_maximum = reductions.reduce_max(math.multiply(diff - lowest, mask), 1, keepdims=True) + lowest
    row_negative = reductions.reduce_sum(math.multiply(math.exp(diff - row_maximum), mask), 1, keepdims=True)
    column_maximum = array.tile(row_maximum, [1, count])
    both_maximum = math.maximum(column_maximum, array.transpose(column_maximum))
    first = array.tile(row_negative, [1, count])
    own = math.multiply(first, math.exp(column_maximum - both_maximum))
    theirs = math.multiply(array.transpose(first), math.exp(array.transpose(column_maximum) - both_maximum))
    pairs = math.cast(same, dtypes.float32) - building.make("MatrixDiag", constant_op.ones([count]))
    strangers = both_maximum + math.log(own + theirs)
    total = math.multiply(strangers + distances, pairs)
    number = reductions.reduce_sum(pairs) / 2.0
    return math.truediv(
        0.25 * reductions.reduce_sum(math.square(math.maximum(total, 0.0))), number, name="liftedstruct_loss"
    )

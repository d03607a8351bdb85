"""`tf.contrib.seq2seq`: the loss of batches of sequences."""

from typing import Any

from jax_slim.tf1.graph import graphs
from jax_slim.tf1.python import array, math, nn_losses, reductions


def sequence_loss(logits: Any, targets: Any, weights: Any, average_across_timesteps: bool = True, average_across_batch: bool = True, sum_over_timesteps: bool = False,
                  sum_over_batch: bool = False, softmax_loss_function: Any = None, name: str | None = None) -> Any:  # fmt: skip
    """The weighted cross entropy of sequences.

    Args:
      logits: [batch, time, classes].
      targets, weights: [batch, time].
      average_across_timesteps, average_across_batch: divide the sum along that axis by the sum of the weights.
      sum_over_timesteps, sum_over_batch: divide it by the number of weights that are not zero.
      softmax_loss_function: called with `labels` and `logits` in place of the cross entropy.

    Raises:
      ValueError: other ranks, or both kinds of reduction along one axis.
    """
    if len(logits.get_shape()) != 3:
        raise ValueError("Logits must be a [batch_size x sequence_length x logits] tensor")
    if len(targets.get_shape()) != 2:
        raise ValueError("Targets must be a [batch_size x sequence_length] tensor")
    if len(weights.get_shape()) != 2:
        raise ValueError("Weights must be a [batch_size x sequence_length] tensor")
    if average_across_timesteps and sum_over_timesteps:
        raise ValueError("average_across_timesteps and sum_over_timesteps cannot be set to True at same time.")
    if average_across_batch and sum_over_batch:
        raise ValueError("average_across_batch and sum_over_batch cannot be set to True at same time.")
    with graphs.name_scope(name, "sequence_loss", [logits, targets, weights]):
        classes = array.shape(logits)[2]
        flat, targets = array.reshape(logits, [-1, classes]), array.reshape(targets, [-1])
        loss = (softmax_loss_function or nn_losses.sparse_softmax_cross_entropy_with_logits)(
            labels=targets, logits=flat
        )
        loss *= array.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            loss = reductions.reduce_sum(loss)
            return math.div_no_nan(loss, reductions.reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            loss = reductions.reduce_sum(loss)
            return math.div_no_nan(loss, math.cast(reductions.count_nonzero(weights), loss.dtype))
        loss = array.reshape(loss, array.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            axis = [0] if average_across_batch else [1]
            loss = reductions.reduce_sum(loss, axis=axis)
            return math.div_no_nan(loss, reductions.reduce_sum(weights, axis=axis))
        if sum_over_timesteps or sum_over_batch:
            axis = [0] if sum_over_batch else [1]
            loss = reductions.reduce_sum(loss, axis=axis)
            return math.div_no_nan(loss, math.cast(reductions.count_nonzero(weights, axis=axis), dtype=loss.dtype))
        return loss

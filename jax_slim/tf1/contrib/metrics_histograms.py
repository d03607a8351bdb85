"""`tf.contrib.metrics.auc_using_histogram`: the area under a ROC curve from histograms of scores."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.collections import GraphKeys
from jax_slim.tf1.python import (
    array,
    checks,
    control_flow,
    gathering,
    initializers,
    math,
    reductions,
    segments,
    state_ops,
    variable_scope,
)


def auc_using_histogram(boolean_labels: Any, scores: Any, score_range: Any, nbins: int = 100, collections: Any = None, check_shape: bool = True,
                        name: Any = None) -> Any:  # fmt: skip
    """(area, update): the area under the ROC curve, where scores of one bin count as equal. NaN as long as a class has no score.

    Args:
      boolean_labels: a bool tensor [examples].
      scores: numbers of any scale [examples].
      score_range: (lowest, highest); scores beyond count in the first and the last bin.
      nbins: the number of bins between them.
      collections: where the histograms, two variables, are put; by default the local variables.
      check_shape: whether a run checks that both are vectors.

    Raises:
      ValueError: labels that are not bool. InvalidArgumentError, in a run: other ranks.
    """
    collections = [GraphKeys.LOCAL_VARIABLES] if collections is None else collections
    with variable_scope.variable_scope(name, "auc_using_histogram", [boolean_labels, scores, score_range]):
        scores, labels = segments.remove_squeezable_dimensions(scores, boolean_labels)
        score_range = conversion.convert_to_tensor(score_range, name="score_range")
        labels = conversion.convert_to_tensor(labels, name="boolean_labels")
        scores = conversion.convert_to_tensor(scores, name="scores")
        if labels.dtype.base_dtype != dtypes.bool_:
            raise ValueError(f"Argument boolean_labels should have dtype bool.  Found: {labels.dtype!r}")
        checked = []
        if check_shape:
            for what, tensor in (("boolean_labels", labels), ("scores", scores)):
                message = [f"Argument {what} should have rank 1.  Found: ", tensor.name, array.shape(tensor)]
                checked.append(checks.Assert(math.equal(1, array.rank(tensor)), message))
        with graphs.control_dependencies(checked):
            labels, scores = array.identity(labels), array.identity(scores)
        kept, updates = [], []
        for which, mask in (("true", labels), ("false", math.logical_not(labels))):
            chosen = gathering.boolean_mask(scores, mask)
            bins = segments.histogram_fixed_width(chosen, score_range, nbins=nbins, dtype=dtypes.int64)
            variable = variable_scope.get_variable(
                f"hist_{which}_acc", shape=[nbins], dtype=dtypes.int64, initializer=initializers.Zeros(), collections=collections, trainable=False
            )  # fmt: skip
            kept.append(variable)
            updates.append(state_ops.assign_add(variable, bins))
        shares = [math.cast(math.truediv(h, reductions.reduce_sum(h)), dtypes.float32) for h in kept]
        found, wrong = (array.reverse(share, [0]) for share in shares)  # from the highest scores on
        reached = reductions.cumsum(found)
        # Within a bin the curve is a straight line.
        area = reductions.reduce_sum(wrong * (reached - found / 2.0), name="auc")
        return area, control_flow.group(*updates, name="update_op")

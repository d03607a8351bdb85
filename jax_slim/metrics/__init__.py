"""Metrics over a data set, batch by batch: tf.contrib.slim.metrics.

Each `streaming_*` metric keeps its sums in variables of the program and returns (value, update): the value before
this batch and the one including it. `variables | collected.updates` carries the sums to the next batch. Metrics are
arrays: they run inside of `jit`, over batches sharded on a mesh, and outside of gradients. Inside of `jax.shard_map` a
metric would see one device's part alone: call it outside.

How large a data set stays exact: counts (sums of ones and of whole weights) up to 2^46, in two float32 variables, the
second of which is named `<name>_residual`. `cohen_kappa` and `auc_using_histogram` count in int32, up to 2^31 - 1 in
each class or bin, beyond which they are NaN. Other sums are right to about 48 bits. What is returned is a float32. With
x64 TensorFlow's float64 and int64 variables are that; `accumulator_dtype(jnp.float64)` makes all sums float64.
"""

from jax_slim.metrics import segmentation as segmentation
from jax_slim.metrics._accumulators import accumulator_dtype as accumulator_dtype
from jax_slim.metrics.aggregation import aggregate_metric_map as aggregate_metric_map
from jax_slim.metrics.aggregation import aggregate_metrics as aggregate_metrics
from jax_slim.metrics.classes import accuracy as accuracy
from jax_slim.metrics.classes import cohen_kappa as cohen_kappa
from jax_slim.metrics.classes import confusion_matrix as confusion_matrix
from jax_slim.metrics.classes import streaming_confusion_matrix as streaming_confusion_matrix
from jax_slim.metrics.classes import streaming_mean_iou as streaming_mean_iou
from jax_slim.metrics.confusion import streaming_false_negative_rate as streaming_false_negative_rate
from jax_slim.metrics.confusion import streaming_false_negatives as streaming_false_negatives
from jax_slim.metrics.confusion import streaming_false_positive_rate as streaming_false_positive_rate
from jax_slim.metrics.confusion import streaming_false_positives as streaming_false_positives
from jax_slim.metrics.confusion import streaming_precision as streaming_precision
from jax_slim.metrics.confusion import streaming_recall as streaming_recall
from jax_slim.metrics.confusion import streaming_true_negatives as streaming_true_negatives
from jax_slim.metrics.confusion import streaming_true_positives as streaming_true_positives
from jax_slim.metrics.covariances import streaming_covariance as streaming_covariance
from jax_slim.metrics.covariances import streaming_pearson_correlation as streaming_pearson_correlation
from jax_slim.metrics.curves import PrecisionRecallData as PrecisionRecallData
from jax_slim.metrics.curves import auc_using_histogram as auc_using_histogram
from jax_slim.metrics.curves import precision_recall_at_equal_thresholds as precision_recall_at_equal_thresholds
from jax_slim.metrics.curves import streaming_auc as streaming_auc
from jax_slim.metrics.curves import streaming_curve_points as streaming_curve_points
from jax_slim.metrics.errors import streaming_mean_absolute_error as streaming_mean_absolute_error
from jax_slim.metrics.errors import streaming_mean_cosine_distance as streaming_mean_cosine_distance
from jax_slim.metrics.errors import streaming_mean_relative_error as streaming_mean_relative_error
from jax_slim.metrics.errors import streaming_mean_squared_error as streaming_mean_squared_error
from jax_slim.metrics.errors import streaming_root_mean_squared_error as streaming_root_mean_squared_error
from jax_slim.metrics.means import count as count
from jax_slim.metrics.means import streaming_accuracy as streaming_accuracy
from jax_slim.metrics.means import streaming_mean as streaming_mean
from jax_slim.metrics.means import streaming_mean_tensor as streaming_mean_tensor
from jax_slim.metrics.means import streaming_percentage_less as streaming_percentage_less
from jax_slim.metrics.operating_points import f1_score as f1_score
from jax_slim.metrics.operating_points import precision_at_recall as precision_at_recall
from jax_slim.metrics.operating_points import recall_at_precision as recall_at_precision
from jax_slim.metrics.operating_points import (
    streaming_sensitivity_at_specificity as streaming_sensitivity_at_specificity,
)
from jax_slim.metrics.operating_points import (
    streaming_specificity_at_sensitivity as streaming_specificity_at_sensitivity,
)
from jax_slim.metrics.ranking import sparse_recall_at_top_k as sparse_recall_at_top_k
from jax_slim.metrics.ranking import streaming_recall_at_k as streaming_recall_at_k
from jax_slim.metrics.ranking import streaming_sparse_average_precision_at_k as streaming_sparse_average_precision_at_k
from jax_slim.metrics.ranking import (
    streaming_sparse_average_precision_at_top_k as streaming_sparse_average_precision_at_top_k,
)
from jax_slim.metrics.ranking import streaming_sparse_precision_at_k as streaming_sparse_precision_at_k
from jax_slim.metrics.ranking import streaming_sparse_precision_at_top_k as streaming_sparse_precision_at_top_k
from jax_slim.metrics.ranking import streaming_sparse_recall_at_k as streaming_sparse_recall_at_k
from jax_slim.metrics.sets import SparseTensor as SparseTensor
from jax_slim.metrics.sets import set_difference as set_difference
from jax_slim.metrics.sets import set_intersection as set_intersection
from jax_slim.metrics.sets import set_size as set_size
from jax_slim.metrics.sets import set_union as set_union
from jax_slim.metrics.storage import DEFAULT_CAPACITY as DEFAULT_CAPACITY
from jax_slim.metrics.storage import AucData as AucData
from jax_slim.metrics.storage import auc_with_confidence_intervals as auc_with_confidence_intervals
from jax_slim.metrics.storage import streaming_concat as streaming_concat
from jax_slim.metrics.storage import streaming_dynamic_auc as streaming_dynamic_auc
from jax_slim.metrics.thresholds import (
    streaming_false_negative_rate_at_thresholds as streaming_false_negative_rate_at_thresholds,
)
from jax_slim.metrics.thresholds import (
    streaming_false_negatives_at_thresholds as streaming_false_negatives_at_thresholds,
)
from jax_slim.metrics.thresholds import (
    streaming_false_positive_rate_at_thresholds as streaming_false_positive_rate_at_thresholds,
)
from jax_slim.metrics.thresholds import (
    streaming_false_positives_at_thresholds as streaming_false_positives_at_thresholds,
)
from jax_slim.metrics.thresholds import streaming_precision_at_thresholds as streaming_precision_at_thresholds
from jax_slim.metrics.thresholds import streaming_recall_at_thresholds as streaming_recall_at_thresholds
from jax_slim.metrics.thresholds import streaming_true_negatives_at_thresholds as streaming_true_negatives_at_thresholds
from jax_slim.metrics.thresholds import streaming_true_positives_at_thresholds as streaming_true_positives_at_thresholds

"""Metrics over a data set, batch by batch: tf.contrib.slim.metrics.

Each `streaming_*` metric keeps its sums in variables of the program and returns (value, update): the value before
this batch and the one including it. `variables | collected.updates` carries the sums to the next batch.
"""

from jax_slim.metrics._accumulators import accumulator_dtype as accumulator_dtype
from jax_slim.metrics.aggregation import aggregate_metric_map as aggregate_metric_map
from jax_slim.metrics.aggregation import aggregate_metrics as aggregate_metrics
from jax_slim.metrics.means import count as count
from jax_slim.metrics.means import streaming_accuracy as streaming_accuracy
from jax_slim.metrics.means import streaming_mean as streaming_mean
from jax_slim.metrics.means import streaming_mean_tensor as streaming_mean_tensor
from jax_slim.metrics.means import streaming_percentage_less as streaming_percentage_less

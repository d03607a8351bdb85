"""Metrics that keep every value: concatenation over batches, and the areas and intervals that need all scores.

XLA's arrays do not grow, so there is room for `capacity` values from the start. Nothing is dropped silently: outside of
`jit` one value too many is an error; inside, where the number of values is not known, the results become NaN and
`<name>/size` says how many there were.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import NamesOfCollections
from jax_slim.core.program import operation
from jax_slim.core.scopes import variable_scope
from jax_slim.core.variables import update_variable
from jax_slim.metrics._accumulators import metric_variable, total
from jax_slim.metrics._args import array, gathered, is_concrete, matching, report
from jax_slim.metrics.curves import check_curve
from jax_slim.metrics.thresholds import EPSILON

DEFAULT_CAPACITY = 2**16
"""How many values there is room for when a call does not say."""


class _Kept(NamedTuple):
    """Stored rows [capacity, ...]: the first `size` are there. More than capacity: rows were lost."""

    rows: jax.Array
    size: jax.Array

    @property
    def present(self) -> jax.Array:
        return jnp.arange(self.rows.shape[0]) < self.size

    @property
    def overflowed(self) -> jax.Array:
        return self.size > self.rows.shape[0]


def _keep(function: str, values: jax.Array, capacity: int, name: str | None, limited: bool = False) -> list[_Kept]:
    """Appends `values` [N, ...] to the variables `<name>/array` and `<name>/size`; what is kept before and after.

    With `limited`, what is beyond the capacity is left out on purpose.
    """
    values = gathered(values)
    with variable_scope(name, "streaming_concat"):
        array_name, rows = metric_variable("array", [capacity, *values.shape[1:]], values.dtype)
        size_name, size = metric_variable("size", [], jnp.int32)
        new_size = size + values.shape[0]
        if limited:
            new_size = jnp.minimum(new_size, capacity)
        elif is_concrete(new_size) and int(new_size) > capacity:
            raise ValueError(
                f"{function}: capacity must be at least the number of values in all batches, got {capacity} with "
                f"{int(new_size)} values so far. Pass capacity=..."
            )
        places = size + jnp.arange(values.shape[0])
        new_rows = update_variable(array_name, lambda _: rows.at[places].set(values, mode="drop"))
        new_size = update_variable(size_name, lambda _: new_size)
        return [_Kept(rows, size), _Kept(new_rows, new_size)]


@operation
def streaming_concat(
    values: Any,
    axis: int = 0,
    max_size: int | None = None,
    metrics_collections: NamesOfCollections = None,
    updates_collections: NamesOfCollections = None,
    name: str | None = None,
    capacity: int | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The values of all batches, one after the other along `axis`: for metrics that need all of them at once.

    Creates `<name>/array` [capacity, ...] (with `axis` first) and `<name>/size`.

        features, size = slim.metrics.streaming_concat(features, capacity=50_000)      # [N, 128] -> [n, 128], scalar

    Args:
      values: an array of the same shape in every batch, except along `axis`.
      axis: the axis to concatenate along.
      max_size: keep only the first so many, and say nothing of the rest.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "streaming_concat", made unique.
      capacity: room for so many along `axis`; by default `max_size`, or 65536.

    Returns:
      The values before this batch, and how many there are including it. Inside of `jit`, which cannot know how many,
      the first result has room for all, `capacity` along `axis`, zeros behind the values there are; when the
      capacity is exceeded it is NaN (integers: the values that fitted), and the number says so.

    Raises:
      ValueError: `axis` is no axis of `values`, or more values than `capacity` (outside of `jit`).
    """
    values = array(values)
    if not -values.ndim <= axis < values.ndim:
        raise ValueError(f"streaming_concat: axis must be an axis of values {values.shape}, got {axis}.")
    room = capacity if max_size is None else max_size
    room = DEFAULT_CAPACITY if room is None else room
    before, after = _keep("streaming_concat", jnp.moveaxis(values, axis, 0), room, name, max_size is not None)
    rows = before.rows
    if is_concrete(before.size):
        rows = rows[: int(before.size)]
    elif jnp.issubdtype(rows.dtype, jnp.inexact):
        rows = jnp.where(before.overflowed, jnp.nan, rows)
    value = jnp.moveaxis(rows, 0, axis)
    report(metrics_collections, updates_collections, value, after.size)
    return value, after.size


class _Ordered(NamedTuple):
    """Kept examples by falling score, with the weights of positives and of negatives up to and before each tie.

    `positives` and `negatives` [capacity]: of the scores not below this one; `..._above`: of the scores above it.
    """

    truth: jax.Array
    weights: jax.Array
    last: jax.Array
    positives: jax.Array
    positives_above: jax.Array
    negatives: jax.Array
    negatives_above: jax.Array


def _wide(values: jax.Array) -> jax.Array:
    """Flat, in float64 where x64 is enabled."""
    return values.reshape(-1).astype(jax.dtypes.canonicalize_dtype(np.float64))


def _ordered(scores: _Kept, labels: _Kept, weights: _Kept | None) -> _Ordered:
    # The free room has no weight, so that it does not matter where it is sorted to.
    weight = scores.present.astype(jnp.int32) if weights is None else jnp.where(weights.present, weights.rows, 0)
    descending, truth, weight = jax.lax.sort((-scores.rows, labels.rows, weight), num_keys=1)
    count = jnp.arange(weight.shape[0])
    changes = descending[1:] != descending[:-1]
    first = jnp.concatenate([jnp.ones(1, bool), changes])
    last = jnp.concatenate([changes, jnp.ones(1, bool)])
    begin = jax.lax.cummax(jnp.where(first, count, 0))
    end = jax.lax.cummin(jnp.where(last, count, count.size), reverse=True)
    sums = []
    for amounts in (weight * (truth > 0), weight * (truth <= 0)):
        running = jnp.concatenate([jnp.zeros(1, amounts.dtype), jnp.cumsum(amounts)])
        sums += [running[end + 1], running[begin]]
    return _Ordered(truth, weight, last, *map(_wide, sums))


def _defined(value: jax.Array, scores: _Kept, labels: _Kept) -> jax.Array:
    """`value`; NaN where examples were lost, a score is NaN or a label is neither 0 nor 1."""
    wrong = scores.present & (((labels.rows != 0) & (labels.rows != 1)) | jnp.isnan(scores.rows))
    return jnp.where(scores.overflowed | jnp.any(wrong), jnp.nan, value)


def _area(curve: str, scores: _Kept, labels: _Kept, weights: _Kept | None) -> jax.Array:
    """The area under the curve through every score, trapezoid by trapezoid."""
    ordered = _ordered(scores, labels, weights)
    tp, tp_above, fp, fp_above = ordered[3:]
    positive, negative = tp[-1], fp[-1]

    def over(part: jax.Array, whole: jax.Array, otherwise: float = 0) -> jax.Array:
        return jnp.where(whole > 0, part / jnp.where(whole > 0, whole, 1), otherwise)

    if curve == "ROC":
        widths = over(fp - fp_above, negative)
        heights = (over(tp, positive) + over(tp_above, positive)) / 2
    else:
        widths = over(tp - tp_above, positive)
        heights = (over(tp, tp + fp) + over(tp_above, tp_above + fp_above, 1)) / 2
    area = total(jnp.where(ordered.last, widths * heights, 0)).high
    area = jnp.where((positive == 0) | (negative == 0), 0, area)
    return _defined(area, scores, labels)


def _checked_labels(function: str, labels: jax.Array) -> jax.Array:
    labels = labels.reshape(-1).astype(jax.dtypes.canonicalize_dtype(np.int64))
    if is_concrete(labels) and not bool(jnp.all((labels == 0) | (labels == 1))):
        raise ValueError(f"{function}: labels must be 0 or 1, got {labels[(labels != 0) & (labels != 1)][0]}.")
    return labels


@operation
def streaming_dynamic_auc(
    labels: Any,
    predictions: Any,
    curve: str = "ROC",
    metrics_collections: NamesOfCollections = (),
    updates_collections: NamesOfCollections = (),
    name: str | None = None,
    weights: Any = None,
    capacity: int | None = None,
) -> tuple[jax.Array, jax.Array]:
    """The area under the ROC or precision-recall curve with every score as a threshold; keeps all scores.

    Creates `<name>/concat_preds/...`, `<name>/concat_labels/...` and, with weights, `<name>/concat_weights/...`, each
    an `array` [capacity] and a `size`.

        auc, update = slim.metrics.streaming_dynamic_auc(labels, scores, capacity=10_000)    # [N], [N] -> two scalars

    Args:
      labels: 0 or 1, of any shape.
      predictions: scores on any scale, of the same shape.
      curve: "ROC", or "PR" for precision over recall.
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "dynamic_auc", made unique.
      weights: how much each one counts, of the shape of the labels.
      capacity: room for so many examples in all batches; by default 65536.

    Returns:
      The area before this batch, and including it; 0 while all labels are the same, NaN when a score is.

    Raises:
      ValueError: labels other than 0 and 1, or more examples than `capacity`; inside of `jit`, where values cannot be
        looked at, these make the results NaN. Or: another `curve`, or shapes that do not match.
    """
    function = "streaming_dynamic_auc"
    check_curve(function, curve)
    predictions, labels, weights = matching(function, predictions, labels, weights)
    flat = _checked_labels(function, labels)
    room = DEFAULT_CAPACITY if capacity is None else capacity
    with variable_scope(name, "dynamic_auc"):
        kept = [_keep(function, _wide(predictions), room, "concat_preds")]
        kept.append(_keep(function, flat, room, "concat_labels"))
        if weights is not None:
            kept.append(_keep(function, _wide(jnp.broadcast_to(weights, labels.shape)), room, "concat_weights"))
        value, update = (_area(curve, *parts, *[None] * (3 - len(parts))) for parts in zip(*kept, strict=True))
        report(metrics_collections, updates_collections, value, update)
        return value, update


class AucData(NamedTuple):
    """An area under the ROC curve with the ends of its confidence interval."""

    auc: jax.Array
    lower: jax.Array
    upper: jax.Array


def _area_with_interval(
    alpha: float, logit_transformation: bool, scores: _Kept, labels: _Kept, weights: _Kept
) -> AucData:
    """DeLong's estimate by placement values: how far each example lies above those of the other label."""
    ordered = _ordered(scores, labels, weights)
    positive, negative = ordered.positives[-1], ordered.negatives[-1]
    of_true, of_false = ordered.weights * (ordered.truth > 0), ordered.weights * (ordered.truth <= 0)

    # The part of the other label's weight below each score; a tie counts half.
    below_true = (negative - (ordered.negatives + ordered.negatives_above) / 2) / (negative + EPSILON)
    below_false = (positive - (ordered.positives + ordered.positives_above) / 2) / (positive + EPSILON)

    auc_false = total(of_false * (1 - below_false)).high / (negative + EPSILON)
    auc_true = total(of_true * below_true).high / (positive + EPSILON)
    auc = jnp.where(negative < positive, auc_true, auc_false)

    variance_false = total(of_false * jnp.square(1 - below_false - auc_false)).high / (negative - 1 + EPSILON)
    variance_true = total(of_true * jnp.square(below_true - auc_true)).high / (positive - 1 + EPSILON)
    error = jnp.sqrt(variance_false / (negative + EPSILON) + variance_true / (positive + EPSILON))

    import statistics  # its own imports cost milliseconds

    z = statistics.NormalDist().inv_cdf((1 - alpha) / 2)
    if logit_transformation:
        estimate, error = jnp.log(auc / (1 - auc + EPSILON)), error / (auc * (1 - auc + EPSILON))
        lower, upper = (1 / (1 + jnp.exp(-(estimate + sign * z * error)) + EPSILON) for sign in (1, -1))
    else:
        lower, upper = auc + z * error, auc - z * error
    certain = (auc == 0) | (auc == 1)
    enough = (positive > 0) & (negative > 0) & (positive + negative >= 1)
    results = (auc, jnp.where(certain, auc, lower), jnp.where(certain, auc, upper))
    return AucData(*(_defined(jnp.where(enough, x, 0), scores, labels).astype(jnp.float32) for x in results))


@operation
def auc_with_confidence_intervals(
    labels: Any,
    predictions: Any,
    weights: Any = None,
    alpha: float = 0.95,
    logit_transformation: bool = True,
    metrics_collections: NamesOfCollections = (),
    updates_collections: NamesOfCollections = (),
    name: str | None = None,
    capacity: int | None = None,
) -> tuple[AucData, AucData]:
    """The area under the ROC curve and its confidence interval; keeps all scores.

    The interval is the asymptotic one of DeLong, DeLong and Clarke-Pearson (Biometrics, 1988), computed as Sun and Xu
    (IEEE Signal Processing Letters, 2014) do.

    Creates `<name>/concat_preds/...`, `<name>/concat_labels/...` and `<name>/concat_weights/...`, each an `array`
    [capacity] and a `size`.

    Args:
      labels: 0 or 1, of any shape.
      predictions: scores on any scale, of the same shape.
      weights: how much each one counts; broadcast as for `streaming_mean`.
      alpha: the probability that the interval is to hold, above 0 and below 1.
      logit_transformation: True computes the interval on the logit's scale, so that it stays inside of [0, 1].
      metrics_collections: the collections that list the value.
      updates_collections: the collections that list the update.
      name: the scope of the variables; by default "auc_with_confidence_intervals", made unique.
      capacity: room for so many examples in all batches; by default 65536.

    Returns:
      `AucData` (auc, lower, upper) before this batch, and including it; zeros while all labels are the same or the
      weights sum to less than 1. (TensorFlow looks at the labels and weights of the present batch for that, and leaves
      out whole batches whose weights sum to less than 1.)

    Raises:
      ValueError: as `streaming_dynamic_auc`, or `alpha` is not above 0 and below 1.
    """
    function = "auc_with_confidence_intervals"
    if not 0 < alpha < 1:
        raise ValueError(f"{function}: alpha must be above 0 and below 1, got {alpha}.")
    predictions, labels, weights = matching(
        function, predictions, labels, np.float32(1) if weights is None else weights
    )
    flat = _checked_labels(function, labels)
    room = DEFAULT_CAPACITY if capacity is None else capacity
    with variable_scope(name, function):
        kept = [
            _keep(function, _wide(predictions), room, "concat_preds"),
            _keep(function, flat, room, "concat_labels"),
            _keep(function, jnp.broadcast_to(weights, labels.shape).reshape(-1), room, "concat_weights"),
        ]
        value, update = (_area_with_interval(alpha, logit_transformation, *parts) for parts in zip(*kept, strict=True))
        report(metrics_collections, updates_collections, value, update)
        return value, update

"""What metrics check and mend in their arguments before any variable exists."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.core import Tracer

from jax_slim.core.class_ids import at_least_32_bits
from jax_slim.core.collections import NamesOfCollections, add_to_collection, add_to_collections
from jax_slim.core.program import ProgramError
from jax_slim.core.scopes import get_name_scope
from jax_slim.metrics._accumulators import at_least_float32

REQUIREMENTS = "metric_requirements"
"""The collection of what metrics require of the values of a batch: requirement -> whether it is met."""


def array(value: Any) -> jax.Array:
    """As an array outside of every gradient."""
    return jax.lax.stop_gradient(jnp.asarray(value))


def class_ids(value: Any) -> jax.Array:
    """As an array of ids of classes, of at least 32 bits, outside of every gradient."""
    return at_least_32_bits(array(value))


def gathered(value: jax.Array) -> jax.Array:
    """The same array on every device of a mesh with explicit axes, whose types would refuse to scatter or sort it.

    On the usual meshes (automatic axes) nothing changes: XLA decides.
    """
    sharding = jax.typeof(value).sharding
    if all(axis is None for axis in sharding.spec):
        return value
    return jax.sharding.reshard(value, jax.sharding.PartitionSpec())


def matching(
    function: str,
    predictions: Any,
    labels: Any,
    weights: Any = None,
    names: tuple[str, str] = ("predictions", "labels"),
) -> tuple[jax.Array, jax.Array, jax.Array | None]:
    """Predictions and labels of one shape, and weights for them.

    As in TensorFlow: where one of predictions and labels has one axis more, of size 1 and at the end, that axis is
    dropped; likewise with weights, and weights with one axis less get one.

    Raises:
      ValueError: the shapes do not match even so.
    """
    predictions, labels = array(predictions), array(labels)
    given = predictions.shape, labels.shape
    if predictions.ndim - labels.ndim == 1 and predictions.shape[-1] == 1:
        predictions = predictions[..., 0]
    elif labels.ndim - predictions.ndim == 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if predictions.shape != labels.shape:
        raise ValueError(
            f"{function}: {names[0]} and {names[1]} must have the same shape (or one more axis of size 1 at the end), "
            f"got {given[0]} and {given[1]}."
        )
    return predictions, labels, weights_for(function, predictions.shape, weights)


def weights_for(function: str, shape: Sequence[int], weights: Any, values: str = "values") -> jax.Array | None:
    """Weights as floats that broadcast to `shape`: a scalar, or each axis 1 or as long as that of the values.

    One axis more, of size 1 and at the end, is dropped; one axis less is added at the end.

    Raises:
      ValueError: they do not broadcast so.
    """
    if weights is None:
        return None
    weights = at_least_float32(weights)
    given, shape = weights.shape, tuple(shape)
    if weights.ndim == len(shape) + 1 and given[-1] == 1:
        weights = weights[..., 0]
    elif weights.ndim == len(shape) - 1 and weights.ndim:
        weights = weights[..., None]
    if weights.ndim and (
        weights.ndim != len(shape) or any(w not in (1, v) for w, v in zip(weights.shape, shape, strict=True))
    ):
        raise ValueError(
            f"{function}: weights must be a scalar or broadcast to the {values} {shape} axis by axis, got {given}. "
            "Each axis must be 1 or as long as that of the values; a missing one belongs at the end."
        )
    return weights


def weighted(values: jax.Array, weights: jax.Array | None) -> jax.Array:
    """`values * weights`, or `values`."""
    return values if weights is None else at_least_float32(values) * weights


def report(
    metrics_collections: NamesOfCollections, updates_collections: NamesOfCollections, value: Any, update: Any
) -> None:
    """Lists a metric's value and update in the collections that the call names, as '<scope>/value' and '/update_op'."""
    scope = get_name_scope()
    add_to_collections(metrics_collections, value, f"{scope}/value")
    add_to_collections(updates_collections, update, f"{scope}/update_op")


def is_concrete(value: jax.Array) -> bool:
    """Whether the numbers can be looked at: not while a program is traced for `jit`."""
    return not isinstance(value, Tracer)


def require(requirement: str, met: jax.Array, wrong: Callable[[], str] = str) -> jax.Array:
    """Whether a requirement is met, a scalar: `MetricsProgram` refuses to give results where one was not.

    Args:
      requirement: '<function>: <argument> must be <rule>', for the message.
      met: booleans.
      wrong: () -> ', got <value>' and what may help, where values can be looked at.

    Raises:
      ValueError: it is not met, where values can be looked at.
    """
    if is_concrete(met) and not bool(jnp.all(met)):
        raise ValueError(f"{requirement}{wrong()}")
    met = jnp.all(met)
    # Outside of a program, or in an inner trace, NaN has to tell it alone.
    with contextlib.suppress(ProgramError):
        add_to_collection(REQUIREMENTS, met, requirement)
    return met


def all_probabilities(function: str, scores: jax.Array) -> jax.Array:
    """Whether all scores are in [0, 1], and so no NaN among them: a scalar.

    Raises:
      ValueError: they are not, where values can be looked at.
    """
    proper = (scores >= 0) & (scores <= 1)
    advice = "Of logits make them with jax.nn.sigmoid or jax.nn.softmax."
    requirement = f"{function}: predictions must be probabilities in [0, 1]"
    return require(requirement, proper, lambda: f", got {scores[~proper][0]}. {advice}")

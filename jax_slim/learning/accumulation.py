"""Gradient accumulation: a batch in several parts, one after the other, within one compiled step."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.class_ids import ClassIds
from jax_slim.core.values import Variables
from jax_slim.summary.recording import Kept

# loss, summaries, class ids, updates, gradients
Results = tuple[jax.Array, dict[str, Any], dict[str, ClassIds], dict[str, Any], Variables]
# variables, batch, random key, names to train -> results
LossAndGradients = Callable[[Variables, Any, jax.Array, Sequence[str]], Results]


def accumulated(
    loss_and_gradients: LossAndGradients,
    variables: Variables,
    batch: Any,
    rng: jax.Array,
    trained: Sequence[str],
    parts: int,
) -> Results:
    """Loss, summaries, class ids, updates and gradients of a batch run in `parts` parts.

    Only one part's activations are in memory at a time. The loss, the gradients and scalar summaries are means over the
    parts; a histogram has the values of all, images are those of the first; an update starts from the one of the part
    before (so batch normalization sees the statistics of parts, not of the whole batch).

    Raises:
      ValueError: the examples cannot be cut into so many equal parts.
    """
    if parts == 1:
        return loss_and_gradients(variables, batch, rng, trained)
    cut = jax.tree.map(lambda array: _cut(array, parts), batch)

    def one_part(carried: tuple[Any, Any, Any], part: Any) -> tuple[tuple[Any, Any, Any], Any]:
        index, now, total = carried
        loss, summaries, ids, updates, gradients = loss_and_gradients(
            now, part, jax.random.fold_in(rng, index), trained
        )
        return (index + 1, now | updates, jax.tree.map(jnp.add, total, gradients)), (loss, summaries, ids)

    zeros = jax.tree.map(jnp.zeros_like, variables.only(trained))
    start = (jnp.zeros((), jnp.int32), variables, zeros)
    (_, after, total), (losses, summaries, ids) = jax.lax.scan(one_part, start, cut)
    changed = {name: value for name, value in after.items() if value is not variables[name]}
    joined = {tag: _joined(value) for tag, value in summaries.items()}
    return jnp.mean(losses), joined, ids, changed, _divided(total, parts)


def mean_loss(
    loss: Callable[[Variables, Any, jax.Array], jax.Array], variables: Variables, batch: Any, rng: jax.Array, parts: int
) -> jax.Array:
    """The loss alone, with the same parts and random keys as `accumulated`; updates are left out."""
    if parts == 1:
        return loss(variables, batch, rng)
    cut = jax.tree.map(lambda array: _cut(array, parts), batch)
    numbered = (jnp.arange(parts, dtype=jnp.int32), cut)
    return jnp.mean(jax.lax.map(lambda one: loss(variables, one[1], jax.random.fold_in(rng, one[0])), numbered))


def _cut(array: jax.Array, parts: int) -> jax.Array:
    array = jnp.asarray(array)
    if array.ndim == 0:
        return jnp.broadcast_to(array, (parts,))
    if array.shape[0] % parts:
        raise ValueError(
            f"create_train_op: accumulate={parts} must divide the batch, which has {array.shape[0]} examples."
        )
    return array.reshape(parts, array.shape[0] // parts, *array.shape[1:])


def _joined(summary: Any) -> Any:
    if isinstance(summary, Kept):
        return summary.joined()
    return jax.tree.map(lambda values: jnp.mean(values, axis=0), summary)  # a text has no arrays


def _divided(total: Any, parts: int) -> Any:
    return jax.tree.map(lambda gradient: gradient / parts, total)

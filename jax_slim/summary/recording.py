"""Summaries of a program: named values that `learning.train` and `evaluation` write for TensorBoard.

A summary called inside a program adds to the collection SUMMARIES; outside of one it does nothing. Nothing
is written here: `Model.collect` returns the values, and the loops write them from time to time.
"""

import dataclasses
import re
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core import program as _program
from jax_slim.core.collections import GraphKeys, NamesOfCollections, as_names
from jax_slim.core.program import Item, operation
from jax_slim.core.scopes import unique_op_name

BUCKETS = 30
"""How many buckets a histogram has: what TensorBoard's own writer uses."""

_ILLEGAL = re.compile(r"[^-/\w.]")


class Kept:
    """A summary that is kept whole until it is written: making it small costs time, and writing is rare."""

    def reduced(self) -> Any:
        """What is written, small enough to leave the device."""
        raise NotImplementedError

    def joined(self) -> "Kept":
        """One summary out of those of several parts of a batch, which lie along a new first axis of the arrays."""
        raise NotImplementedError


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Histogram(Kept):
    """What `histogram` collects: all the values, not counted yet."""

    values: jax.Array

    def reduced(self) -> "Buckets":
        return count_buckets(self.values)

    def joined(self) -> "Histogram":
        return self


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Buckets:
    """A counted histogram: bucket i holds `counts[i]` values in [left[i], right[i])."""

    left: jax.Array
    right: jax.Array
    counts: jax.Array


@operation
def scalar(name: str, tensor: Any, collections: NamesOfCollections = None, family: str | None = None) -> str:
    """Records one number, such as a loss.

        slim.summary.scalar("losses/total_loss", total_loss)

    Args:
      name: its tag in TensorBoard, inside the current name scope; made unique.
      tensor: an array with one element.
      collections: the collections to add to; None means SUMMARIES.
      family: a prefix for the tag, to group several.

    Returns:
      The tag.

    Raises:
      ValueError: `tensor` has more than one element, or none.
    """
    value = jnp.asarray(tensor)
    if value.size != 1:
        raise ValueError(
            f"summary.scalar: tensor must have one element, got shape {value.shape} for {name!r}. Reduce it "
            "(jnp.mean), or use slim.summary.histogram."
        )
    return record(name, value.reshape(()).astype(jnp.float32), collections, family)


@operation
def histogram(name: str, values: Any, collections: NamesOfCollections = None, family: str | None = None) -> str:
    """Records the distribution of an array's values, such as weights or activations.

    Args:
      name: its tag in TensorBoard, inside the current name scope; made unique.
      values: an array of any shape. Values that are not finite are left out of the picture.
      collections: the collections to add to; None means SUMMARIES.
      family: a prefix for the tag, to group several.

    Returns:
      The tag.
    """
    return record(name, Histogram(jnp.asarray(values)), collections, family)


def count_buckets(values: jax.Array) -> Buckets:
    """The histogram of `values` in `BUCKETS` buckets of equal width between the least and the greatest."""
    values = values.reshape(-1).astype(jnp.float32)
    finite = jnp.isfinite(values)
    if values.size == 0:
        zeros = jnp.zeros(BUCKETS)
        return Buckets(zeros, zeros, zeros)
    low = jnp.min(jnp.where(finite, values, jnp.inf))
    high = jnp.max(jnp.where(finite, values, -jnp.inf))
    low, high = jnp.where(low > high, 0.0, low), jnp.where(low > high, 0.0, high)
    width = (high - low) / BUCKETS
    index = jnp.where(width > 0, (values - low) / jnp.where(width > 0, width, 1.0), 0.0)
    index = jnp.clip(jnp.where(finite, index, 0.0).astype(jnp.int32), 0, BUCKETS - 1)
    counts = jnp.zeros(BUCKETS).at[index].add(finite.astype(jnp.float32))
    edges = low + width * jnp.arange(BUCKETS + 1)
    return Buckets(edges[:-1], edges[1:].at[-1].set(high), counts)


def counted(summaries: dict[str, Any]) -> dict[str, Any]:
    """The summaries with histograms counted and images cut down: small enough to leave the device."""
    return {tag: value.reduced() if isinstance(value, Kept) else value for tag, value in summaries.items()}


def record(name: str, value: Any, collections: NamesOfCollections, family: str | None = None) -> str:
    """Adds a summary to the collections of the running program, if there is one; returns its tag."""
    tag = _ILLEGAL.sub("_", name).lstrip("/") or "summary"
    tag = unique_op_name(f"{family}/{tag}" if family else tag)
    program = _program.current()
    if program is not None:
        for collection in (GraphKeys.SUMMARIES,) if collections is None else as_names(collections):
            program.collect(collection, Item(tag, value))
    return tag

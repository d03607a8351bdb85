"""Sums by bin: what histograms and confusion matrices are made of."""

import jax
import jax.numpy as jnp

from jax_slim.metrics._accumulators import Pair, at_least_float32, total
from jax_slim.metrics._args import gathered

# Weights of so many values are added up as plain floats; the sums of these blocks then keep their rounding errors.
_BLOCK = 4096


def counts_by_bin(bins: jax.Array, num_bins: int, amounts: jax.Array | None = None) -> jax.Array:
    """How many of `bins` [N] are each of 0 .. num_bins - 1, or the sum of their integer amounts; int [num_bins].

    Bins outside of that range are left out.
    """
    bins = gathered(bins)
    amounts = jnp.ones(bins.shape, jnp.int32) if amounts is None else gathered(amounts)
    return jax.ops.segment_sum(amounts, bins, num_bins)


def sums_by_bin(bins: jax.Array, num_bins: int, weights: jax.Array | None = None) -> Pair:
    """As `counts_by_bin`, with float weights [N]."""
    if weights is None:
        return total(counts_by_bin(bins, num_bins)[None], axis=0)
    bins, weights = gathered(bins), gathered(at_least_float32(weights))
    # No more blocks than keep the table of sums as small as the input.
    blocks = max(1, bins.size // max(_BLOCK, num_bins))
    block = jnp.arange(bins.size) % blocks
    inside = (bins >= 0) & (bins < num_bins)
    table = jax.ops.segment_sum(weights, jnp.where(inside, block * num_bins + bins, -1), blocks * num_bins)
    return total(table.reshape(blocks, num_bins), axis=0)

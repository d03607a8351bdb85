"""Sums by bin: what histograms and confusion matrices are made of."""

import jax
import jax.numpy as jnp

from jax_slim.metrics._accumulators import Pair, at_least_float32, total
from jax_slim.metrics._args import gathered

# The sums of so many weights are taken as plain floats; those of these blocks keep their rounding errors.
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
    places = jnp.where(inside, block * num_bins + bins, -1)

    def sums(parts: jax.Array) -> Pair:
        return total(jax.ops.segment_sum(parts, places, blocks * num_bins).reshape(blocks, num_bins), axis=0)

    coarse = _leading_bits(weights)
    middle = _leading_bits(weights - coarse)
    return sums(coarse) + (sums(middle) + sums(weights - coarse - middle))


def _leading_bits(values: jax.Array) -> jax.Array:
    """The values rounded to multiples of so large a number that a sum of `_BLOCK` of them is exact."""
    greatest = jnp.max(jnp.abs(values), initial=0)
    exponent = jnp.frexp(jnp.where(jnp.isfinite(greatest), greatest, 0))[1]
    # Adding a number that many times larger leaves no bits for the rest (Rump, Ogita and Oishi, 2008).
    large = jnp.ldexp(_BLOCK * jnp.ones((), values.dtype), exponent + jnp.finfo(values.dtype).nmant - 23)
    return (values + large) - large

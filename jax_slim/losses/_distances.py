"""Distances and products between all the vectors of a batch."""

import jax
import jax.numpy as jnp


def pairwise_distances(vectors: jax.Array, squared: bool = False) -> jax.Array:
    """The Euclidean distances, or their squares, between the rows of [N, D]: [N, N], with zeros on the diagonal.

    Where a distance is 0 its gradient is 0 too, also that of the root.
    """
    # |a|^2 + |b|^2 - 2 a b loses the small difference of large numbers: around their mean the numbers are small.
    vectors = vectors - jax.lax.stop_gradient(jnp.mean(vectors, 0))
    gram = products(vectors, vectors)
    lengths = jnp.diagonal(gram)  # rounded like the rest, so that equal vectors come out 0 apart
    squares = lengths[:, None] + lengths[None, :] - 2 * gram
    apart = ~(squares <= 0) & ~jnp.eye(len(vectors), dtype=bool)  # NaN stays NaN: a diverged net shall show
    if squared:
        return jnp.where(apart, squares, 0)
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squares, 1)), 0)


def products(first: jax.Array, second: jax.Array) -> jax.Array:
    """Every row of `first` times every row of `second`: [N, M]. Exact: differences of these shall mean something."""
    return jnp.matmul(first, second.T, precision=jax.lax.Precision.HIGHEST)


def same_class(labels: jax.Array) -> jax.Array:
    """Whether two entries of [N] have one label: [N, N] booleans."""
    return labels[:, None] == labels[None, :]

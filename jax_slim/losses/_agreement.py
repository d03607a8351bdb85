"""How well two partitions of the same points agree, in [0, 1]: 1 for equal ones, whatever their parts are called.

No table of classes by clusters is made. A sum over its cells is a sum over points, each with the size of its own cell;
so the number of classes need not be known to the compiler, and many partitions are scored at once by `vmap`.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.losses._weighting import safe_divide


class Sizes(NamedTuple):
    """For each point, as floats [N]: the size of its class, of its cluster, and of what the two have in common."""

    classes: jax.Array
    clusters: jax.Array
    cells: jax.Array


Score = Callable[[jax.Array], jax.Array]


def score(kind: str, labels: jax.Array) -> Score:
    """A function from predictions [N] (cluster numbers) to their agreement with `labels` [N], a float32 scalar.

    Args:
      kind: a key of `KINDS`, or 'const', which is 1 only for predictions that are the labels, number by number.
    """
    if kind == "const":
        return lambda predictions: jnp.all(labels == predictions).astype(jnp.float32)
    same = labels[:, None] == labels[None, :]
    measure = KINDS[kind](jnp.sum(same, 1).astype(jnp.float32))

    def agreement(predictions: jax.Array) -> jax.Array:
        together = predictions[:, None] == predictions[None, :]
        sizes = Sizes(*(jnp.sum(pairs, 1).astype(jnp.float32) for pairs in (same, together, same & together)))
        equal = jnp.all((sizes.cells == sizes.classes) & (sizes.cells == sizes.clusters))
        return jnp.where(equal, 1.0, jnp.clip(measure(sizes), 0.0, 1.0))

    return agreement


def _nmi(classes: jax.Array) -> Callable[[Sizes], jax.Array]:
    """Mutual information over the geometric mean of the entropies (the paper's; today's scikit-learn: arithmetic)."""
    del classes
    return lambda sizes: (
        _information(sizes) / jnp.maximum(jnp.sqrt(_entropy(sizes.classes) * _entropy(sizes.clusters)), 1e-10)
    )


def _v_measure(classes: jax.Array) -> Callable[[Sizes], jax.Array]:
    """Mutual information over the arithmetic mean of the entropies. Rosenberg and Hirschberg, 2007."""
    del classes
    return lambda sizes: safe_divide(2 * _information(sizes), _entropy(sizes.classes) + _entropy(sizes.clusters))


def _ari(classes: jax.Array) -> Callable[[Sizes], jax.Array]:
    """The Rand index, adjusted so that chance scores 0. Hubert and Arabie, 1985."""
    del classes

    def measure(sizes: Sizes) -> jax.Array:
        cells, classes, clusters = (jnp.sum(size - 1) for size in (sizes.cells, sizes.classes, sizes.clusters))
        points = len(sizes.cells)
        expected = classes * clusters / max(points * (points - 1), 1)
        return safe_divide(cells - expected, (classes + clusters) / 2 - expected)

    return measure


def _ami(classes: jax.Array) -> Callable[[Sizes], jax.Array]:
    """Mutual information over the greater entropy, adjusted so that chance scores 0. Vinh, Epps and Bailey, 2010."""
    expected = _expected_information(classes)

    def measure(sizes: Sizes) -> jax.Array:
        by_chance = jnp.sum(expected[sizes.clusters.astype(jnp.int32)] / sizes.clusters)
        most = jnp.maximum(_entropy(sizes.classes), _entropy(sizes.clusters))
        return (_information(sizes) - by_chance) / jnp.maximum(most - by_chance, 1e-6)

    return measure


KINDS: dict[str, Callable[[jax.Array], Callable[[Sizes], jax.Array]]] = {
    "nmi": _nmi,
    "ami": _ami,
    "ari": _ari,
    "vmeasure": _v_measure,
}


def _information(sizes: Sizes) -> jax.Array:
    return jnp.mean(jnp.log(len(sizes.cells) * sizes.cells / (sizes.classes * sizes.clusters)))


def _entropy(size: jax.Array) -> jax.Array:
    return jnp.mean(jnp.log(len(size) / size))


def _expected_information(classes: jax.Array) -> jax.Array:
    """The mean mutual information of these classes with a random cluster of each size 0..N: [N + 1].

    Sums n/N log(N n / (a b)) over classes of size a and overlaps n, each with its hypergeometric probability.
    """
    points = len(classes)
    factorial = jnp.asarray(np.cumsum([0.0, *np.log(np.arange(1, points + 1))]), jnp.float32)  # logarithms
    a = classes.astype(jnp.int32)[:, None]
    n = jnp.arange(1, points + 1)[None, :]

    def of_size(b: jax.Array) -> jax.Array:
        rest = points - a - b + n
        possible = (n <= a) & (n <= b) & (rest >= 0)
        left = (a - n, b - n, rest)
        chance = factorial[a] + factorial[b] + factorial[points - a] + factorial[points - b] - factorial[points]
        chance -= factorial[n] + sum(factorial[jnp.clip(number, 0, points)] for number in left)
        gain = n / points * jnp.log(points * n / jnp.maximum(a * b, 1))
        # Each class appears once for each of its points.
        return jnp.sum(jnp.where(possible, gain * jnp.exp(jnp.where(possible, chance, 0)), 0) / a)

    return jax.lax.map(of_size, jnp.arange(points + 1))

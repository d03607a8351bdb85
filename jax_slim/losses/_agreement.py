"""How well two partitions of the same points agree, in [0, 1]: 1 for equal ones, whatever their parts are called.

No table of classes by clusters is made. A sum over its cells is a sum over points, each with the size of its own cell;
so the number of classes need not be known to the compiler, and many partitions are scored at once.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.losses._distances import same_class
from jax_slim.losses._weighting import safe_divide


class Partition(NamedTuple):
    """One partition into clusters [N], or many [..., N], beside the classes.

    Attributes:
      clusters: the number of each point's cluster.
      classes, sizes, cells: how many points there are in each point's class [N], in its cluster, and in both at once;
        as float32.
    """

    clusters: jax.Array
    classes: jax.Array
    sizes: jax.Array
    cells: jax.Array


Score = Callable[[Partition], jax.Array]


def partition(same: jax.Array, clusters: jax.Array) -> Partition:
    """The partition into `clusters` [N]; `same` [N, N] says which points are of one class."""
    together = same_class(clusters)
    return Partition(clusters, *(jnp.sum(pairs, 1, jnp.float32) for pairs in (same, together, same & together)))


def score(kind: str, labels: jax.Array) -> Score:
    """A function from partitions [..., N] to their agreement with `labels` [N]: float32 [...].

    Args:
      kind: a key of `KINDS`, or 'const', which is 1 only for clusters that are the labels, number by number.
    """
    if kind == "const":
        return lambda found: jnp.all(found.clusters == labels, -1).astype(jnp.float32)
    measure = KINDS[kind](jnp.sum(same_class(labels), 1, jnp.float32))

    def agreement(found: Partition) -> jax.Array:
        equal = jnp.all((found.cells == found.classes) & (found.cells == found.sizes), -1)
        return jnp.where(equal, 1.0, jnp.clip(measure(found), 0.0, 1.0))

    return agreement


def _nmi(classes: jax.Array) -> Score:
    """Mutual information over the geometric mean of the entropies (the paper's; today's scikit-learn: arithmetic)."""
    del classes
    return lambda found: safe_divide(_information(found), jnp.sqrt(_entropy(found.classes) * _entropy(found.sizes)))


def _v_measure(classes: jax.Array) -> Score:
    """Mutual information over the arithmetic mean of the entropies. Rosenberg and Hirschberg, 2007."""
    del classes
    return lambda found: safe_divide(2 * _information(found), _entropy(found.classes) + _entropy(found.sizes))


def _ari(classes: jax.Array) -> Score:
    """The Rand index, adjusted so that chance scores 0. Hubert and Arabie, 1985."""
    del classes

    def measure(found: Partition) -> jax.Array:
        cells, classes, clusters = (jnp.sum(size - 1, -1) for size in (found.cells, found.classes, found.sizes))
        points = len(found.classes)
        expected = classes * clusters / max(points * (points - 1), 1)
        return safe_divide(cells - expected, (classes + clusters) / 2 - expected)

    return measure


def _ami(classes: jax.Array) -> Score:
    """Mutual information over the greater entropy, adjusted so that chance scores 0. Vinh, Epps and Bailey, 2010."""
    expected = _expected_information(classes)

    def measure(found: Partition) -> jax.Array:
        by_chance = jnp.sum(expected[found.sizes.astype(jnp.int32)] / found.sizes, -1)
        most = jnp.maximum(_entropy(found.classes), _entropy(found.sizes))
        return (_information(found) - by_chance) / jnp.maximum(most - by_chance, 1e-6)

    return measure


KINDS: dict[str, Callable[[jax.Array], Score]] = {
    "nmi": _nmi,
    "ami": _ami,
    "ari": _ari,
    "vmeasure": _v_measure,
}


def _information(found: Partition) -> jax.Array:
    return jnp.mean(jnp.log(len(found.classes) * found.cells / (found.classes * found.sizes)), -1)


def _entropy(size: jax.Array) -> jax.Array:
    return jnp.mean(jnp.log(size.shape[-1] / size), -1)


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

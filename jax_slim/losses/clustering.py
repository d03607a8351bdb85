"""`cluster_loss`: the labels shall be the best clustering of the embeddings, by a margin."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jax_slim.core import program as _program
from jax_slim.core.collections import GraphKeys, add_to_collection
from jax_slim.core.program import operation
from jax_slim.core.scopes import unique_op_name
from jax_slim.losses import _agreement
from jax_slim.losses._distances import pairwise_distances, same_class
from jax_slim.losses._weighting import floats

REFINEMENTS = 5
"""How often `enable_pam_finetuning` goes through all the clusters: TF's number."""


@operation
def cluster_loss(
    labels: Any,
    embeddings: Any,
    margin_multiplier: Any,
    enable_pam_finetuning: bool = True,
    margin_type: str = "nmi",
    print_losses: bool = False,
) -> jax.Array:
    """Wants the classes to be tighter clusters than any other clustering, by a margin that grows with its wrongness.

    A clustering is a choice of as many centers (medoids) as there are classes; its score is minus the sum of the
    distances of all points to their nearest center. The worst offender, of a high score or a great margin, is searched
    for greedily, center by center, then refined by exchanging each center for a point of its cluster. The loss is
    max(score + margin_multiplier * (1 - agreement with the labels) - score of the classes, 0). Song, Jegelka, Rathod
    and Murphy, "Deep Metric Learning via Facility Location", 2017.

    The search costs about 6 N^3 operations a class (three products of [N, N]), the refinement five times as much again;
    memory is N^2.

    Args:
      labels: [N] or [N, 1], integers: the class of each vector.
      embeddings: [N, D], usually of length 1.
      margin_multiplier: how much distance a complete disagreement is worth.
      enable_pam_finetuning: whether the greedy choice is refined (five rounds).
      margin_type: how agreement is measured: 'nmi' (mutual information over the geometric mean of the entropies),
        'vmeasure' (over their arithmetic mean), 'ami' (adjusted for chance, over the greater entropy), 'ari' (the
        adjusted Rand index), or 'const' (1 for predictions that are the very numbers of the labels, otherwise 0: nearly
        always a constant margin). TF asks scikit-learn, whose 'nmi' and 'ami' were these until its release 0.22.
      print_losses: whether to print the parts at every call, when the values are known.

    Returns:
      A scalar. In a program its parts are summaries too: 'losses/score_pred', 'losses/score_gt', 'losses/nmi'.

    Raises:
      ValueError: the shapes do not fit, or `margin_type` is unknown.
    """
    kinds = (*_agreement.KINDS, "const")
    if margin_type not in kinds:
        raise ValueError(f"cluster_loss: margin_type must be one of {', '.join(kinds)}, got {margin_type!r}.")
    embeddings, labels = floats(embeddings), jnp.asarray(labels)
    if embeddings.ndim != 2 or len(embeddings) == 0 or labels.shape not in ((len(embeddings),), (len(embeddings), 1)):
        raise ValueError(
            f"cluster_loss: embeddings must be [N, D] and labels [N] or [N, 1], got shapes {embeddings.shape} and "
            f"{labels.shape}."
        )
    labels = labels.reshape(-1)
    same = same_class(labels)
    distances = pairwise_distances(embeddings)
    agreement = _agreement.score(margin_type, labels)

    # Which centers are worst is a choice: no gradient flows through it, only through the distances to them.
    search = _Search(jax.lax.stop_gradient(distances), agreement, jax.lax.stop_gradient(margin_multiplier), same)
    centers = search.greedily()
    if enable_pam_finetuning:
        centers = search.refined(centers)
    chosen = centers.order >= 0
    score_pred = -jnp.sum(jnp.min(jnp.where(chosen[:, None], distances, jnp.inf), axis=0))
    agreed = agreement(_agreement.partition(same, search.assigned(centers.order)))
    within = jnp.sum(jnp.where(same, distances, 0), axis=0)
    best = jnp.min(jnp.where(same, within, jnp.inf), axis=1)
    score_gt = -jnp.sum(best / jnp.sum(same, axis=1))  # every point of a class brings its share
    loss = jax.nn.relu(score_pred + margin_multiplier * (1 - agreed) - score_gt)

    if print_losses:
        jax.debug.print(
            "clustering_loss: {loss} score_pred: {pred} score_gt: {gt} " + margin_type + ": {agreed}",
            loss=loss, pred=score_pred, gt=score_gt, agreed=agreed,
        )  # fmt: skip
    if _program.current() is not None:
        for name, value in (("score_pred", score_pred), (margin_type, agreed), ("score_gt", score_gt)):
            add_to_collection(GraphKeys.SUMMARIES, value.astype(jnp.float32), unique_op_name(f"losses/{name}"))
    return loss


class _Centers(NamedTuple):
    """A choice of centers.

    Attributes:
      order: [N]: for each point the number of the cluster that it is the center of, or -1.
      number: how many centers there are.
    """

    order: jax.Array
    number: jax.Array


class _Search:
    """The search for the clustering that violates the margin most. All candidates are scored at once.

    Args:
      distances: [N, N].
      agreement: partitions -> agreement with the labels.
      multiplier: of the margin.
      same: [N, N]: whether two points are of one class.
    """

    def __init__(self, distances: jax.Array, agreement: _agreement.Score, multiplier: Any, same: jax.Array) -> None:
        self.distances = distances
        self.agreement = agreement
        self.multiplier = multiplier
        self.same = same
        self.points = jnp.arange(len(distances))
        self.classes = jnp.sum(jnp.argmax(same, axis=1) == self.points)  # points that are the first of their class

    def greedily(self) -> _Centers:
        """Adds the center that makes the worst clustering with those before it, until there is one for each class."""

        def add(centers: _Centers) -> _Centers:
            nearest, _ = self._nearest(centers.order)
            scores = -jnp.sum(jnp.minimum(nearest, self.distances), axis=1)
            scores += self._margins(centers.order, centers.number)
            best = jnp.argmax(jnp.where(centers.order < 0, scores, -jnp.inf))
            return _Centers(centers.order.at[best].set(centers.number), centers.number + 1)

        none = _Centers(jnp.full(len(self.points), -1), jnp.zeros_like(self.classes))
        return jax.lax.while_loop(lambda centers: centers.number < self.classes, add, none)

    def refined(self, centers: _Centers) -> _Centers:
        """Exchanges each center in turn for the worst point of its cluster, in several rounds."""

        def exchange(cluster: jax.Array, order: jax.Array, members: jax.Array) -> jax.Array:
            mine = members == cluster
            others = jnp.where(order == cluster, -1, order)
            scores = -jnp.sum(jnp.where(mine[:, None], self.distances, 0), axis=0)
            scores += self._margins(others, cluster)
            return others.at[jnp.argmax(jnp.where(mine, scores, -jnp.inf))].set(cluster)

        def round_of_exchanges(_: Any, order: jax.Array) -> jax.Array:
            members = self.assigned(order)
            _, order = jax.lax.while_loop(
                lambda state: state[0] < centers.number,
                lambda state: (state[0] + 1, exchange(state[0], state[1], members)),
                (jnp.zeros_like(centers.number), order),
            )
            return order

        return centers._replace(order=jax.lax.fori_loop(0, REFINEMENTS, round_of_exchanges, centers.order))

    def assigned(self, order: jax.Array) -> jax.Array:
        """For each point the number of its cluster: a center's own, the nearest center's otherwise. [N]."""
        _, assigned = self._nearest(order)
        return jnp.where(order >= 0, order, assigned)

    def _nearest(self, order: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The distance to the nearest center (infinite without centers), and its number; of several the lowest."""
        distances = jnp.where(order[:, None] >= 0, self.distances, jnp.inf)
        nearest = jnp.min(distances, axis=0)
        none = len(self.points)
        numbers = jnp.where((order[:, None] >= 0) & (distances == nearest), order[:, None], none)
        return nearest, jnp.min(numbers, axis=0)

    def _margins(self, order: jax.Array, cluster: jax.Array) -> jax.Array:
        """The margin of each point as the center number `cluster`, beside those of `order`: [N]."""
        nearest, numbers = self._nearest(order)
        comes_first = (self.distances < nearest) | ((self.distances == nearest) & (cluster < numbers))
        # A new center draws points to itself, but no other center: row i is about point i as the new one.
        moved = (comes_first & (order < 0)) | jnp.eye(len(order), dtype=bool)
        before = _agreement.partition(self.same, self.assigned(order))
        together = same_class(before.clusters)

        def moved_among(pairs: jax.Array) -> jax.Array:
            # 0 times 1 is exact in any precision, and so are the counts that a float32 holds.
            return jnp.matmul(moved.astype(jnp.float32), pairs.astype(jnp.float32))

        after = _agreement.Partition(
            jnp.where(moved, cluster, before.clusters),
            before.classes,
            jnp.where(moved, jnp.sum(moved, 1, jnp.float32, keepdims=True), before.sizes - moved_among(together)),
            jnp.where(moved, moved_among(self.same), before.cells - moved_among(self.same & together)),
        )
        return self.multiplier * (1 - self.agreement(after))

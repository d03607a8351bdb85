"""`tf.contrib.distributions.Mixture` and `MixtureSameFamily`: a draw decides from which distribution the value comes."""

from typing import Any

from jax_slim.tf1.graph import dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, distributions, gathering, math, nn_activations, reductions
from jax_slim.tf1.python.distributions_discrete import Categorical


class Mixture(distributions.Distribution):
    """Several distributions of one event and batch shape.

    Args:
      cat: a `Categorical` over them, of the same batch shape.
      components: the distributions.
      use_static_graph: draws from all of them instead of only as often as needed, which is how it is done here always.
    """

    def __init__(self, cat: Any, components: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 use_static_graph: bool = False, name: str = "Mixture") -> None:  # fmt: skip
        parameters = dict(locals())
        if not isinstance(cat, Categorical):
            raise TypeError(f"cat must be a Categorical distribution, but saw: {cat}")
        if not components:
            raise ValueError("components must be a non-empty list or tuple")
        for component in components:
            if not isinstance(component, distributions.Distribution):
                raise TypeError(f"all components must be Distribution instances but saw: {list(components)}")
        if len({c.dtype for c in components}) > 1:
            raise TypeError(
                f"All components must have the same dtype, but saw dtypes: {[(c.name, c.dtype) for c in components]}"
            )
        if cat.logits.shape[-1].value not in (None, len(components)):
            raise ValueError(f"cat.num_classes != len(components): {cat.logits.shape[-1].value} vs. {len(components)}")
        with graphs.name_scope(name, values=[cat.logits]) as scope:
            self._cat, self._components = cat, list(components)
        super().__init__(components[0].dtype, distributions.NOT_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    cat = property(lambda self: self._cat)
    components = property(lambda self: self._components)
    num_components = property(lambda self: len(self._components))

    def _batch_shape(self) -> Any:
        return self._cat.batch_shape

    def _batch_shape_tensor(self) -> Tensor:
        return self._cat.batch_shape_tensor()

    def _event_shape(self) -> Any:
        return self._components[0].event_shape

    def _event_shape_tensor(self) -> Tensor:
        return self._components[0].event_shape_tensor()

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        chosen = self._cat.sample(n, seed=distributions.new_seed(seed, "mixture_cat"))
        drawn = []
        for component in self._components:
            seed = distributions.new_seed(seed, "mixture")
            drawn.append(component.sample(n, seed=seed))
        return _chosen(array.stack(drawn, axis=-1 - self._rank()), chosen, self.num_components, self._rank())

    def _rank(self) -> int:
        return self._components[0].event_shape.ndims

    def _weighted(self, values: list[Tensor]) -> list[Tensor]:
        weights = nn_activations.softmax(self._cat.logits)
        return [_spread(weights[..., i], self._rank()) * value for i, value in enumerate(values)]

    def _mean(self) -> Tensor:
        return math.add_n(self._weighted([c.mean() for c in self._components]))

    def _variance(self) -> Tensor:
        squares = self._weighted([c.variance() + math.square(c.mean()) for c in self._components])
        return math.add_n(squares) - math.square(self._mean())

    def _logs(self, values: list[Tensor]) -> Tensor:
        logits = nn_activations.log_softmax(self._cat.logits)
        return reductions.reduce_logsumexp(
            array.stack([logits[..., i] + v for i, v in enumerate(values)], axis=0), axis=[0]
        )

    def _log_prob(self, x: Tensor) -> Tensor:
        return self._logs([c.log_prob(x) for c in self._components])

    def _log_cdf(self, x: Tensor) -> Tensor:
        return self._logs([c.log_cdf(x) for c in self._components])

    def entropy_lower_bound(self, name: str = "entropy_lower_bound") -> Tensor:
        """The mean of the components' entropies: no more than the mixture's own."""
        with self._scope(name):
            return math.add_n(self._weighted([c.entropy() for c in self._components]))


class MixtureSameFamily(distributions.Distribution):
    """The distributions of a batch's last dimension.

    Args:
      mixture_distribution: a `Categorical` over them.
      components_distribution: the batch [..., k].
    """

    def __init__(self, mixture_distribution: Any, components_distribution: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "MixtureSameFamily") -> None:  # fmt: skip
        parameters = dict(locals())
        if not mixture_distribution.dtype.is_integer:
            raise ValueError(f"`mixture_distribution.dtype` ({mixture_distribution.dtype.name}) is not over integers")
        known = components_distribution.batch_shape
        count, wanted = (known[-1].value if known.ndims else None), mixture_distribution.logits.shape[-1].value
        if count is not None and wanted is not None and count != wanted:
            raise ValueError(
                f"`mixture_distribution components` ({wanted}) does not equal `components_distribution.batch_shape[-1]` ({count})"
            )
        with graphs.name_scope(name) as scope:
            self._mixture, self._inner = mixture_distribution, components_distribution
        super().__init__(components_distribution.dtype, distributions.NOT_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    mixture_distribution = property(lambda self: self._mixture)
    components_distribution = property(lambda self: self._inner)

    def _batch_shape(self) -> Any:
        return self._inner.batch_shape[:-1]

    def _batch_shape_tensor(self) -> Tensor:
        return self._inner.batch_shape_tensor()[:-1]

    def _event_shape(self) -> Any:
        return self._inner.event_shape

    def _event_shape_tensor(self) -> Tensor:
        return self._inner.event_shape_tensor()

    def _rank(self) -> int:
        return self._inner.event_shape.ndims

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        drawn = self._inner.sample(n, seed=seed)
        chosen = self._mixture.sample(n, seed=distributions.new_seed(seed, "mix_sample"))
        count = array.shape(self._mixture.logits)[-1]
        if self._mixture.batch_shape != self._inner.batch_shape[:-1]:
            shape = array.concat([[n], self._batch_shape_tensor()], 0)
            chosen = array.broadcast_to(array.reshape(chosen, [-1] + [1] * self._batch_shape().ndims), shape)
        return _chosen(drawn, chosen, count, self._rank())

    def _padded(self, x: Tensor) -> Tensor:
        return array.expand_dims(x, -1 - self._rank())

    def _log_prob(self, x: Tensor) -> Tensor:
        logs = self._inner.log_prob(self._padded(x)) + nn_activations.log_softmax(self._mixture.logits)
        return reductions.reduce_logsumexp(logs, axis=-1)

    def _cdf(self, x: Tensor) -> Tensor:
        return reductions.reduce_sum(self._inner.cdf(self._padded(x)) * self._mixture.probs, axis=-1)

    def _weights(self) -> Tensor:
        return _spread(self._mixture.probs, self._rank())

    def _mean(self) -> Tensor:
        return reductions.reduce_sum(self._weights() * self._inner.mean(), axis=-1 - self._rank())

    def _variance(self) -> Tensor:
        difference = self._inner.mean() - self._padded(self._mean())
        whole = self._inner.variance() + math.square(difference)
        return reductions.reduce_sum(self._weights() * whole, axis=-1 - self._rank())


def _spread(weights: Tensor, rank: int) -> Tensor:
    """Weights of a batch with a dimension of one for each of an event's."""
    return array.reshape(weights, array.concat([array.shape(weights), [1] * rank], 0)) if rank else weights


def _chosen(drawn: Tensor, chosen: Tensor, count: Any, rank: int) -> Tensor:
    """Of values [n, ..., k, event] those of the numbers [n, ...]."""
    mask = _spread(gathering.one_hot(chosen, count, dtype=dtypes.bool_, on_value=True, off_value=False), rank)
    whole = gathering.where_v2(mask, drawn, constant_op.zeros_like(drawn))
    return reductions.reduce_sum(whole, axis=-1 - rank)

"""`tf.distributions.Bernoulli` and `Categorical`."""

from typing import Any

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, distributions, math, nn_activations, nn_losses, random, reductions


def _parameters(logits: Any, probs: Any, multidimensional: bool, name: str) -> tuple[Tensor, Tensor]:
    """(logits, probabilities), the one from the other."""
    with graphs.name_scope(name, values=[probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = conversion.convert_to_tensor(logits, name="logits")
            if not logits.dtype.is_floating:
                raise TypeError("logits must having floating type.")
            return logits, nn_activations.softmax(logits, name="probs") if multidimensional else math.sigmoid(
                logits, name="probs"
            )
        probs = conversion.convert_to_tensor(probs, name="probs")
        if not probs.dtype.is_floating:
            raise TypeError("probs must having floating type.")
        with graphs.name_scope("logits"):
            return (math.log(probs) if multidimensional else math.log(probs) - math.log1p(-1.0 * probs)), probs


class Bernoulli(distributions.Distribution):
    """0 or 1, given the probability of 1 or its logit."""

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = dtypes.int32, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "Bernoulli") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name) as scope:
            self._logits, self._probs = _parameters(logits, probs, False, scope)
        super().__init__(
            dtype, distributions.NOT_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope
        )

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)

    def _batch_shape(self) -> Any:
        return self._logits.shape

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        drawn = random.random_uniform(shape, seed=seed, dtype=self._probs.dtype)
        return math.cast(math.less(drawn, self._probs), self.dtype)

    def _log_prob(self, event: Tensor) -> Tensor:
        event, logits = math.cast(event, self._logits.dtype), self._logits
        if not (event.shape.is_fully_defined() and logits.shape.is_fully_defined() and event.shape == logits.shape):
            logits, event = constant_op.ones_like(event) * logits, constant_op.ones_like(logits) * event
        return -nn_losses.sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Tensor:
        return -self._logits * (math.sigmoid(self._logits) - 1) + nn_activations.softplus(-self._logits)

    def _mean(self) -> Tensor:
        return array.identity(self._probs)

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._probs)

    def _mode(self) -> Tensor:
        return math.cast(self._probs > 0.5, self.dtype)


@distributions.RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Tensor:
    with graphs.name_scope(name, "kl_bernoulli_bernoulli", [a.logits, b.logits]):
        softplus = nn_activations.softplus
        zero = softplus(-b.logits) - softplus(-a.logits)
        one = softplus(b.logits) - softplus(a.logits)
        return math.sigmoid(a.logits) * zero + math.sigmoid(-a.logits) * one


class Categorical(distributions.Distribution):
    """One of several classes, given their logits or probabilities in the last dimension."""

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = dtypes.int32, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "Categorical") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[logits, probs]) as scope:
            self._logits, self._probs = _parameters(logits, probs, True, scope)
            known = self._logits.shape.with_rank_at_least(1)
            if known.ndims is not None:
                self._batch_rank: Any = conversion.convert_to_tensor(
                    known.ndims - 1, dtype=dtypes.int32, name="batch_rank"
                )
            else:
                with graphs.name_scope("batch_rank"):
                    self._batch_rank = array.rank(self._logits) - 1
            shape = array.shape(self._logits, name="logits_shape")
            if known[-1].value is not None:
                self._event_size: Any = conversion.convert_to_tensor(
                    known[-1].value, dtype=dtypes.int32, name="event_size"
                )
            else:
                with graphs.name_scope("event_size"):
                    self._event_size = shape[self._batch_rank]
            if known[:-1].is_fully_defined():
                self._batch: Any = constant_op.constant(known[:-1].as_list(), dtype=dtypes.int32, name="batch_shape")
            else:
                with graphs.name_scope("batch_shape"):
                    self._batch = shape[:-1]
        super().__init__(
            dtype, distributions.NOT_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope
        )

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)
    event_size = property(lambda self: self._event_size)

    def _batch_shape_tensor(self) -> Tensor:
        return array.identity(self._batch)

    def _batch_shape(self) -> Any:
        return self._logits.shape[:-1]

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        flat = self._logits if self._logits.shape.ndims == 2 else array.reshape(self._logits, [-1, self._event_size])
        kind = dtypes.int64 if self.dtype.size > 4 else dtypes.int32
        draws = random.multinomial(flat, n, seed=seed, output_dtype=kind)
        draws = array.reshape(array.transpose(draws), array.concat([[n], self.batch_shape_tensor()], 0))
        return math.cast(draws, self.dtype)

    def _log_prob(self, k: Tensor) -> Tensor:
        k, logits = conversion.convert_to_tensor(k, name="k"), self._logits
        if k.dtype.is_floating:
            k = math.cast(k, dtypes.int32)
        if not (logits.shape[:-1].is_fully_defined() and k.shape.is_fully_defined() and logits.shape[:-1] == k.shape):
            k = k * constant_op.ones_like(logits[..., 0], dtype=k.dtype)
            logits = logits * array.expand_dims(constant_op.ones_like(k, dtype=logits.dtype), -1)
        return -nn_losses.sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _entropy(self) -> Tensor:
        return -reductions.reduce_sum(nn_activations.log_softmax(self._logits) * self._probs, axis=-1)

    def _mode(self) -> Tensor:
        found = math.cast(reductions.argmax(self._logits, axis=-1), self.dtype)
        found.set_shape(self.batch_shape)
        return found


@distributions.RegisterKL(Categorical, Categorical)
def _kl_categorical(a: Categorical, b: Categorical, name: str | None = None) -> Tensor:
    with graphs.name_scope(name, "kl_categorical_categorical", [a.logits, b.logits]):
        difference = nn_activations.log_softmax(a.logits) - nn_activations.log_softmax(b.logits)
        return reductions.reduce_sum(nn_activations.softmax(a.logits) * difference, axis=-1)

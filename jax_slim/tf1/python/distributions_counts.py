"""`tf.contrib.distributions` of counts and shares: Poisson, Geometric, Binomial, NegativeBinomial, Multinomial, Dirichlet, one-hot classes."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import (
    array,
    constant_op,
    distributions,
    functional,
    linalg,
    math,
    nn_activations,
    random,
    reductions,
)
from jax_slim.tf1.python.distributions_discrete import _parameters
from jax_slim.tf1.python.gathering import one_hot, where_v2


class _OfShape(distributions.Distribution):
    """A distribution of scalars whose batch shape is that of some tensors, broadcast."""

    _shaped: tuple[Tensor, ...]

    def _finish(self, scope: str, parameters: dict[str, Any], *shaped: Tensor) -> None:
        self._shaped = shaped
        super().__init__(shaped[-1].dtype, distributions.NOT_REPARAMETERIZED, parameters["validate_args"], parameters["allow_nan_stats"], parameters, name=scope)  # fmt: skip

    def _batch_shape(self) -> Any:
        shape = self._shaped[0].shape
        for other in self._shaped[1:]:
            shape = array.broadcast_static_shape(shape, other.shape)
        return shape

    def _batch_shape_tensor(self) -> Tensor:
        shape = array.shape(self._shaped[0])
        for other in self._shaped[1:]:
            shape = array.broadcast_dynamic_shape(shape, array.shape(other))
        return shape


class Poisson(_OfShape):
    """How many events there are where `rate` are expected; `log_rate` instead of it is allowed.

    `interpolate_nondiscrete`: whether probabilities between whole numbers are those of the same formula, else 0.
    """

    def __init__(self, rate: Any = None, log_rate: Any = None, interpolate_nondiscrete: bool = True, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "Poisson") -> None:  # fmt: skip
        parameters = dict(locals())
        if (rate is None) == (log_rate is None):
            raise ValueError("Must specify exactly one of `rate` and `log_rate`.")
        with graphs.name_scope(name, values=[rate, log_rate]) as scope:
            if log_rate is None:
                self._rate = conversion.convert_to_tensor(rate, name="rate")
                self._log_rate = math.log(self._rate, name="log_rate")
            else:
                self._log_rate = conversion.convert_to_tensor(log_rate, name="log_rate")
                self._rate = math.exp(self._log_rate, name="rate")
            if not self._rate.dtype.is_floating:
                raise TypeError(f"rate must be of floating type, got {self._rate.dtype.name}.")
        self._interpolate = interpolate_nondiscrete
        self._finish(scope, parameters, self._rate)

    rate = property(lambda self: self._rate)
    log_rate = property(lambda self: self._log_rate)
    interpolate_nondiscrete = property(lambda self: self._interpolate)

    def _log_prob(self, x: Tensor) -> Tensor:
        found = x * self._log_rate - math.lgamma(1.0 + x) - self._rate
        if self._interpolate:
            return found
        good = math.logical_and(x >= 0.0, math.equal(math.floor(x), x))
        return where_v2(good, found, constant_op.constant(-np.inf, self.dtype))

    def _cdf(self, x: Tensor) -> Tensor:
        x = x if self._interpolate else math.floor(x)
        found = math.igammac(1.0 + math.maximum(x, constant_op.zeros_like(x)), self._rate)
        return where_v2(x < 0.0, constant_op.zeros_like(found), found)

    def _mean(self) -> Tensor:
        return array.identity(self._rate)

    _variance = _mean

    def _mode(self) -> Tensor:
        return math.floor(self._rate)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return random.random_poisson(self._rate, [n], dtype=self.dtype, seed=seed)


class Geometric(_OfShape):
    """How many failures there are before the first success."""

    def __init__(self, logits: Any = None, probs: Any = None, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Geometric") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[logits, probs]) as scope:
            self._logits, self._probs = _parameters(logits, probs, False, scope)
        self._finish(scope, parameters, self._probs)

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        tiny = float(np.finfo(self.dtype.as_numpy_dtype).tiny)
        shape = array.concat([[n], array.shape(self._probs)], 0)
        drawn = random.random_uniform(shape, minval=tiny, maxval=1.0, seed=seed, dtype=self.dtype)
        return math.floor(math.log(drawn) / math.log1p(-self._probs))

    def _log_prob(self, x: Tensor) -> Tensor:
        return math.xlogy(math.cast(x, self.dtype), 1.0 - self._probs) + math.log(self._probs)

    def _cdf(self, x: Tensor) -> Tensor:
        found = -math.expm1((1.0 + math.floor(x)) * math.log1p(-self._probs))
        return where_v2(x < 0.0, constant_op.zeros_like(found), found)

    def _entropy(self) -> Tensor:
        failed = 1.0 - self._probs
        return -(math.xlogy(failed, failed) + math.xlogy(self._probs, self._probs)) / self._probs

    def _mean(self) -> Tensor:
        return math.exp(-self._logits)

    def _variance(self) -> Tensor:
        return self._mean() / self._probs

    def _mode(self) -> Tensor:
        return constant_op.zeros_like(self._probs)


def _log_combinations(n: Tensor, counts: Tensor) -> Tensor:
    """The logarithm of in how many orders counts [..., k] of n can come."""
    return math.lgamma(n + 1.0) - reductions.reduce_sum(math.lgamma(counts + 1.0), axis=-1)


class _OfTrials(_OfShape):
    """A distribution of how trials end: their `total_count`, and the probability of a success."""

    def _set_trials(self, parameters: dict[str, Any]) -> None:
        total_count, logits, probs = (parameters[name] for name in ("total_count", "logits", "probs"))
        with graphs.name_scope(parameters["name"], values=[total_count, logits, probs]) as scope:
            self._logits, self._probs = _parameters(logits, probs, False, scope)
            self._total = conversion.convert_to_tensor(total_count, self._probs.dtype, name="total_count")
        self._finish(scope, parameters, self._total, self._probs)

    total_count = property(lambda self: self._total)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)


class Binomial(_OfTrials):
    """How many of `total_count` trials succeed."""

    def __init__(self, total_count: Any, logits: Any = None, probs: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Binomial") -> None:  # fmt: skip
        self._set_trials(dict(locals()))

    def _log_prob(self, counts: Tensor) -> Tensor:
        n, k = self._total, counts
        return (
            math.xlogy(k, self._probs)
            + (n - k) * math.log1p(-self._probs)
            + (math.lgamma(1.0 + n) - math.lgamma(1.0 + k) - math.lgamma(1.0 + n - k))
        )

    def _mean(self) -> Tensor:
        return self._total * self._probs

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._probs)

    def _mode(self) -> Tensor:
        return math.floor((1.0 + self._total) * self._probs)


class NegativeBinomial(_OfTrials):
    """How many successes there are before `total_count` failures."""

    def __init__(self, total_count: Any, logits: Any = None, probs: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "NegativeBinomial") -> None:  # fmt: skip
        self._set_trials(dict(locals()))

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        rate = random.random_gamma(
            [n],
            self._total + constant_op.zeros_like(self._probs),
            beta=math.exp(-self._logits),
            dtype=self.dtype,
            seed=seed,
        )
        return random.random_poisson(rate, [], dtype=self.dtype, seed=distributions.new_seed(seed, "negative_binom"))

    def _log_prob(self, x: Tensor) -> Tensor:
        orders = math.lgamma(self._total + x) - math.lgamma(1.0 + x) - math.lgamma(self._total)
        return self._total * math.log_sigmoid(-self._logits) + x * math.log_sigmoid(self._logits) + orders

    def _cdf(self, x: Tensor) -> Tensor:
        x = math.floor(x)
        return math.betainc(
            self._total + constant_op.zeros_like(x), 1.0 + x, math.sigmoid(-self._logits) + constant_op.zeros_like(x)
        )

    def _mean(self) -> Tensor:
        return self._total * math.exp(self._logits)

    def _variance(self) -> Tensor:
        return self._mean() / math.sigmoid(-self._logits)


class _OfVectors(distributions.Distribution):
    """A distribution of vectors; its batch and event shapes are those of one tensor [..., k]."""

    _shaped: Tensor

    def _batch_shape(self) -> Any:
        return self._shaped.shape.with_rank_at_least(1)[:-1]

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._shaped)[:-1]

    def _event_shape(self) -> Any:
        return self._shaped.shape.with_rank_at_least(1)[-1:]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._shaped)[-1:]

    def _covariance_of(self, mean: Tensor, share: Tensor) -> Tensor:
        outer = -linalg.matmul(mean[..., None], share[..., None, :])
        return linalg.matrix_set_diag(outer, self._variance())

    def _variance(self) -> Tensor:
        raise NotImplementedError("variance is not implemented")


class OneHotCategorical(_OfVectors):
    """One of several classes as a vector with a 1 at its place."""

    def __init__(self, logits: Any = None, probs: Any = None, dtype: Any = dtypes.int32, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str = "OneHotCategorical") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[logits, probs]) as scope:
            self._logits, self._probs = _parameters(logits, probs, True, scope)
        self._shaped = self._logits
        super().__init__(
            dtype, distributions.NOT_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope
        )

    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)
    event_size = property(lambda self: self.event_shape_tensor()[0])

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        depth = array.shape(self._logits)[-1]
        flat = self._logits if self._logits.shape.ndims == 2 else array.reshape(self._logits, array.stack([-1, depth]))
        drawn = array.transpose(random.multinomial(flat, n, seed=seed))
        drawn = one_hot(array.reshape(drawn, [-1]), depth, dtype=self.dtype)
        return array.reshape(drawn, array.concat([[n], array.shape(self._logits)], 0))

    def _log_prob(self, x: Tensor) -> Tensor:
        return reductions.reduce_sum(
            math.cast(x, self._logits.dtype) * nn_activations.log_softmax(self._logits), axis=-1
        )

    def _entropy(self) -> Tensor:
        return -reductions.reduce_sum(nn_activations.log_softmax(self._logits) * self._probs, axis=-1)

    def _mode(self) -> Tensor:
        return one_hot(reductions.argmax(self._logits, axis=-1), array.shape(self._logits)[-1], dtype=self.dtype)

    def _mean(self) -> Tensor:
        return array.identity(self._probs)

    def _variance(self) -> Tensor:
        return self._probs * (1.0 - self._probs)

    def _covariance(self) -> Tensor:
        return self._covariance_of(self._probs, self._probs)


@distributions.RegisterKL(OneHotCategorical, OneHotCategorical)
def _kl_one_hot(a: OneHotCategorical, b: OneHotCategorical, name: str | None = None) -> Tensor:
    with graphs.name_scope(name, "kl_categorical_categorical", [a.logits, b.logits]):
        difference = nn_activations.log_softmax(a.logits) - nn_activations.log_softmax(b.logits)
        return reductions.reduce_sum(nn_activations.softmax(a.logits) * difference, axis=-1)


class Multinomial(_OfVectors):
    """How often each class comes in `total_count` draws."""

    def __init__(self, total_count: Any, logits: Any = None, probs: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Multinomial") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[total_count, logits, probs]) as scope:
            self._total = conversion.convert_to_tensor(total_count, name="total_count")
            self._logits, self._probs = _parameters(logits, probs, True, scope)
            self._total = math.cast(self._total, self._probs.dtype)
            self._shaped = self._total[..., None] * self._probs
        super().__init__(self._probs.dtype, distributions.NOT_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    total_count = property(lambda self: self._total)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        depth = array.shape(self._shaped)[-1]
        counts = math.cast(self._total, dtypes.int32) + constant_op.zeros_like(self._logits[..., 0], dtype=dtypes.int32)
        logits = self._logits + constant_op.zeros_like(math.cast(counts, self.dtype)[..., None])

        def draw(given: Any) -> Tensor:
            logits, count = given
            drawn = array.reshape(random.multinomial(logits[None], count, seed), array.stack([n, -1]))
            return reductions.reduce_sum(one_hot(drawn, depth, dtype=self.dtype), axis=-2)

        flat = [array.reshape(logits, array.stack([-1, depth])), n * array.reshape(counts, [-1])]
        drawn = array.transpose(functional.map_fn(draw, flat, dtype=self.dtype), perm=[1, 0, 2])
        return array.reshape(drawn, array.concat([[n], array.shape(self._shaped)], 0))

    def _log_prob(self, counts: Tensor) -> Tensor:
        logs = reductions.reduce_sum(counts * nn_activations.log_softmax(self._logits), axis=-1)
        return logs + _log_combinations(self._total, counts)

    def _mean(self) -> Tensor:
        return array.identity(self._shaped)

    def _shares(self) -> Tensor:
        return self._probs * constant_op.ones_like(self._total)[..., None]

    def _variance(self) -> Tensor:
        return self._shaped - self._shaped * self._shares()

    def _covariance(self) -> Tensor:
        return self._covariance_of(self._shaped, self._shares())


class Dirichlet(_OfVectors):
    """Shares that sum to 1, of concentration [..., k]."""

    def __init__(self, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Dirichlet") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[concentration]) as scope:
            self._shaped = conversion.convert_to_tensor(concentration, name="concentration")
            self._sum = reductions.reduce_sum(self._shaped, axis=-1)
        super().__init__(self._shaped.dtype, distributions.FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    concentration = property(lambda self: self._shaped)
    total_concentration = property(lambda self: self._sum)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        drawn = random.random_gamma(shape=[n], alpha=self._shaped, dtype=self.dtype, seed=seed)
        return drawn / reductions.reduce_sum(drawn, axis=-1, keepdims=True)

    def _log_prob(self, x: Tensor) -> Tensor:
        return reductions.reduce_sum(math.xlogy(self._shaped - 1.0, x), axis=-1) - reductions.lbeta(self._shaped)

    def _size(self) -> Tensor:
        return math.cast(array.shape(self._shaped)[-1], self.dtype)

    def _mean(self) -> Tensor:
        return self._shaped / self._sum[..., None]

    def _variance(self) -> Tensor:
        mean = self._mean()
        return mean * (1.0 - mean) / (1.0 + self._sum[..., None])

    def _covariance(self) -> Tensor:
        mean = self._mean()
        return self._covariance_of(mean / (1.0 + self._sum[..., None]), mean)

    def _mode(self) -> Tensor:
        mode = (self._shaped - 1.0) / (self._sum[..., None] - self._size())
        known = reductions.reduce_all(self._shaped > 1.0, axis=-1, keepdims=True)
        return where_v2(known, mode, constant_op.constant(np.nan, self.dtype))

    def _entropy(self) -> Tensor:
        sums = reductions.reduce_sum((self._shaped - 1.0) * math.digamma(self._shaped), axis=-1)
        return reductions.lbeta(self._shaped) + (self._sum - self._size()) * math.digamma(self._sum) - sums


@distributions.RegisterKL(Dirichlet, Dirichlet)
def _kl_dirichlet(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Tensor:
    with graphs.name_scope(name, "kl_dirichlet_dirichlet", [a.concentration, b.concentration]):
        digammas = math.digamma(a.concentration) - math.digamma(a.total_concentration[..., None])
        moved = reductions.reduce_sum((a.concentration - b.concentration) * digammas, axis=-1)
        return moved - reductions.lbeta(a.concentration) + reductions.lbeta(b.concentration)


class DirichletMultinomial(_OfVectors):
    """Counts of `total_count` draws whose shares are themselves drawn from a `Dirichlet`."""

    def __init__(self, total_count: Any, concentration: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "DirichletMultinomial") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[total_count, concentration]) as scope:
            self._shaped = conversion.convert_to_tensor(concentration, name="concentration")
            self._total = math.cast(conversion.convert_to_tensor(total_count, name="total_count"), self._shaped.dtype)
            self._sum = reductions.reduce_sum(self._shaped, axis=-1)
        super().__init__(self._shaped.dtype, distributions.NOT_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    concentration = property(lambda self: self._shaped)
    total_concentration = property(lambda self: self._sum)
    total_count = property(lambda self: self._total)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        depth = array.shape(self._shaped)[-1]
        gamma = random.random_gamma(shape=[n], alpha=self._shaped, dtype=self.dtype, seed=seed)
        logits = array.reshape(math.log(gamma), array.stack([-1, depth]))
        count = math.cast(self._total, dtypes.int32)
        drawn = random.multinomial(logits, count, seed=distributions.new_seed(seed, "dirichlet_multinomial"))
        counts = reductions.reduce_sum(one_hot(drawn, depth, dtype=self.dtype), axis=-2)
        return array.reshape(counts, array.concat([[n], array.shape(self._shaped)], 0))

    def _log_prob(self, counts: Tensor) -> Tensor:
        ordered = reductions.lbeta(self._shaped + counts) - reductions.lbeta(self._shaped)
        return ordered + _log_combinations(self._total, counts)

    def _share(self) -> Tensor:
        return self._shaped / self._sum[..., None]

    def _mean(self) -> Tensor:
        return self._total[..., None] * self._share()

    def _widened(self) -> Tensor:
        """How much more counts vary than those of a `Multinomial` do."""
        return ((self._sum + self._total) / (1.0 + self._sum))[..., None]

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._share()) * self._widened()

    def _covariance(self) -> Tensor:
        return self._covariance_of(self._mean() * self._widened(), self._share())

"""`tf.contrib.distributions`: StudentT, Cauchy, HalfNormal, Gumbel, Logistic, InverseGamma, Chi2, and parameters by softplus."""

import math as numbers
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, distributions, math, nn_activations, random
from jax_slim.tf1.python.distributions_continuous import Exponential, Gamma, Laplace, Normal, _OfTwo
from jax_slim.tf1.python.gathering import where_v2


class StudentT(distributions.Distribution):
    """Student's t of `df` degrees of freedom, moved by `loc` and stretched by `scale`."""

    def __init__(self, df: Any, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "StudentT") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[df, loc, scale]) as scope:
            self._df, self._loc, self._scale = (
                array.identity(v, name=n) for v, n in ((df, "df"), (loc, "loc"), (scale, "scale"))
            )
        super().__init__(self._scale.dtype, distributions.FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    df = property(lambda self: self._df)
    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _batch_shape(self) -> Any:
        inner = array.broadcast_static_shape(self._loc.shape, self._scale.shape)
        return array.broadcast_static_shape(self._df.shape, inner)

    def _batch_shape_tensor(self) -> Tensor:
        inner = array.broadcast_dynamic_shape(array.shape(self._loc), array.shape(self._scale))
        return array.broadcast_dynamic_shape(array.shape(self._df), inner)

    def _ones(self) -> Tensor:
        return constant_op.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        shape = array.concat([[n], self.batch_shape_tensor()], 0)
        drawn = random.random_normal(shape, dtype=self.dtype, seed=seed)
        df = self._df * self._ones()
        seed = distributions.new_seed(seed, "student_t")
        gamma = random.random_gamma([n], 0.5 * df, beta=0.5, dtype=self.dtype, seed=seed)
        return drawn * math.rsqrt(gamma / df) * self._scale + self._loc

    def _log_prob(self, x: Tensor) -> Tensor:
        y, df = (x - self._loc) / self._scale, self._df
        constant = math.log(math.abs(self._scale)) + 0.5 * math.log(df) + 0.5 * numbers.log(numbers.pi)
        constant += math.lgamma(0.5 * df) - math.lgamma(0.5 * (df + 1.0))
        return -0.5 * (df + 1.0) * math.log1p(math.square(y) / df) - constant

    def _cdf(self, x: Tensor) -> Tensor:
        y = (x - self._loc) / math.abs(self._scale)
        tail = 0.5 * math.betainc(
            0.5 * self._df * constant_op.ones_like(y),
            0.5 * constant_op.ones_like(y),
            self._df / (math.square(y) + self._df),
        )
        return where_v2(y < 0.0, tail, 1.0 - tail)

    def _entropy(self) -> Tensor:
        half, df = 0.5 * (self._df + 1.0), self._df * self._ones()
        beta = math.lgamma(0.5 * df) + numbers.lgamma(0.5) - math.lgamma(0.5 * (df + 1.0))
        digammas = math.digamma(half) - math.digamma(0.5 * df)
        return math.log(math.abs(self._scale)) + 0.5 * math.log(df) + beta + half * digammas

    def _mean(self) -> Tensor:
        return where_v2(self._df > 1.0, self._loc * self._ones(), self._of(np.nan))

    def _of(self, value: float) -> Tensor:
        return self._ones() * constant_op.constant(value, self.dtype)

    def _variance(self) -> Tensor:
        under = where_v2(self._df > 2.0, self._df - 2.0, constant_op.ones_like(self._df))
        found = self._ones() * math.square(self._scale) * self._df / under
        found = where_v2(self._df > 2.0, found, self._of(np.inf))
        return where_v2(self._df > 1.0, found, self._of(np.nan))

    def _mode(self) -> Tensor:
        return self._loc * self._ones()


class _LocScale(_OfTwo):
    """`loc` and `scale`, and a value seen from them."""

    _NAME = ""

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str | None = None) -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name or type(self).__name__, values=[loc, scale]) as scope:
            self._set(scope, loc, scale, ("loc", "scale"), parameters)

    loc = property(lambda self: self._first)
    scale = property(lambda self: self._second)

    def _z(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.scale

    def _uniform(self, n: Any, seed: Any) -> Tensor:
        tiny = float(np.finfo(self.dtype.as_numpy_dtype).tiny)
        return random.random_uniform(self._shape_of(n), minval=tiny, maxval=1.0, dtype=self.dtype, seed=seed)

    def _spread(self, x: Any) -> Tensor:
        return x + constant_op.zeros_like(self.loc) + constant_op.zeros_like(self.scale)


class Cauchy(_LocScale):
    """1 / (pi scale (1 + z^2)); it has no mean."""

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        drawn = random.random_uniform(self._shape_of(n), minval=0.0, maxval=1.0, dtype=self.dtype, seed=seed)
        return self._quantile(drawn)

    def _log_prob(self, x: Tensor) -> Tensor:
        return -math.log1p(math.square(self._z(x))) - (numbers.log(numbers.pi) + math.log(self.scale))

    def _cdf(self, x: Tensor) -> Tensor:
        return math.atan(self._z(x)) / numbers.pi + 0.5

    def _quantile(self, p: Tensor) -> Tensor:
        return self.loc + self.scale * math.tan(numbers.pi * (p - 0.5))

    def _entropy(self) -> Tensor:
        return self._spread(numbers.log(4 * numbers.pi) + math.log(self.scale))

    def _mode(self) -> Tensor:
        return self._spread(self.loc)

    def _mean(self) -> Tensor:
        return self._spread(constant_op.constant(np.nan, self.dtype))

    _stddev = _mean


class Gumbel(_LocScale):
    """exp(-(z + exp(-z))) / scale."""

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return self.loc - self.scale * math.log(-math.log(self._uniform(n, seed)))

    def _log_prob(self, x: Tensor) -> Tensor:
        z = self._z(x)
        return -(z + math.exp(-z)) - math.log(self.scale)

    def _log_cdf(self, x: Tensor) -> Tensor:
        return -math.exp(-self._z(x))

    def _entropy(self) -> Tensor:
        return self._spread(1.0 + math.log(self.scale) + float(np.euler_gamma))

    def _mean(self) -> Tensor:
        return self.loc + self.scale * float(np.euler_gamma)

    def _stddev(self) -> Tensor:
        return self._spread(self.scale * (numbers.pi / numbers.sqrt(6)))

    def _mode(self) -> Tensor:
        return self._spread(self.loc)


class Logistic(_LocScale):
    """exp(-z) / (scale (1 + exp(-z))^2)."""

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        uniform = self._uniform(n, seed)
        return self.loc + self.scale * (math.log(uniform) - math.log1p(-uniform))

    def _log_prob(self, x: Tensor) -> Tensor:
        z = self._z(x)
        return -z - 2.0 * nn_activations.softplus(-z) - math.log(self.scale)

    def _cdf(self, x: Tensor) -> Tensor:
        return math.sigmoid(self._z(x))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return -nn_activations.softplus(-self._z(x))

    def _survival_function(self, x: Tensor) -> Tensor:
        return math.sigmoid(-self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return -nn_activations.softplus(self._z(x))

    def _entropy(self) -> Tensor:
        return self._spread(2.0 + math.log(self.scale))

    def _mean(self) -> Tensor:
        return self._spread(self.loc)

    _mode = _mean

    def _stddev(self) -> Tensor:
        return self._spread(self.scale * (numbers.pi / numbers.sqrt(3)))


class HalfNormal(distributions.Distribution):
    """The size of a normal number of standard deviation `scale`."""

    def __init__(self, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "HalfNormal") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[scale]) as scope:
            self._scale = array.identity(scale, name="scale")
        super().__init__(self._scale.dtype, distributions.FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    scale = property(lambda self: self._scale)

    def _batch_shape(self) -> Any:
        return self._scale.shape

    def _batch_shape_tensor(self) -> Tensor:
        return array.shape(self._scale)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        shape = array.concat([[n], array.shape(self._scale)], 0)
        return math.abs(random.random_normal(shape, 0.0, 1.0, dtype=self.dtype, seed=seed) * self._scale)

    def _prob(self, x: Tensor) -> Tensor:
        found = numbers.sqrt(2 / numbers.pi) / self._scale * math.exp(-0.5 * math.square(x / self._scale))
        return found * math.cast(x >= 0, self.dtype)

    def _cdf(self, x: Tensor) -> Tensor:
        return math.erf(math.maximum(x, constant_op.zeros_like(x)) / self._scale / numbers.sqrt(2.0))

    def _entropy(self) -> Tensor:
        return 0.5 * math.log(numbers.pi * math.square(self._scale) / 2.0) + 0.5

    def _mean(self) -> Tensor:
        return self._scale * numbers.sqrt(2 / numbers.pi)

    def _mode(self) -> Tensor:
        return constant_op.zeros_like(self._scale)

    def _variance(self) -> Tensor:
        return math.square(self._scale) * (1.0 - 2.0 / numbers.pi)


class InverseGamma(_OfTwo):
    """What 1 / x of a gamma distribution of `rate` is distributed like."""

    def __init__(self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "InverseGamma") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[concentration, rate]) as scope:
            self._set(scope, concentration, rate, ("concentration", "rate"), parameters)

    concentration = property(lambda self: self._first)
    rate = property(lambda self: self._second)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return 1.0 / random.random_gamma([n], self.concentration, beta=self.rate, dtype=self.dtype, seed=seed)

    def _log_prob(self, x: Tensor) -> Tensor:
        c = self.concentration
        return -(1.0 + c) * math.log(x) - self.rate / x - (math.lgamma(c) - c * math.log(self.rate))

    def _cdf(self, x: Tensor) -> Tensor:
        return math.igammac(self.concentration, self.rate / x)

    def _entropy(self) -> Tensor:
        c = self.concentration
        return c + math.log(self.rate) + math.lgamma(c) - (1.0 + c) * math.digamma(c)

    def _where(self, above: float, value: Tensor) -> Tensor:
        return where_v2(self.concentration > above, value, constant_op.constant(np.nan, self.dtype))

    def _mean(self) -> Tensor:
        return self._where(1.0, self.rate / (self.concentration - 1.0))

    def _variance(self) -> Tensor:
        c = self.concentration
        return self._where(2.0, math.square(self.rate) / (math.square(c - 1.0) * (c - 2.0)))

    def _mode(self) -> Tensor:
        return self.rate / (1.0 + self.concentration)


class Chi2(Gamma):
    """The sum of the squares of `df` normal numbers."""

    def __init__(self, df: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Chi2") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[df]) as scope:
            self._df = conversion.convert_to_tensor(df, name="df")
            half = constant_op.constant(0.5, dtype=self._df.dtype)
            self._set(scope, 0.5 * self._df, half, ("concentration", "rate"), parameters)

    df = property(lambda self: self._df)


class Chi2WithAbsDf(Chi2):
    """`Chi2` of `floor(|df|)` degrees of freedom."""

    def __init__(self, df: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Chi2WithAbsDf") -> None:  # fmt: skip
        with graphs.name_scope(name, values=[df]) as scope:
            super().__init__(math.floor(math.abs(df, name="abs_df"), name="floor_abs_df"), validate_args, allow_nan_stats, scope)  # fmt: skip


class NormalWithSoftplusScale(Normal):
    """`Normal` of standard deviation `softplus(scale)`."""

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "NormalWithSoftplusScale") -> None:  # fmt: skip
        with graphs.name_scope(name, values=[scale]) as scope:
            super().__init__(loc, nn_activations.softplus(scale, name="softplus_scale"), validate_args, allow_nan_stats, scope)  # fmt: skip


class LaplaceWithSoftplusScale(Laplace):
    """`Laplace` of scale `softplus(scale)`."""

    def __init__(self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "LaplaceWithSoftplusScale") -> None:  # fmt: skip
        with graphs.name_scope(name, values=[scale]) as scope:
            super().__init__(loc, nn_activations.softplus(scale, name="softplus_scale"), validate_args, allow_nan_stats, scope)  # fmt: skip


class ExponentialWithSoftplusRate(Exponential):
    """`Exponential` of rate `softplus(rate)`."""

    def __init__(self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "ExponentialWithSoftplusRate") -> None:  # fmt: skip
        with graphs.name_scope(name, values=[rate]) as scope:
            super().__init__(nn_activations.softplus(rate, name="softplus_rate"), validate_args, allow_nan_stats, scope)


class GammaWithSoftplusConcentrationRate(Gamma):
    """`Gamma` of `softplus(concentration)` and `softplus(rate)`."""

    def __init__(self, concentration: Any, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "GammaWithSoftplusConcentrationRate") -> None:  # fmt: skip
        with graphs.name_scope(name, values=[concentration, rate]) as scope:
            super().__init__(
                nn_activations.softplus(concentration, name="softplus_concentration"), nn_activations.softplus(rate, name="softplus_rate"),
                validate_args, allow_nan_stats, scope,
            )  # fmt: skip


def softplus_inverse(x: Any, name: str | None = None) -> Tensor:
    """The number whose softplus is x: log(exp(x) - 1)."""
    with graphs.name_scope(name, "softplus_inverse", [x]):
        x = conversion.convert_to_tensor(x, name="x")
        threshold = numbers.log(np.finfo(x.dtype.as_numpy_dtype).eps) + 2.0
        small, large = x < numbers.exp(threshold), x > -threshold
        inner = where_v2(math.logical_or(small, large), constant_op.ones_like(x), x)
        found = inner + math.log(-math.expm1(-inner))
        return where_v2(small, math.log(where_v2(small, x, constant_op.ones_like(x))), where_v2(large, x, found))

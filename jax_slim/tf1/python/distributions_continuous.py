"""`tf.distributions` of real numbers: Normal, Uniform, Exponential, Gamma, Beta, Laplace."""

import math as numbers
from typing import Any

from jax_slim.tf1.graph import building, constants, conversion, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, distributions, math, random, special_math


class _OfTwo(distributions.Distribution):
    """A distribution of scalars with two parameters that broadcast against each other."""

    _first: Tensor
    _second: Tensor

    def _set(self, scope: str, first: Any, second: Any, names: tuple[str, str], parameters: dict[str, Any]) -> None:
        self._first, self._second = array.identity(first, name=names[0]), array.identity(second, name=names[1])
        if self._first.dtype.base_dtype != self._second.dtype.base_dtype:
            raise TypeError(
                f"Tensors must have the same type: {names[0]} is {self._first.dtype.name}, {names[1]} {self._second.dtype.name}."
            )
        super().__init__(self._first.dtype, distributions.FULLY_REPARAMETERIZED, parameters.get("validate_args", False),
                         parameters.get("allow_nan_stats", True), parameters, name=scope)  # fmt: skip

    def _batch_shape_tensor(self) -> Tensor:
        return array.broadcast_dynamic_shape(array.shape(self._first), array.shape(self._second))

    def _batch_shape(self) -> Any:
        return array.broadcast_static_shape(self._first.shape, self._second.shape)

    def _shape_of(self, n: Any) -> Tensor:
        return array.concat([[n], self.batch_shape_tensor()], 0)


class Normal(_OfTwo):
    """The normal distribution with mean `loc` and standard deviation `scale`."""

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Normal"
    ) -> None:
        parameters = dict(locals())
        with graphs.name_scope(name, values=[loc, scale]) as scope:
            self._set(scope, loc, scale, ("loc", "scale"), parameters)

    loc = property(lambda self: self._first)
    scale = property(lambda self: self._second)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        drawn = random.random_normal(shape=self._shape_of(n), mean=0.0, stddev=1.0, dtype=self.loc.dtype, seed=seed)
        return drawn * self.scale + self.loc

    def _z(self, x: Tensor) -> Tensor:
        with graphs.name_scope("standardize", values=[x]):
            return (x - self.loc) / self.scale

    def _log_prob(self, x: Tensor) -> Tensor:
        return -0.5 * math.square(self._z(x)) - (0.5 * numbers.log(2.0 * numbers.pi) + math.log(self.scale))

    def _cdf(self, x: Tensor) -> Tensor:
        return special_math.ndtr(self._z(x))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return special_math.log_ndtr(self._z(x))

    def _survival_function(self, x: Tensor) -> Tensor:
        return special_math.ndtr(-self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return special_math.log_ndtr(-self._z(x))

    def _quantile(self, p: Tensor) -> Tensor:
        return building.make("Ndtri", p) * self.scale + self.loc

    def _entropy(self) -> Tensor:
        scale = self.scale * constant_op.ones_like(self.loc)
        return 0.5 * numbers.log(2.0 * numbers.pi * numbers.e) + math.log(scale)

    def _mean(self) -> Tensor:
        return self.loc * constant_op.ones_like(self.scale)

    def _stddev(self) -> Tensor:
        return self.scale * constant_op.ones_like(self.loc)

    _mode = _mean


@distributions.RegisterKL(Normal, Normal)
def _kl_normal(a: Normal, b: Normal, name: str | None = None) -> Tensor:
    with graphs.name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        one, two, half = (constant_op.constant(v, dtype=a.loc.dtype) for v in (1, 2, 0.5))
        first, second = math.square(a.scale), math.square(b.scale)
        ratio = first / second
        return math.square(a.loc - b.loc) / (two * second) + half * (ratio - one - math.log(ratio))


class Uniform(_OfTwo):
    """All numbers from `low` up to, without, `high` alike."""

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        parameters = dict(locals())
        with graphs.name_scope(name, values=[low, high]) as scope:
            self._set(scope, low, high, ("low", "high"), parameters)

    low = property(lambda self: self._first)
    high = property(lambda self: self._second)

    def range(self, name: str = "range") -> Tensor:
        """high - low."""
        with self._scope(name):
            return self.high - self.low

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        drawn = random.random_uniform(shape=self._shape_of(n), dtype=self.dtype, seed=seed)
        return self.low + self.range() * drawn

    def _prob(self, x: Tensor) -> Tensor:
        spread = x * constant_op.ones_like(self.low) * constant_op.ones_like(self.high)
        inside = math.logical_and(spread >= self.low, spread < self.high)
        density = constant_op.ones_like(spread) / self.range()
        return building.make(
            "Select",
            math.is_nan(spread),
            spread,
            building.make("Select", inside, density, constant_op.zeros_like(spread)),
        )

    def _cdf(self, x: Tensor) -> Tensor:
        part = (x - self.low) / self.range()
        return math.minimum(math.maximum(part, constant_op.zeros_like(part)), constant_op.ones_like(part))

    def _entropy(self) -> Tensor:
        return math.log(self.range())

    def _mean(self) -> Tensor:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Tensor:
        return math.square(self.range()) / 12.0

    def _stddev(self) -> Tensor:
        return self.range() / numbers.sqrt(12.0)


class Laplace(_OfTwo):
    """exp(-|x - loc| / scale) / (2 scale)."""

    def __init__(
        self, loc: Any, scale: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Laplace"
    ) -> None:
        parameters = dict(locals())
        with graphs.name_scope(name, values=[loc, scale]) as scope:
            self._set(scope, loc, scale, ("loc", "scale"), parameters)

    loc = property(lambda self: self._first)
    scale = property(lambda self: self._second)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        drawn = random.random_uniform(
            shape=self._shape_of(n), minval=-1.0 + 1e-7, maxval=1.0, dtype=self.dtype, seed=seed
        )
        return self.loc - self.scale * math.sign(drawn) * math.log1p(-math.abs(drawn))

    def _log_prob(self, x: Tensor) -> Tensor:
        return -math.abs((x - self.loc) / self.scale) - (numbers.log(2.0) + math.log(self.scale))

    def _cdf(self, x: Tensor) -> Tensor:
        z = (x - self.loc) / self.scale
        return 0.5 + 0.5 * math.sign(z) * (1.0 - math.exp(-math.abs(z)))

    def _entropy(self) -> Tensor:
        return numbers.log(2.0) + 1 + math.log(self.scale + constant_op.zeros_like(self.loc))

    def _mean(self) -> Tensor:
        return self.loc + constant_op.zeros_like(self.scale)

    def _stddev(self) -> Tensor:
        return numbers.sqrt(2.0) * self.scale + constant_op.zeros_like(self.loc)

    _mode = _mean


class Gamma(_OfTwo):
    """The gamma distribution of form `concentration` and inverse scale `rate`."""

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:
        parameters = dict(locals())
        with graphs.name_scope(name, values=[concentration, rate]) as scope:
            self._set(scope, concentration, rate, ("concentration", "rate"), parameters)

    concentration = property(lambda self: self._first)
    rate = property(lambda self: self._second)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return random.random_gamma(shape=[n], alpha=self.concentration, beta=self.rate, dtype=self.dtype, seed=seed)

    def _log_prob(self, x: Tensor) -> Tensor:
        normalization = math.lgamma(self.concentration) - self.concentration * math.log(self.rate)
        return math.xlogy(self.concentration - 1.0, x) - self.rate * x - normalization

    def _cdf(self, x: Tensor) -> Tensor:
        return math.igamma(self.concentration, self.rate * x)

    def _entropy(self) -> Tensor:
        c = self.concentration
        return c - math.log(self.rate) + math.lgamma(c) + (1.0 - c) * math.digamma(c)

    def _mean(self) -> Tensor:
        return self.concentration / self.rate

    def _variance(self) -> Tensor:
        return self.concentration / math.square(self.rate)


class Exponential(Gamma):
    """rate exp(-rate x)."""

    def __init__(
        self, rate: Any, validate_args: bool = False, allow_nan_stats: bool = True, name: str = "Exponential"
    ) -> None:
        parameters = {"rate": rate, "validate_args": validate_args, "allow_nan_stats": allow_nan_stats, "name": name}
        with graphs.name_scope(name, values=[rate]) as scope:
            rate = conversion.convert_to_tensor(rate, name="rate")
            self._set(scope, constant_op.ones([], dtype=rate.dtype), rate, ("concentration", "rate"), parameters)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        tiny = constants.to_array(1e-37, self.dtype)
        drawn = random.random_uniform(self._shape_of(n), minval=tiny, maxval=1.0, seed=seed, dtype=self.dtype)
        return -math.log(drawn) / self.rate


class Beta(_OfTwo):
    """x^(concentration1 - 1) (1 - x)^(concentration0 - 1), normalized."""

    def __init__(self, concentration1: Any = None, concentration0: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "Beta") -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name, values=[concentration1, concentration0]) as scope:
            self._set(scope, concentration1, concentration0, ("concentration1", "concentration0"), parameters)

    concentration1 = property(lambda self: self._first)
    concentration0 = property(lambda self: self._second)
    total_concentration = property(lambda self: self._first + self._second)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        whole = constant_op.ones_like(self.total_concentration, dtype=self.dtype)
        first = random.random_gamma(shape=[n], alpha=whole * self.concentration1, dtype=self.dtype, seed=seed)
        second = random.random_gamma(
            shape=[n], alpha=whole * self.concentration0, dtype=self.dtype, seed=distributions.new_seed(seed, "beta")
        )
        return first / (first + second)

    def _log_prob(self, x: Tensor) -> Tensor:
        a, b = self.concentration1, self.concentration0
        normalization = math.lgamma(a) + math.lgamma(b) - math.lgamma(self.total_concentration)
        return math.xlogy(a - 1.0, x) + (b - 1.0) * math.log1p(-x) - normalization

    def _cdf(self, x: Tensor) -> Tensor:
        return math.betainc(self.concentration1, self.concentration0, x)

    def _mean(self) -> Tensor:
        return self.concentration1 / self.total_concentration

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._mean()) / (1.0 + self.total_concentration)

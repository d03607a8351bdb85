"""`tf.distributions`: what all distributions do, and the divergence of two of them."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, graphs, known_values, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, math, reductions


class ReparameterizationType:
    """Whether gradients pass through samples to the parameters."""

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<Reparameterization Type: {self._rep_type}>"


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """A distribution, or a batch of them. Subclasses define `_sample_n`, `_log_prob` and so on.

    Args:
      dtype: of samples.
      reparameterization_type: whether samples are differentiable.
      parameters: what it was made with.
      name: the scope, with a '/' at its end, under which its operations are made.
    """

    def __init__(self, dtype: Any, reparameterization_type: ReparameterizationType = NOT_REPARAMETERIZED, validate_args: bool = False,
                 allow_nan_stats: bool = True, parameters: Any = None, graph_parents: Any = None, name: str | None = None) -> None:  # fmt: skip
        if not name or not name.endswith("/"):
            with graphs.name_scope(name or type(self).__name__) as name:
                pass
        self._dtype, self._name = dtypes.as_dtype(dtype), name
        self._reparameterization_type, self._validate_args, self._allow_nan_stats = (
            reparameterization_type,
            validate_args,
            allow_nan_stats,
        )
        self._parameters = dict(parameters or {})

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    parameters = property(
        lambda self: {k: v for k, v in self._parameters.items() if not k.startswith("__") and k != "self"}
    )
    reparameterization_type = property(lambda self: self._reparameterization_type)
    allow_nan_stats = property(lambda self: self._allow_nan_stats)
    validate_args = property(lambda self: self._validate_args)
    batch_shape = property(lambda self: shapes.as_shape(self._batch_shape()))
    event_shape = property(lambda self: shapes.as_shape(self._event_shape()))

    def copy(self, **override_parameters_kwargs: Any) -> Any:
        """Another one of its kind with some parameters changed."""
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    @contextlib.contextmanager
    def _scope(self, name: str, values: Any = None) -> Iterator[None]:
        with graphs.name_scope(self._name), graphs.name_scope(name, values=values or []):
            yield

    def _batch_shape(self) -> Any:
        return None

    def _event_shape(self) -> Any:
        return []

    def _batch_shape_tensor(self) -> Tensor:
        raise NotImplementedError("batch_shape_tensor is not implemented")

    def _event_shape_tensor(self) -> Tensor:
        raise NotImplementedError("event_shape_tensor is not implemented")

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        raise NotImplementedError("sample_n is not implemented")

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """How many distributions there are, as a vector of sizes."""
        with self._scope(name):
            if self.batch_shape.is_fully_defined():
                return conversion.convert_to_tensor(
                    np.array(self.batch_shape.as_list(), np.int32), dtype=dtypes.int32, name="batch_shape"
                )
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """The shape of one sample, as a vector of sizes."""
        with self._scope(name):
            if self.event_shape.is_fully_defined():
                return conversion.convert_to_tensor(
                    np.array(self.event_shape.as_list(), np.int32), dtype=dtypes.int32, name="event_shape"
                )
            return self._event_shape_tensor()

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether a sample is a scalar."""
        with self._scope(name):
            return conversion.convert_to_tensor(self.event_shape.ndims == 0, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether it is a single distribution."""
        with self._scope(name):
            return conversion.convert_to_tensor(self.batch_shape.ndims == 0, name="is_scalar_batch")

    def sample(self, sample_shape: Any = (), seed: int | None = None, name: str = "sample") -> Tensor:
        """Samples of shape `sample_shape + batch_shape + event_shape`."""
        with self._scope(name, [sample_shape]):
            wanted = conversion.convert_to_tensor(
                sample_shape if sample_shape != () else [], dtype=dtypes.int32, name="sample_shape"
            )
            wanted, count = _as_vector(wanted)
            samples = self._sample_n(count, seed)
            whole = array.concat([wanted, array.shape(samples)[1:]], 0)
            samples = array.reshape(samples, whole)
            known = known_values.constant_value_as_shape(wanted)
            samples.set_shape(known.concatenate(self.batch_shape).concatenate(self.event_shape))
            return samples

    def _value(self, value: Any) -> Tensor:
        return conversion.convert_to_tensor(value, name="value", preferred_dtype=self.dtype)

    def _by(self, name: str, value: Any, attempts: list[tuple[str, Callable[[Tensor], Tensor]]]) -> Tensor:
        """The first method of the distribution's that there is, and what follows from its result."""
        with self._scope(name, [value]):
            value = self._value(value)
            for method, convert in attempts:
                if hasattr(self, method):
                    return convert(getattr(self, method)(value))
            raise NotImplementedError(f"{name} is not implemented: {type(self).__name__}")

    def log_prob(self, value: Any, name: str = "log_prob") -> Tensor:
        """The logarithm of the probability (density) of a value."""
        return self._by(name, value, [("_log_prob", _same), ("_prob", math.log)])

    def prob(self, value: Any, name: str = "prob") -> Tensor:
        """The probability (density) of a value."""
        return self._by(name, value, [("_prob", _same), ("_log_prob", math.exp)])

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Tensor:
        """The logarithm of the probability of no more than a value."""
        return self._by(name, value, [("_log_cdf", _same), ("_cdf", math.log)])

    def cdf(self, value: Any, name: str = "cdf") -> Tensor:
        """The probability of no more than a value."""
        return self._by(name, value, [("_cdf", _same), ("_log_cdf", math.exp)])

    def survival_function(self, value: Any, name: str = "survival_function") -> Tensor:
        """The probability of more than a value."""
        return self._by(name, value, [("_survival_function", _same), ("_cdf", lambda p: 1.0 - p)])

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Tensor:
        """The logarithm of the probability of more than a value."""
        return self._by(name, value, [("_log_survival_function", _same), ("_cdf", lambda p: math.log1p(-p))])

    def quantile(self, value: Any, name: str = "quantile") -> Tensor:
        """The value for which `cdf` is the one given."""
        return self._by(name, value, [("_quantile", _same)])

    def _statistic(self, name: str, attempts: list[tuple[str, Callable[[Tensor], Tensor]]]) -> Tensor:
        with self._scope(name):
            for method, convert in attempts:
                if hasattr(self, method):
                    return convert(getattr(self, method)())
            raise NotImplementedError(f"{name} is not implemented: {type(self).__name__}")

    def entropy(self, name: str = "entropy") -> Tensor:
        """The entropy, in nats."""
        return self._statistic(name, [("_entropy", _same)])

    def mean(self, name: str = "mean") -> Tensor:
        """The mean."""
        return self._statistic(name, [("_mean", _same)])

    def variance(self, name: str = "variance") -> Tensor:
        """The variance."""
        return self._statistic(name, [("_variance", _same), ("_stddev", math.square)])

    def stddev(self, name: str = "stddev") -> Tensor:
        """The standard deviation."""
        return self._statistic(name, [("_stddev", _same), ("_variance", math.sqrt)])

    def covariance(self, name: str = "covariance") -> Tensor:
        """The covariance of a vector's numbers, [..., n, n]."""
        return self._statistic(name, [("_covariance", _same)])

    def mode(self, name: str = "mode") -> Tensor:
        """The most likely value."""
        return self._statistic(name, [("_mode", _same)])

    def cross_entropy(self, other: "Distribution", name: str = "cross_entropy") -> Tensor:
        """The entropy plus the divergence to the other one."""
        with self._scope(name):
            return self.entropy() + kl_divergence(self, other)

    def kl_divergence(self, other: "Distribution", name: str = "kl_divergence") -> Tensor:
        """The Kullback-Leibler divergence to the other one."""
        with self._scope(name):
            return kl_divergence(self, other)

    def __repr__(self) -> str:
        return f"<tf.distributions.{type(self).__name__} '{self._name}' batch_shape={self.batch_shape} event_shape={self.event_shape} dtype={self._dtype.name}>"

    def __str__(self) -> str:
        return f'tf.distributions.{type(self).__name__}("{self._name}", batch_shape={self.batch_shape}, event_shape={self.event_shape}, dtype={self._dtype.name})'


def new_seed(seed: int | None, salt: str) -> int | None:
    """TensorFlow's seed for what is drawn second: of the first one's and a text."""
    if seed is None:
        return None
    return int(hashlib.md5((str(seed) + salt).encode(), usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF


def _same(value: Tensor) -> Tensor:
    return value


def _as_vector(sizes: Tensor) -> tuple[Tensor, Any]:
    """(sizes as a vector, their product)."""
    known = known_values.constant_value(sizes)
    count = reductions.reduce_prod(sizes) if known is None else int(np.prod(known))
    if sizes.shape.ndims == 0:
        sizes = (
            array.reshape(sizes, [1])
            if known is None
            else conversion.convert_to_tensor(known.reshape(1), name="sample_shape")
        )
    elif sizes.shape.ndims not in (None, 1):
        raise ValueError("Input is neither scalar nor vector.")
    return sizes, count


_DIVERGENCES: dict[tuple[type, type], Callable[..., Tensor]] = {}


class RegisterKL:
    """Decorates the function of two distributions that computes their divergence."""

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        if self._key in _DIVERGENCES:
            raise ValueError(
                f"KL({self._key[0].__name__} || {self._key[1].__name__}) has already been registered to: {_DIVERGENCES[self._key]}"
            )
        _DIVERGENCES[self._key] = kl_fn
        return kl_fn


def kl_divergence(
    distribution_a: Distribution, distribution_b: Distribution, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """The Kullback-Leibler divergence KL(a || b).

    Raises:
      NotImplementedError: it is not known for these two kinds.
    """
    for a in type(distribution_a).__mro__:
        for b in type(distribution_b).__mro__:
            found = _DIVERGENCES.get((a, b))
            if found is not None:
                with graphs.name_scope("KullbackLeibler"):
                    return found(distribution_a, distribution_b, name=name)
    raise NotImplementedError(
        f"No KL(distribution_a || distribution_b) registered for distribution_a type {type(distribution_a).__name__} and distribution_b type "
        f"{type(distribution_b).__name__}"
    )

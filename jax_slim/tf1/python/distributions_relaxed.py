"""Samples near one-hot vectors through which gradients pass: `RelaxedOneHotCategorical`, its logarithm, `RelaxedBernoulli`."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, distributions, math, nn_activations, random, reductions
from jax_slim.tf1.python.distributions_discrete import _parameters


class ExpRelaxedOneHotCategorical(distributions.Distribution):
    """The logarithms of `RelaxedOneHotCategorical`'s samples.

    Args:
      temperature: the lower, the nearer are samples to one-hot vectors.
      logits, probs: of the classes [..., k]; one of them.
    """

    def __init__(self, temperature: Any, logits: Any = None, probs: Any = None, dtype: Any = None, validate_args: bool = False,
                 allow_nan_stats: bool = True, name: str | None = None) -> None:  # fmt: skip
        parameters = dict(locals())
        with graphs.name_scope(name or type(self).__name__, values=[logits, probs, temperature]) as scope:
            self._logits, self._probs = _parameters(logits, probs, self._VECTORS, scope)
            self._temperature = conversion.convert_to_tensor(temperature, dtype=self._logits.dtype, name="temperature")
        super().__init__(dtype or self._logits.dtype, distributions.FULLY_REPARAMETERIZED, validate_args, allow_nan_stats, parameters, name=scope)  # fmt: skip

    _VECTORS = True
    temperature = property(lambda self: self._temperature)
    logits = property(lambda self: self._logits)
    probs = property(lambda self: self._probs)

    def _batch_shape(self) -> Any:
        return array.broadcast_static_shape(self._logits.shape[:-1], self._temperature.shape)

    def _batch_shape_tensor(self) -> Tensor:
        return array.broadcast_dynamic_shape(array.shape(self._logits)[:-1], array.shape(self._temperature))

    def _event_shape(self) -> Any:
        return self._logits.shape[-1:]

    def _event_shape_tensor(self) -> Tensor:
        return array.shape(self._logits)[-1:]

    def _uniform(self, shape: list[Any], seed: Any) -> Tensor:
        tiny = float(np.finfo(self.dtype.as_numpy_dtype).tiny)
        return random.random_uniform(array.concat(shape, 0), minval=tiny, maxval=1.0, dtype=self.dtype, seed=seed)

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        uniform = self._uniform([[n], self.batch_shape_tensor(), self.event_shape_tensor()], seed)
        noisy = (-math.log(-math.log(uniform)) + self._logits) / self._temperature[..., None]
        return nn_activations.log_softmax(noisy)

    def _log_prob(self, x: Tensor) -> Tensor:
        size = math.cast(self.event_shape_tensor()[0], self.dtype)
        t = self._temperature
        constant = math.lgamma(size) + (size - 1.0) * math.log(t)
        log_weights = nn_activations.log_softmax(self._logits - x * t[..., None])
        return reductions.reduce_sum(log_weights, axis=-1) + constant


class RelaxedOneHotCategorical(ExpRelaxedOneHotCategorical):
    """Vectors of sum 1 near one-hot vectors: the softmax of logits with Gumbel noise, over a temperature."""

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        return math.exp(super()._sample_n(n, seed))

    def _log_prob(self, x: Tensor) -> Tensor:
        logs = math.log(x)
        return super()._log_prob(logs) - reductions.reduce_sum(logs, axis=-1)


class RelaxedBernoulli(ExpRelaxedOneHotCategorical):
    """Numbers between 0 and 1, near one of them: the sigmoid of a logit with logistic noise, over a temperature."""

    _VECTORS = False

    def __init__(self, temperature: Any, logits: Any = None, probs: Any = None, validate_args: bool = False, allow_nan_stats: bool = True,
                 name: str = "RelaxedBernoulli") -> None:  # fmt: skip
        super().__init__(temperature, logits, probs, None, validate_args, allow_nan_stats, name)
        self._parameters.pop("dtype")

    def _batch_shape(self) -> Any:
        return array.broadcast_static_shape(self._logits.shape, self._temperature.shape)

    def _batch_shape_tensor(self) -> Tensor:
        return array.broadcast_dynamic_shape(array.shape(self._logits), array.shape(self._temperature))

    def _event_shape(self) -> Any:
        return []

    def _event_shape_tensor(self) -> Tensor:
        return conversion.convert_to_tensor(np.zeros([0], np.int32))

    def _sample_n(self, n: Any, seed: Any = None) -> Tensor:
        uniform = self._uniform([[n], self.batch_shape_tensor()], seed)
        return math.sigmoid((math.log(uniform) - math.log1p(-uniform) + self._logits) / self._temperature)

    def _log_prob(self, x: Tensor) -> Tensor:
        logit = math.log(x) - math.log1p(-x)
        z = logit * self._temperature - self._logits
        return -z - 2.0 * nn_activations.softplus(-z) + math.log(self._temperature) - math.log(x) - math.log1p(-x)

"""`tf.keras.constraints`: what a variable is changed to after each update, and their configurations."""

from typing import Any

from jax_slim.tf1.python import clip_ops, keras_configurations, math, reductions

_EPSILON = 1e-7


class Constraint:
    """A function of a variable that gives what it becomes: `constraint(w)`."""

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make one like it."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The constraint of a configuration."""
        return cls(**config)


def _norms(w: Any, axis: Any) -> Any:
    return math.sqrt(reductions.reduce_sum(math.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    """Norms along `axis` of at most `max_value`."""

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        return w * (clip_ops.clip_by_value(norms, 0, self.max_value) / (_EPSILON + norms))

    def get_config(self) -> dict[str, Any]:
        """{"max_value", "axis"}."""
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """0 for what is negative."""

    def __call__(self, w: Any) -> Any:
        return w * math.cast(math.greater_equal(w, 0.0), w.dtype.base_dtype)


class UnitNorm(Constraint):
    """Norms along `axis` of 1."""

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return w / (_EPSILON + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """{"axis"}."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Norms along `axis` between two values; `rate` is how much of the way there one update goes."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        norms = _norms(w, self.axis)
        wanted = self.rate * clip_ops.clip_by_value(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (_EPSILON + norms))

    def get_config(self) -> dict[str, Any]:
        """{"min_value", "max_value", "rate", "axis"}."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


_KINDS = {c.__name__: c for c in (Constraint, MaxNorm, NonNeg, UnitNorm, MinMaxNorm)}
serialize, deserialize, get = keras_configurations.of_objects(
    "constraint", {**_KINDS, "max_norm": MaxNorm, "non_neg": NonNeg, "unit_norm": UnitNorm, "min_max_norm": MinMaxNorm}
)

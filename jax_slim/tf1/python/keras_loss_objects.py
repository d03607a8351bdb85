"""`tf.keras.losses` as objects, which reduce what the functions give for each example."""

from collections.abc import Callable
from typing import Any

from jax_slim.tf1.python import keras_backend, keras_layers, keras_losses, losses

_REDUCTIONS = {
    "sum_over_batch_size": "weighted_sum_over_batch_size",
    "auto": "weighted_sum_over_batch_size",
    "sum": "weighted_sum",
    "none": "none",
}


class Loss:
    """A loss: `loss(y_true, y_pred, sample_weight)` is a number by `reduction`: "sum_over_batch_size", "sum" or "none"."""

    def __init__(self, reduction: str = "auto", name: str | None = None) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(f"Invalid Reduction Key {reduction}.")
        self.reduction, self.name = reduction, name

    def get_config(self) -> dict[str, Any]:
        """The arguments that make one like it."""
        return {"reduction": self.reduction, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The loss of a configuration."""
        return cls(**config)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A number for each example."""
        raise NotImplementedError

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        each = self.call(y_true, y_pred)
        weights = 1.0 if sample_weight is None else sample_weight
        return losses.compute_weighted_loss(each, weights, loss_collection=None, reduction=_REDUCTIONS[self.reduction])


def _made(title: str, function: Callable[..., Any], *options: str) -> type[Loss]:
    class Made(Loss):
        def __init__(self, *args: Any, reduction: str = "auto", name: str | None = None, **kwargs: Any) -> None:
            super().__init__(reduction, name or function.__name__)
            self._options = {**dict(zip(options, args, strict=False)), **kwargs}
            unknown = set(self._options) - set(options)
            if unknown:
                raise TypeError(f"{title} got an unexpected keyword argument '{sorted(unknown)[0]}'")

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), **self._options}

        def call(self, y_true: Any, y_pred: Any) -> Any:
            return function(y_true, y_pred, **self._options)

    Made.__name__ = Made.__qualname__ = title
    Made.__doc__ = function.__doc__
    return Made


BinaryCrossentropy = _made("BinaryCrossentropy", keras_backend.binary_crossentropy, "from_logits", "label_smoothing")
CategoricalCrossentropy = _made(
    "CategoricalCrossentropy", keras_layers.categorical_crossentropy, "from_logits", "label_smoothing"
)
SparseCategoricalCrossentropy = _made(
    "SparseCategoricalCrossentropy", keras_backend.sparse_categorical_crossentropy, "from_logits"
)
MeanSquaredError = _made("MeanSquaredError", keras_layers.mean_squared_error)
MeanAbsoluteError = _made("MeanAbsoluteError", keras_backend.mean_absolute_error)
MeanAbsolutePercentageError = _made("MeanAbsolutePercentageError", keras_losses.mean_absolute_percentage_error)
MeanSquaredLogarithmicError = _made("MeanSquaredLogarithmicError", keras_losses.mean_squared_logarithmic_error)
Huber = _made("Huber", keras_losses.huber_loss, "delta")
Hinge = _made("Hinge", keras_losses.hinge)
SquaredHinge = _made("SquaredHinge", keras_losses.squared_hinge)
KLDivergence = _made("KLDivergence", keras_losses.kullback_leibler_divergence)
Poisson = _made("Poisson", keras_losses.poisson)
LogCosh = _made("LogCosh", keras_losses.logcosh)

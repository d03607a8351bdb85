"""`tf.keras.regularizers`: objects that make a loss of a variable, and their configurations."""

from typing import Any

from jax_slim.tf1.python import keras_configurations, math, reductions


class Regularizer:
    """A loss of a variable: `regularizer(x)`."""

    def __call__(self, x: Any) -> Any:
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments that make one like it."""
        raise NotImplementedError(f"{type(self).__name__} does not implement get_config()")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The regularizer of a configuration."""
        return cls(**config)


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x ** 2)."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = float(l1), float(l2)

    def __call__(self, x: Any) -> Any:
        found: Any = None
        if self.l1:
            found = self.l1 * reductions.reduce_sum(math.abs(x))
        if self.l2:
            squares = self.l2 * reductions.reduce_sum(math.square(x))
            found = squares if found is None else found + squares
        return 0.0 if found is None else found

    def get_config(self) -> dict[str, Any]:
        """{"l1", "l2"}."""
        return {"l1": self.l1, "l2": self.l2}


def l1(l: float = 0.01) -> L1L2:  # noqa: E741 - Keras's name
    """l * sum(|weights|)."""
    return L1L2(l1=l)


def l2(l: float = 0.01) -> L1L2:  # noqa: E741 - Keras's name
    """l * sum(weights ** 2)."""
    return L1L2(l2=l)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Both."""
    return L1L2(l1=l1, l2=l2)


serialize, deserialize, get = keras_configurations.of_objects(
    "regularizer", {"L1L2": L1L2, "Regularizer": Regularizer, "l1": l1, "l2": l2, "l1_l2": l1_l2}
)

"""`tf.contrib.layers`' initializers: Xavier's, and by the variance that outputs are to have."""

import math
from collections.abc import Callable
from typing import Any

from jax_slim.tf1.graph import dtypes


def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = dtypes.float32
) -> Callable[..., Any]:
    """Keeps the scale of gradients about the same in all layers: variance 2 / (inputs + outputs)."""
    return variance_scaling_initializer(factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed, dtype=dtype)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(factor: float = 2.0, mode: str = "FAN_IN", uniform: bool = False, seed: int | None = None,
                                 dtype: Any = dtypes.float32) -> Callable[..., Any]:  # fmt: skip
    """Numbers of variance factor / n: n is the number of inputs (FAN_IN), of outputs (FAN_OUT), or their mean (FAN_AVG).

    Raises:
      TypeError: another mode, or a type that is no float.
    """
    if not dtypes.as_dtype(dtype).is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ["FAN_IN", "FAN_OUT", "FAN_AVG"]:
        raise TypeError("Unknown mode %s [FAN_IN, FAN_OUT, FAN_AVG]", mode)

    def _initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import random

        if not dtypes.as_dtype(dtype).is_floating:
            raise TypeError("Cannot create initializer for non-floating point type.")
        sizes = [getattr(s, "value", s) for s in shape]
        fan_in = float(sizes[-2]) if len(sizes) > 1 else float(sizes[-1]) if sizes else 1.0
        fan_out = float(sizes[-1]) if sizes else 1.0
        for size in sizes[:-2]:
            fan_in *= float(size)
            fan_out *= float(size)
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return random.random_uniform(shape, -limit, limit, dtype, seed=seed)
        # A normal distribution cut at two deviations has about this much less variance.
        return random.truncated_normal(shape, 0.0, math.sqrt(1.3 * factor / n), dtype, seed=seed)

    return _initializer

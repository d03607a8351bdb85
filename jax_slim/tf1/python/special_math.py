"""The distribution function of the normal distribution."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import constant_op, math


def ndtr(x: Any, name: str = "ndtr") -> Tensor:
    """The probability that a standard normal number is no more than x."""
    with graphs.name_scope(name, values=[x]):
        x = conversion.convert_to_tensor(x, name="x")
        if x.dtype.name not in ("float32", "float64"):
            raise TypeError(f"x.dtype={x.dtype!r} is not handled, see docstring for supported types.")
        half_root = constant_op.constant(0.5 * np.sqrt(2.0), dtype=x.dtype, name="half_sqrt_2")
        w = x * half_root
        z = math.abs(w)
        outside = building.make("Select", math.greater(w, 0.0), 2.0 - math.erfc(z), math.erfc(z))
        return 0.5 * building.make("Select", math.less(z, half_root), 1.0 + math.erf(w), outside)


def log_ndtr(x: Any, name: str = "log_ndtr") -> Tensor:
    """The logarithm of `ndtr`, also far below 0."""
    with graphs.name_scope(name, values=[x]):
        x = conversion.convert_to_tensor(x, name="x")
        lower = -10.0 if x.dtype.name == "float32" else -20.0
        far = math.minimum(x, lower)
        square = math.square(far)
        series = 1.0 - 1.0 / square + 3.0 / math.square(square) - 15.0 / (square * math.square(square))
        below = -0.5 * square - math.log(-far) - 0.5 * np.log(2.0 * np.pi) + math.log(series)
        return building.make("Select", x > lower, math.log(ndtr(math.maximum(x, lower))), below)

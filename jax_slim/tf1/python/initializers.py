"""`tf.initializers`: objects that give a variable's first value for a shape, as nodes."""

import math
from typing import Any

import numpy as np

from jax_slim.tf1.graph import conversion, dtypes, shapes
from jax_slim.tf1.python import keras_configurations


def _floating(dtype: Any) -> dtypes.DType:
    kind = dtypes.as_dtype(dtype)
    if not kind.is_floating:
        raise ValueError("Cannot create initializer for non-floating point type.")
    return kind


class Initializer:
    """What initializers have in common: `__call__(shape, dtype=None, partition_info=None)` and their configuration."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        config = dict(config)
        if cls not in (Zeros, Ones, Constant):
            config.pop("dtype", None)
        return cls(**config)


class Zeros(Initializer):
    """Zeros."""

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        self.dtype = dtypes.as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import constant_op

        return constant_op.zeros(shape, self.dtype if dtype is None else dtype)

    def get_config(self) -> dict[str, Any]:
        return {"dtype": self.dtype.name}


class Ones(Zeros):
    """Ones."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import constant_op

        return constant_op.ones(shape, self.dtype if dtype is None else dtype)


class Constant(Initializer):
    """A number, or a list or array of them in row-major order; the last stands for what is missing."""

    def __init__(self, value: Any = 0, dtype: Any = dtypes.float32, verify_shape: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, list | tuple | np.ndarray)):
            raise TypeError(
                f"Invalid type for initial value: {type(value)} (expected Python scalar, list or tuple of values, or numpy.ndarray)."
            )
        self.value, self.dtype, self._verify_shape = value, dtypes.as_dtype(dtype), verify_shape

    def __call__(
        self, shape: Any, dtype: Any = None, partition_info: Any = None, verify_shape: bool | None = None
    ) -> Any:
        verify = self._verify_shape if verify_shape is None else verify_shape
        return conversion.constant(self.value, self.dtype if dtype is None else dtype, shape, verify_shape=verify)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value, "dtype": self.dtype.name}


class RandomUniform(Initializer):
    """Uniform in [minval, maxval)."""

    def __init__(
        self, minval: float = 0, maxval: float | None = None, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        self.minval, self.maxval, self.seed, self.dtype = minval, maxval, seed, dtypes.as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import random

        return random.random_uniform(
            shape, self.minval, self.maxval, self.dtype if dtype is None else dtype, seed=self.seed
        )

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed, "dtype": self.dtype.name}


class RandomNormal(Initializer):
    """Normal."""

    def __init__(
        self, mean: float = 0.0, stddev: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import random

        return random.random_normal(
            shape, self.mean, self.stddev, self.dtype if dtype is None else dtype, seed=self.seed
        )

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed, "dtype": self.dtype.name}


class TruncatedNormal(RandomNormal):
    """Normal, drawn again where it is more than two standard deviations away from the mean."""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import random

        return random.truncated_normal(
            shape, self.mean, self.stddev, self.dtype if dtype is None else dtype, seed=self.seed
        )


class UniformUnitScaling(Initializer):
    """Uniform in +-factor * sqrt(3 / number of inputs)."""

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        self.factor, self.seed, self.dtype = factor, seed, _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import random

        whole = shape if partition_info is None else partition_info.full_shape
        size = 1.0
        for dimension in whole[:-1]:
            size *= float(shapes.dimension_value(dimension))
        limit = math.sqrt(3 / max(size, 1.0)) * self.factor
        return random.random_uniform(shape, -limit, limit, self.dtype if dtype is None else dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "seed": self.seed, "dtype": self.dtype.name}


def compute_fans(shape: Any) -> tuple[float, float]:
    """(inputs of one output, outputs of one input) of a weight's shape."""
    sizes = [shapes.dimension_value(d) for d in shape]
    if len(sizes) < 1:
        return 1, 1
    if len(sizes) == 1:
        return sizes[0], sizes[0]
    field = 1.0 if len(sizes) > 2 else 1
    for size in sizes[:-2]:
        field *= size
    return sizes[-2] * field, sizes[-1] * field


class VarianceScaling(Initializer):
    """Normal or uniform of variance scale / n, where n is the number of inputs, of outputs, or their mean."""

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        dtype: Any = dtypes.float32,
    ) -> None:
        if scale <= 0.0:
            raise ValueError("`scale` must be positive float.")
        if mode not in {"fan_in", "fan_out", "fan_avg"}:
            raise ValueError("Invalid `mode` argument:", mode)
        distribution = distribution.lower()
        if distribution not in {"normal", "uniform", "truncated_normal", "untruncated_normal"}:
            raise ValueError("Invalid `distribution` argument:", distribution)
        self.scale, self.mode, self.distribution, self.seed, self.dtype = (
            scale,
            mode,
            distribution,
            seed,
            _floating(dtype),
        )

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import random

        dtype = self.dtype if dtype is None else dtype
        inputs, outputs = compute_fans(shape if partition_info is None else partition_info.full_shape)
        scale = (
            self.scale
            / {"fan_in": max(1.0, inputs), "fan_out": max(1.0, outputs), "fan_avg": max(1.0, (inputs + outputs) / 2.0)}[
                self.mode
            ]
        )
        if self.distribution in ("normal", "truncated_normal"):
            # What a normal distribution cut at two standard deviations loses of its spread.
            return random.truncated_normal(shape, 0.0, math.sqrt(scale) / 0.87962566103423978, dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random.random_normal(shape, 0.0, math.sqrt(scale), dtype, seed=self.seed)
        limit = math.sqrt(3.0 * scale)
        return random.random_uniform(shape, -limit, limit, dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "seed": self.seed,
            "dtype": self.dtype.name,
        }


class Orthogonal(Initializer):
    """Columns (or rows) that are orthogonal and of length `gain`, from the QR decomposition of normal numbers."""

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.graph import building
        from jax_slim.tf1.python import array, random
        from jax_slim.tf1.python import math as math_ops

        if len(shape) < 2:
            raise ValueError("The tensor to initialize must be at least two-dimensional")
        sizes = [int(shapes.dimension_value(d)) for d in shape]
        rows, columns = math.prod(sizes[:-1]), sizes[-1]
        drawn = random.random_normal(
            sorted((rows, columns), reverse=True), dtype=self.dtype if dtype is None else dtype, seed=self.seed
        )
        q, r = building.make("Qr", drawn, full_matrices=False)
        q = math_ops.multiply(q, math_ops.sign(building.make("DiagPart", r)), name="mul")
        if rows < columns:
            q = array.matrix_transpose(q)
        return math_ops.multiply(
            conversion.convert_to_tensor(self.gain, q.dtype, name="mul_1/x"), array.reshape(q, sizes), name="mul_1"
        )

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


class ConvolutionDeltaOrthogonal(Initializer):
    """A convolution's weights that are zero but in the middle, which is orthogonal: it keeps lengths."""

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import array, gathering

        if len(shape) < 3 or len(shape) > 5:
            raise ValueError("The tensor to initialize must be at least three-dimensional and at most five-dimensional")
        if shape[-2] > shape[-1]:
            raise ValueError("In_filters cannot be greater than out_filters.")
        q = Orthogonal(self.gain, self.seed, self.dtype)([shape[-1], shape[-1]], dtype)[: shape[-2], :]
        where = [[(size - 1) // 2 for size in shape[:-2]]]
        return gathering.scatter_nd(where, array.expand_dims(q, 0), list(shape))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


class Identity(Initializer):
    """`gain` times the unit matrix."""

    def __init__(self, gain: float = 1.0, dtype: Any = dtypes.float32) -> None:
        self.gain, self.dtype = gain, _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        from jax_slim.tf1.python import constant_op, slicing

        full = shape if partition_info is None else partition_info.full_shape
        if len(full) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        made = constant_op.eye(*full, dtype=self.dtype if dtype is None else dtype)
        if partition_info is not None:
            made = slicing.slice(made, partition_info.var_offset, shape)
        return self.gain * made

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "dtype": self.dtype.name}


class GlorotUniform(VarianceScaling):
    """Uniform in +-sqrt(6 / (inputs + outputs))."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "dtype": self.dtype.name}


class GlorotNormal(VarianceScaling):
    """Truncated normal of variance 2 / (inputs + outputs)."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "dtype": self.dtype.name}


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal of variance 1 / inputs."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform in +-sqrt(3 / inputs)."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal of variance 2 / inputs."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform in +-sqrt(6 / inputs)."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


zeros_initializer, ones_initializer, constant_initializer = Zeros, Ones, Constant
random_uniform_initializer, random_normal_initializer = RandomUniform, RandomNormal
truncated_normal_initializer, uniform_unit_scaling_initializer = TruncatedNormal, UniformUnitScaling
variance_scaling_initializer, orthogonal_initializer = VarianceScaling, Orthogonal
glorot_uniform_initializer, glorot_normal_initializer = GlorotUniform, GlorotNormal
convolutional_delta_orthogonal = ConvolutionDeltaOrthogonal


def get(identifier: Any) -> Any:
    """An initializer of a name ('zeros', 'glorot_uniform', ...), a configuration, or the object itself; None stays None."""
    if identifier is None or (callable(identifier) and not isinstance(identifier, type)):
        return identifier
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, dict | str):
        return deserialize(identifier)
    raise ValueError(f"Could not interpret initializer identifier: {identifier}")


_BY_NAME: dict[str, Any] = {
    "zeros": Zeros, "Zeros": Zeros, "zero": Zeros, "ones": Ones, "Ones": Ones, "one": Ones, "constant": Constant, "Constant": Constant,
    "random_uniform": RandomUniform, "uniform": RandomUniform, "RandomUniform": RandomUniform,
    "random_normal": RandomNormal, "normal": RandomNormal, "RandomNormal": RandomNormal,
    "truncated_normal": TruncatedNormal, "TruncatedNormal": TruncatedNormal, "variance_scaling": VarianceScaling,
    "VarianceScaling": VarianceScaling, "orthogonal": Orthogonal, "Orthogonal": Orthogonal, "identity": Identity, "Identity": Identity,
    "glorot_uniform": GlorotUniform, "GlorotUniform": GlorotUniform, "glorot_normal": GlorotNormal, "GlorotNormal": GlorotNormal,
    "lecun_normal": lecun_normal, "lecun_uniform": lecun_uniform, "he_normal": he_normal, "he_uniform": he_uniform,
}  # fmt: skip


serialize, deserialize, _ = keras_configurations.of_objects("initializer", _BY_NAME)

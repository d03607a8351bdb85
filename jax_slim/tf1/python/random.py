"""`tf.random`: uniform, normal and other random tensors, shuffling, and seeds as TensorFlow derives them."""

from typing import Any

import numpy as np

from jax_slim.tf1.graph import building, conversion, dtypes, graphs, shapes
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import array, constant_op, math, slicing

_DEFAULT_GRAPH_SEED = 87654321
_LARGEST = 2**31 - 1


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of an operation: the graph's, and its own or else how many operations were made before it.

    (None, None) where neither the graph nor the operation has one: then each session draws other numbers.
    """
    graph = graphs.get_default_graph()
    if graph.seed is not None:
        seeds = graph.seed % _LARGEST, (graph._last_id if op_seed is None else op_seed) % _LARGEST
    elif op_seed is not None:
        seeds = _DEFAULT_GRAPH_SEED, op_seed % _LARGEST
    else:
        return None, None
    # Two zeros mean to the kernels that there is no seed.
    return (0, _LARGEST) if seeds == (0, 0) else seeds


def set_random_seed(seed: int | None) -> None:
    """The seed of the default graph, from which operations without a seed of their own derive theirs."""
    graphs.get_default_graph().seed = seed


def shape_tensor(shape: Any) -> Tensor:
    """A shape as a tensor: int32 for an empty list, of what is known for a TensorShape."""
    if isinstance(shape, shapes.TensorShape):
        shape = shape.as_list() if shape.ndims is not None else shape
    if isinstance(shape, tuple | list):
        if not shape:
            return conversion.convert_to_tensor(shape, dtype=dtypes.int32, name="shape")
        shape = [shapes.dimension_value(d) for d in shape]
        if all(isinstance(d, int | np.integer) for d in shape):
            return conversion.convert_to_tensor(
                shape, dtype=dtypes.int32 if max(shape) <= _LARGEST else dtypes.int64, name="shape"
            )
        return conversion.convert_to_tensor(shape, dtype=dtypes.int32, name="shape")
    return conversion.convert_to_tensor(shape, name="shape")


def _normal(
    type: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any, name: str | None, default: str
) -> Tensor:
    with graphs.name_scope(name, default, [shape, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        mean = conversion.convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = conversion.convert_to_tensor(stddev, dtype=dtype, name="stddev")
        first, second = get_seed(seed)
        drawn = building.make(type, sizes, dtype=dtype, seed=first, seed2=second)
        made = math.add(drawn * stddev, mean, name=scope)
        _set_known_shape(made, sizes)
        return made


def _set_known_shape(tensor: Tensor, sizes: Any) -> None:
    from jax_slim.tf1.graph import known_values

    tensor.set_shape(known_values.constant_value_as_shape(sizes))


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
                  name: str | None = None) -> Tensor:  # fmt: skip
    """Numbers of a normal distribution; new ones in each run, the same ones in the same run of another session where there is a seed."""
    return _normal("RandomStandardNormal", shape, mean, stddev, dtype, seed, name, "random_normal")


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32, seed: int | None = None,
                     name: str | None = None) -> Tensor:  # fmt: skip
    """Numbers of a normal distribution; those two standard deviations and more from the mean are drawn again."""
    return _normal("TruncatedNormal", shape, mean, stddev, dtype, seed, name, "truncated_normal")


def random_uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32, seed: int | None = None,
                   name: str | None = None) -> Tensor:  # fmt: skip
    """Numbers from `minval` up to, without, `maxval` (floats: 1 by default), all equally likely.

    Raises:
      ValueError: integers without `maxval`, or another type.
    """
    dtype = _uniform_type(dtype)
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with graphs.name_scope(name, "random_uniform", [shape, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        minval = conversion.convert_to_tensor(minval, dtype=dtype, name="min")
        maxval = conversion.convert_to_tensor(maxval, dtype=dtype, name="max")
        first, second = get_seed(seed)
        if dtype.is_integer:
            made = building.make("RandomUniformInt", sizes, minval, maxval, seed=first, seed2=second, name=scope)
        else:
            drawn = building.make("RandomUniform", sizes, dtype=dtype, seed=first, seed2=second)
            made = math.add(drawn * (maxval - minval), minval, name=scope)
        _set_known_shape(made, sizes)
        return made


def _uniform_type(dtype: Any) -> dtypes.DType:
    kind = dtypes.as_dtype(dtype)
    if kind.name not in ("float16", "bfloat16", "float32", "float64", "int32", "int64"):
        raise ValueError(f"Invalid dtype {kind!r}")
    return kind


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """The rows of a tensor in random order."""
    first, second = get_seed(seed)
    return building.make("RandomShuffle", value, seed=first, seed2=second, name=name)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A part of shape `size` from a random place; an error when it is run where the tensor is smaller."""
    from jax_slim.tf1.python import checks, control_flow, reductions

    with graphs.name_scope(name, "random_crop", [value, size]) as scope:
        value = conversion.convert_to_tensor(value, name="value")
        size = conversion.convert_to_tensor(size, dtype=dtypes.int32, name="size")
        shape = array.shape(value)
        check = checks.Assert(
            reductions.reduce_all(shape >= size), ["Need value.shape >= size, got ", shape, size], summarize=1000
        )
        shape = control_flow.with_dependencies([check], shape)
        limit = shape - size + 1
        offset = random_uniform(array.shape(shape), dtype=size.dtype, maxval=size.dtype.max, seed=seed) % limit
        return slicing.slice(value, offset, size, name=scope)


def multinomial(
    logits: Any, num_samples: Any, seed: int | None = None, name: str | None = None, output_dtype: Any = None
) -> Tensor:
    """For each row of unnormalized log probabilities [batch, classes] `num_samples` draws of a class, int64."""
    with graphs.name_scope(name, "multinomial", [logits]):
        return _categorical(logits, num_samples, output_dtype, seed)


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`multinomial` by its later name."""
    with graphs.name_scope(name, "categorical", [logits]):
        return _categorical(logits, num_samples, dtype, seed)


def _categorical(logits: Any, num_samples: Any, dtype: Any, seed: int | None) -> Tensor:
    logits = conversion.convert_to_tensor(logits, name="logits")
    first, second = get_seed(seed)
    return building.make("Multinomial", logits, num_samples, seed=first, seed2=second, output_dtype=dtype)


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Numbers of gamma distributions, of shape `shape + broadcast(alpha, beta)`: `alpha` is the form, `beta` the inverse scale (1)."""
    with graphs.name_scope(name, "random_gamma", [shape, alpha, beta]):
        sizes = conversion.convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        alpha = conversion.convert_to_tensor(alpha, name="alpha", dtype=dtype)
        beta = conversion.convert_to_tensor(1 if beta is None else beta, name="beta", dtype=dtype)
        alpha_broadcast = alpha + constant_op.zeros_like(beta)
        first, second = get_seed(seed)
        drawn = building.make("RandomGamma", sizes, alpha_broadcast, seed=first, seed2=second)
        tiny = np.finfo(dtypes.as_dtype(dtype).as_numpy_dtype).tiny
        return math.maximum(tiny, drawn / beta)


def random_poisson(
    lam: Any, shape: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Numbers of Poisson distributions with the means `lam`, of shape `shape + lam.shape`."""
    with graphs.name_scope(name, "random_poisson", [lam, shape]):
        sizes = conversion.convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        first, second = get_seed(seed)
        return building.make("RandomPoissonV2", sizes, lam, dtype=dtype, seed=first, seed2=second)


def random_poisson_v2(
    shape: Any, lam: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None
) -> Tensor:
    """`random_poisson` with the shape first."""
    return random_poisson(lam, shape, dtype, seed, name)


# With the seed given in each call: the same numbers in every run.


def stateless_random_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
                             name: str | None = None) -> Tensor:  # fmt: skip
    """`random_uniform` that depends on `seed`, two integers, alone."""
    dtype = _uniform_type(dtype)
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with graphs.name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as scope:
        sizes = shape_tensor(shape)
        minval = conversion.convert_to_tensor(minval, dtype=dtype, name="min")
        maxval = conversion.convert_to_tensor(maxval, dtype=dtype, name="max")
        if dtype.is_integer:
            return building.make("StatelessRandomUniformInt", sizes, seed, minval, maxval, name=scope)
        drawn = building.make("StatelessRandomUniform", sizes, seed, dtype=dtype)
        return math.add(drawn * (maxval - minval), minval, name=scope)


def _stateless_normal(
    type: str, shape: Any, seed: Any, mean: Any, stddev: Any, dtype: Any, name: str | None, default: str
) -> Tensor:
    with graphs.name_scope(name, default, [shape, seed, mean, stddev]) as scope:
        sizes = shape_tensor(shape)
        mean = conversion.convert_to_tensor(mean, dtype=dtype, name="mean")
        stddev = conversion.convert_to_tensor(stddev, dtype=dtype, name="stddev")
        drawn = building.make(type, sizes, seed, dtype=dtype)
        return math.add(drawn * stddev, mean, name=scope)


def stateless_random_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                            name: str | None = None) -> Tensor:  # fmt: skip
    """`random_normal` that depends on `seed`, two integers, alone."""
    return _stateless_normal("StatelessRandomNormal", shape, seed, mean, stddev, dtype, name, "stateless_random_normal")


def stateless_truncated_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
                               name: str | None = None) -> Tensor:  # fmt: skip
    """`truncated_normal` that depends on `seed`, two integers, alone."""
    return _stateless_normal(
        "StatelessTruncatedNormal", shape, seed, mean, stddev, dtype, name, "stateless_truncated_normal"
    )


def stateless_multinomial(
    logits: Any, num_samples: Any, seed: Any, output_dtype: Any = dtypes.int64, name: str | None = None
) -> Tensor:
    """`multinomial` that depends on `seed`, two integers, alone."""
    with graphs.name_scope(name, "stateless_multinomial", [logits, seed]):
        logits = conversion.convert_to_tensor(logits, name="logits")
        return building.make("StatelessMultinomial", logits, num_samples, seed, output_dtype=output_dtype)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = dtypes.int64, name: str | None = None
) -> Tensor:
    """`stateless_multinomial` by its later name."""
    with graphs.name_scope(name, "stateless_categorical", [logits, seed]):
        logits = conversion.convert_to_tensor(logits, name="logits")
        return building.make("StatelessMultinomial", logits, num_samples, seed, output_dtype=dtype)

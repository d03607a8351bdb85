"""`tf.nn`: biases, moments, batch normalization and other normalizations."""

from typing import Any

from jax_slim.tf1.graph import building, conversion, dtypes, graphs
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.python import arguments, array, constant_op, gathering, linalg, math, nn_activations, reductions

_LEAST_EPSILON = 1.001e-5


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """Adds a vector along the channels: the last dimension, or the second one for formats "NC...".

    Raises:
      ValueError: another format, or sizes that do not fit.
    """
    with graphs.name_scope(name, "BiasAdd", [value, bias]) as name:
        if data_format is not None:
            if data_format.startswith("NC"):
                data_format = "NCHW"
            elif data_format.startswith("N") and data_format.endswith("C"):
                data_format = "NHWC"
            else:
                raise ValueError("data_format must be of the form `N...C` or `NC...`")
        value = conversion.convert_to_tensor(value, name="input")
        bias = conversion.convert_to_tensor(bias, dtype=value.dtype, name="bias")
        return building.make("BiasAdd", value, bias, data_format=data_format, name=name)


def bias_add_v1(value: Any, bias: Any, name: str | None = None) -> Tensor:
    """`bias_add` as an operation of the older type `BiasAddV1`."""
    with graphs.name_scope(name, "BiasAddV1", [value, bias]) as name:
        value = conversion.convert_to_tensor(value, name="input")
        bias = conversion.convert_to_tensor(bias, dtype=value.dtype, name="bias")
        return building.make("BiasAddV1", value, bias, name=name)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """matmul(x, weights) + biases."""
    with graphs.name_scope(name, "xw_plus_b", [x, weights, biases]) as name:
        x = conversion.convert_to_tensor(x, name="x")
        weights = conversion.convert_to_tensor(weights, name="weights")
        biases = conversion.convert_to_tensor(biases, name="biases")
        return bias_add(linalg.matmul(x, weights), biases, name=name)


def xw_plus_b_v1(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """`xw_plus_b` with `BiasAddV1`."""
    with graphs.name_scope(name, "xw_plus_b_v1", [x, weights, biases]) as name:
        x = conversion.convert_to_tensor(x, name="x")
        weights = conversion.convert_to_tensor(weights, name="weights")
        biases = conversion.convert_to_tensor(biases, name="biases")
        return bias_add_v1(linalg.matmul(x, weights), biases, name=name)


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """relu(matmul(x, weights) + biases)."""
    with graphs.name_scope(name, "relu_layer", [x, weights, biases]) as name:
        x = conversion.convert_to_tensor(x, name="x")
        weights = conversion.convert_to_tensor(weights, name="weights")
        biases = conversion.convert_to_tensor(biases, name="biases")
        return nn_activations.relu(bias_add(linalg.matmul(x, weights), biases), name=name)


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """(mean, variance) over `axes`; the variance is that of the population. float16 is computed in float32. `shift` is not used."""
    keep = arguments.either("keepdims", keepdims, "keep_dims", keep_dims)
    with graphs.name_scope(name, "moments", [x, axes]):
        x = (
            conversion.convert_to_tensor(x, name="x")
            if not hasattr(x, "dtype") or not isinstance(x.dtype, dtypes.DType)
            else x
        )
        half = x.dtype == dtypes.float16
        y = math.cast(x, dtypes.float32) if half else x
        mean = reductions.reduce_mean(y, axes, keepdims=True, name="mean")
        distances = math.squared_difference(y, array.stop_gradient(mean))
        variance = reductions.reduce_mean(distances, axes, keepdims=True, name="variance")
        if not keep:
            mean, variance = array.squeeze(mean, axes), array.squeeze(variance, axes)
        if half:
            return math.cast(mean, dtypes.float16), math.cast(variance, dtypes.float16)
        return mean, variance


def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """`moments` in which elements count by weights that broadcast against `x`."""
    keep = arguments.either("keepdims", keepdims, "keep_dims", keep_dims)
    with graphs.name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = conversion.convert_to_tensor(x, name="x")
        weights = conversion.convert_to_tensor(frequency_weights, name="frequency_weights")
        half = x.dtype == dtypes.float16
        if half:
            x = math.cast(x, dtypes.float32)
        if weights.dtype != x.dtype:
            weights = math.cast(weights, x.dtype)
        total = reductions.reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
        spread = weights + constant_op.zeros_like(x)
        total_weight = reductions.reduce_sum(spread, axes, name="sum_of_weights", keepdims=True)
        divisor = math.reciprocal(total_weight, name="inv_weight_sum")
        mean = math.multiply(total, divisor)
        distances = reductions.reduce_sum(
            weights * math.squared_difference(x, mean), axes, name="weighted_distsq", keepdims=True
        )
        variance = math.multiply(distances, divisor)
        if not keep:
            mean, variance = array.squeeze(mean, axis=axes), array.squeeze(variance, axis=axes)
        if half:
            mean, variance = math.cast(mean, dtypes.float16), math.cast(variance, dtypes.float16)
        return mean, variance


def sufficient_statistics(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: bool | None = None,
    name: str | None = None,
    keepdims: bool | None = None,
) -> Any:
    """(count, sum, sum of squares, shift) over `axes`, of `x` less `shift`: what `normalize_moments` makes moments of."""
    keep = bool(arguments.either("keepdims", keepdims, "keep_dims", keep_dims))
    axes = list(set(axes))
    with graphs.name_scope(name, "sufficient_statistics", [x, shift]):
        x = conversion.convert_to_tensor(x, name="x")
        sizes = x.get_shape().sizes
        if sizes is not None and all(sizes[d] is not None for d in axes):
            count = 1
            for d in axes:
                count *= sizes[d]
            counts = conversion.constant(count, dtype=x.dtype)
        else:
            found = gathering.gather(math.cast(array.shape(x), x.dtype), axes)
            counts = reductions.reduce_prod(found, name="count")
        if shift is not None:
            shift = conversion.convert_to_tensor(shift, name="shift")
            first, second = math.subtract(x, shift), math.squared_difference(x, shift)
        else:
            first, second = x, math.square(x)
        first = reductions.reduce_sum(first, axes, keepdims=keep, name="mean_ss")
        second = reductions.reduce_sum(second, axes, keepdims=keep, name="var_ss")
    return counts, first, second, shift


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """(mean, variance) of what `sufficient_statistics` gives."""
    with graphs.name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = math.reciprocal(counts, name="divisor")
        if shift is not None:
            shifted = math.multiply(mean_ss, divisor, name="shifted_mean")
            mean = math.add(shifted, shift, name="mean")
        else:
            mean = shifted = math.multiply(mean_ss, divisor, name="mean")
        variance = math.subtract(math.multiply(variance_ss, divisor), math.square(shifted), name="variance")
    return mean, variance


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: str | None = None
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset; the two last may be None. All broadcast against `x`."""
    with graphs.name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        inv = math.rsqrt(variance + variance_epsilon)
        if scale is not None:
            inv *= scale
        # In this order the operations are found by tools that fold them into convolutions.
        scaled = x * math.cast(inv, x.dtype)
        return scaled + math.cast(offset - mean * inv if offset is not None else -mean * inv, x.dtype)


def fused_batch_norm(x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001, data_format: str = "NHWC",
                     is_training: bool = True, name: str | None = None) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Batch normalization as one operation: in training by the batch's moments, otherwise by `mean` and `variance`.

    Returns:
      (outputs, mean, variance): the batch's, the variance times n / (n - 1); or those given. `epsilon` is 1.001e-5 at least.
    """
    x = conversion.convert_to_tensor(x, name="input")
    scale = conversion.convert_to_tensor(scale, name="scale")
    offset = conversion.convert_to_tensor(offset, name="offset")
    if is_training and (mean is not None or variance is not None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    if mean is None:
        mean = conversion.constant([])
    if variance is None:
        variance = conversion.constant([])
    epsilon = epsilon if epsilon > _LEAST_EPSILON else _LEAST_EPSILON
    found = building.make(
        "FusedBatchNormV3",
        x,
        scale,
        offset,
        mean,
        variance,
        epsilon=epsilon,
        data_format=data_format,
        is_training=is_training,
        name=name,
    )
    return found[:3]


def batch_norm_with_global_normalization(t: Any = None, m: Any = None, v: Any = None, beta: Any = None, gamma: Any = None, variance_epsilon: Any = None,
                                         scale_after_normalization: bool | None = None, name: str | None = None, input: Any = None, mean: Any = None,
                                         variance: Any = None) -> Tensor:  # fmt: skip
    """`batch_normalization` under an older name; `gamma` counts only with `scale_after_normalization`."""
    t = arguments.either("input", input, "t", t)
    m = arguments.either("mean", mean, "m", m)
    v = arguments.either("variance", variance, "v", v)
    return batch_normalization(t, m, v, beta, gamma if scale_after_normalization else None, variance_epsilon, name)


def lrn(
    input: Any, depth_radius: int = 5, bias: float = 1, alpha: float = 1, beta: float = 0.5, name: str | None = None
) -> Tensor:
    """Local response normalization: input / (bias + alpha * sum)^beta, the sum of squares over 2 * depth_radius + 1 channels."""
    return building.make("LRN", input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name)


local_response_normalization = lrn


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Tensor:
    """x / sqrt(max(sum(x^2), epsilon)), the sum over `axis` (all)."""
    axis = arguments.either("axis", axis, "dim", dim)
    with graphs.name_scope(name, "l2_normalize", [x]) as name:
        x = conversion.convert_to_tensor(x, name="x")
        total = reductions.reduce_sum(math.square(x), axis, keepdims=True)
        return math.multiply(x, math.rsqrt(math.maximum(total, epsilon)), name=name)


def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """How large a part of the elements is 0: a float32 scalar."""
    from jax_slim.tf1.python import control_flow

    with graphs.name_scope(name, "zero_fraction", [value]):
        value = conversion.convert_to_tensor(value, name="value")
        size = array.size(value, out_type=dtypes.int64)
        counted = control_flow.cond(
            size <= dtypes.int32.max,
            true_fn=lambda: math.cast(_nonzero_count(value, dtypes.int32), dtypes.int64),
            false_fn=lambda: _nonzero_count(value, dtypes.int64),
        )
        with graphs.name_scope("counts_to_fraction"):
            zeros = math.cast(size - counted, dtypes.float32)
            fraction = zeros / math.cast(size, dtypes.float32)
        return array.identity(fraction, "fraction")


def _nonzero_count(value: Tensor, dtype: Any) -> Tensor:
    with graphs.name_scope("count_nonzero", values=[value]):
        zero = constant_op.zeros([], dtype=value.dtype)
        return reductions.reduce_sum(math.cast(math.not_equal(value, zero), dtype), name="nonzero_count")

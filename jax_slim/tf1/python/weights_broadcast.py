"""Weights beside values: checks that they broadcast, broadcasting them, and ranks that differ by an axis of size one."""

from typing import Any

from jax_slim.tf1.graph import conversion, graphs
from jax_slim.tf1.python import array, checks, constant_op, control_flow, math, reductions

_PREFIX = "weights can not be broadcast to values."


def assert_broadcastable(weights: Any, values: Any) -> Any:
    """An operation that fails where weights do not broadcast to values: they are scalar, or of each axis have one or all.

    Raises:
      ValueError: known shapes say so already.
    """
    with graphs.name_scope(None, "assert_broadcastable", (weights, values)) as scope:
        with graphs.name_scope(None, "weights", (weights,)) as weights_scope:
            weights = conversion.convert_to_tensor(weights, name=weights_scope)
            weights_shape = array.shape(weights, name="shape")
            weights_rank = array.rank(weights, name="rank")
        with graphs.name_scope(None, "values", (values,)) as values_scope:
            values = conversion.convert_to_tensor(values, name=values_scope)
            values_shape = array.shape(values, name="shape")
            values_rank = array.rank(values, name="rank")
        ranks = weights.shape.ndims, values.shape.ndims
        if None not in ranks:
            if ranks[0] == 0:
                return control_flow.no_op(name="static_scalar_check_success")
            if ranks[0] != ranks[1]:
                raise ValueError(
                    f"{_PREFIX} values.rank={ranks[1]}. weights.rank={ranks[0]}. values.shape={values.shape}. weights.shape={weights.shape}."
                )
            if weights.shape.is_fully_defined() and values.shape.is_fully_defined():
                for axis, (size, whole) in enumerate(zip(weights.shape.as_list(), values.shape.as_list(), strict=True)):
                    if size not in (1, whole):
                        raise ValueError(
                            f"{_PREFIX} Mismatch at dim {axis}. values.shape={values.shape} weights.shape={weights.shape}."
                        )
                return control_flow.no_op(name="static_dims_check_success")
        is_scalar = math.equal(0, weights_rank, name="is_scalar")
        data = (
            _PREFIX,
            "weights.shape=",
            weights.name,
            weights_shape,
            "values.shape=",
            values.name,
            values_shape,
            "is_scalar=",
            is_scalar,
        )
        valid = control_flow.cond(
            is_scalar,
            lambda: is_scalar,
            lambda: _valid(weights_rank, weights_shape, values_rank, values_shape),
            name="is_valid_shape",
        )
        return checks.Assert(valid, data, name=scope)


def _valid(weights_rank: Any, weights_shape: Any, values_rank: Any, values_shape: Any) -> Any:
    with graphs.name_scope(None, "has_valid_nonscalar_shape"):
        same_rank = math.equal(values_rank, weights_rank, name="is_same_rank")
        return control_flow.cond(same_rank, lambda: _valid_sizes(weights_shape, values_shape), lambda: same_rank)


def _valid_sizes(weights_shape: Any, values_shape: Any) -> Any:
    with graphs.name_scope(None, "has_invalid_dims"):
        fits = math.logical_or(math.equal(weights_shape, 1), math.equal(weights_shape, values_shape))
        return reductions.reduce_all(fits)


def broadcast_weights(weights: Any, values: Any) -> Any:
    """Weights of the values' shape.

    Raises:
      ValueError: they do not broadcast to it.
    """
    with graphs.name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = conversion.convert_to_tensor(values, name="values")
        weights = conversion.convert_to_tensor(weights, dtype=values.dtype.base_dtype, name="weights")
        if (
            weights.shape.is_fully_defined()
            and values.shape.is_fully_defined()
            and weights.shape.is_compatible_with(values.shape)
        ):
            return weights
        with graphs.control_dependencies((assert_broadcastable(weights, values),)):
            return math.multiply(weights, constant_op.ones_like(values), name=scope)


def fitting_weights(weights: Any, reference: Any) -> Any:
    """Weights with an axis of size one at the end less where they have one more than `reference`."""
    weights = conversion.convert_to_tensor(weights)
    ranks = weights.shape.ndims, reference.shape.ndims
    if None not in ranks:
        return array.squeeze(weights, [-1]) if ranks[0] - ranks[1] == 1 else weights
    difference = array.rank(weights) - array.rank(reference)
    if ranks[0] is None or (ranks[0] > 0 and weights.shape[-1].is_compatible_with(1)):
        given = weights
        weights = control_flow.cond(math.equal(1, difference), lambda: array.squeeze(given, [-1]), lambda: given)
    return weights

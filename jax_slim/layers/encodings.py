"""Encodings: classes as vectors, sequences as sparse tensors, scores as probabilities or places."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer

from jax_slim import initializers
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.class_ids import remember_one_hot
from jax_slim.core.collections import NamesOfCollections, collect_named_outputs, collections_for
from jax_slim.core.precision import to_compute, variable_dtype
from jax_slim.core.program import operation
from jax_slim.core.scopes import name_scope, variable_scope
from jax_slim.core.sparse import SparseTensor
from jax_slim.core.variables import model_variable
from jax_slim.layers import _args
from jax_slim.layers._steps import Scope


@add_arg_scope
@operation
def one_hot_encoding(
    labels: jax.Array,
    num_classes: int,
    on_value: Any = 1.0,
    off_value: Any = 0.0,
    outputs_collections: NamesOfCollections = None,
    scope: str | None = None,
) -> jax.Array:
    """Makes a vector of each class: `on_value` at its place, `off_value` elsewhere.

        onehot_labels = slim.one_hot_encoding(labels, 10)     # [N] -> [N, 10]

    Args:
      labels: integers of any shape. One below 0 or from `num_classes` on gives a vector without `on_value`,
        and makes `softmax_cross_entropy` NaN unless it is weighted with 0.
      num_classes: how many classes: the length of the vectors.
      on_value, off_value: numbers; the result has their dtype.
      outputs_collections: where to list the outputs.
      scope: name of the operation; by default "OneHotEncoding", made unique.

    Returns:
      An array with the axes of `labels` and then one of length `num_classes`.

    Raises:
      ValueError: `num_classes` is not an integer of 0 or more.
      TypeError: `labels` are not integers.
    """
    function = "one_hot_encoding"
    labels = _args.integers(function, labels, "labels")
    if num_classes != 0:  # TF-Slim takes 0 too, and so gives vectors without elements
        num_classes = _args.count(function, "num_classes", num_classes)
    with name_scope(scope, "OneHotEncoding", [labels]) as sc:
        here = labels[..., None] == jnp.arange(num_classes)
        encoded = remember_one_hot(jnp.where(here, on_value, off_value), labels)
        return collect_named_outputs(outputs_collections, sc, encoded)


@add_arg_scope
@operation
def dense_to_sparse(
    tensor: jax.Array,
    eos_token: Any = 0,
    outputs_collections: NamesOfCollections = None,
    scope: Scope = None,
) -> SparseTensor:
    """Lists the elements that differ from `eos_token`, with their places.

        slim.dense_to_sparse(jnp.array([[7, 9, 0], [8, 0, 0]]))      # values [7, 9, 8] at [0, 0], [0, 1], [1, 0]

    Args:
      tensor: any array, such as sequences of ids that are filled up to one length with `eos_token`.
      eos_token: the element to leave out.
      outputs_collections: where to list the outputs.
      scope: name of the layer; by default "dense_to_sparse", made unique.

    Returns:
      A `SparseTensor`, its elements in the order of the last axis first. Inside `jax.jit` and its like, where sizes
      cannot depend on values, it has as many entries as `tensor` has elements; those left over are 0, at places
      outside of `dense_shape` (which hold nothing: JAX drops them when it scatters).
    """
    tensor = jnp.asarray(tensor)
    with variable_scope(scope, "dense_to_sparse", [tensor]) as sc:
        kept = tensor != eos_token
        size = tensor.size if isinstance(kept, Tracer) else None
        places = jnp.nonzero(kept, size=size, fill_value=tensor.shape)
        values = tensor.at[places].get(mode="fill", fill_value=0)
        shape = np.array(tensor.shape, jax.dtypes.canonicalize_dtype(np.int64))  # known, even while tracing
        outputs = SparseTensor(jnp.stack(places, axis=-1), values, shape)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


@add_arg_scope
@operation
def maxout(inputs: jax.Array, num_units: int, axis: int = -1, scope: Scope = None) -> jax.Array:
    """Takes the largest of each group of neighbouring features.

        net = slim.maxout(net, 64)                    # the largest of each 4: [N, 14, 14, 256] -> [N, 14, 14, 64]

    From Goodfellow et al., "Maxout Networks", 2013.

    Args:
      inputs: [N, ..., C] floats of rank 1 or more.
      num_units: how many features remain; must divide those that there are.
      axis: the axis of the features. With another one than the last, TF-Slim, and so this, takes as a group what
        lies together in memory, which are features of neighbouring places: move the features to the end instead.
      scope: name of the layer; by default "MaxOut", made unique.

    Returns:
      An array like `inputs`, but with `num_units` along `axis`.

    Raises:
      ValueError: `num_units` does not divide the features, or `axis` is none of `inputs`.
      TypeError: `inputs` are not floats.
    """
    function = "maxout"
    num_units = _args.count(function, "num_units", num_units)
    inputs = _args.floats(function, inputs)
    axis = _args.axis(function, "axis", axis, inputs.ndim)
    each, rest = divmod(inputs.shape[axis], num_units)
    if rest:
        raise ValueError(f"{function}: num_units must divide the {inputs.shape[axis]} features, got {num_units}.")
    with variable_scope(scope, "MaxOut", [inputs]):
        shape = (*inputs.shape[:axis], num_units, *inputs.shape[axis + 1 :])
        return jnp.max(to_compute(inputs).reshape(*shape, each), axis=-1)


@add_arg_scope
@operation
def softmax(logits: jax.Array, scope: Scope = None) -> jax.Array:
    """Makes probabilities out of logits: along the last axis, exp(logits) divided by their sum.

        predictions = slim.softmax(logits)          # [N, 7, 7, 21] -> [N, 7, 7, 21]

    Args:
      logits: [N, ..., num_classes] floats of rank 2 or more.
      scope: name of the layer; by default "softmax", made unique.

    Returns:
      Probabilities of the shape of `logits`, that sum to 1 along the last axis.

    Raises:
      ValueError: `logits` have rank 0 or 1.
      TypeError: `logits` are not floats.
    """
    logits = _args.floats("softmax", logits, "logits")
    _args.least_rank("softmax", logits, 2, "logits")
    with variable_scope(scope, "softmax", [logits]):
        logits = to_compute(logits)
        exact = logits.astype(jnp.promote_types(logits.dtype, jnp.float32))
        return jax.nn.softmax(exact, axis=-1).astype(logits.dtype)


@add_arg_scope
@operation
def spatial_softmax(
    features: jax.Array,
    temperature: Any = None,
    name: Scope = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> jax.Array:
    """Says where each channel is high: the mean place, weighted by the softmax of the channel over all places.

    Creates `<name>/temperature` [], which divides the features: above 1 the softmax is flatter, below 1 sharper.

        points = slim.spatial_softmax(net)            # two numbers for each channel: [N, 32, 32, 16] -> [N, 32]

    From Finn et al., "Deep Spatial Autoencoders for Visuomotor Learning", 2016.

    Args:
      features: [N, H, W, C] floats, or [N, C, H, W] when `data_format` is "NCHW".
      temperature: the initial value of the variable; None means 1.
      name: name of the layer; by default "spatial_softmax", made unique.
      variables_collections: collections that list the variable: names, or a dict {"temperature": names}. As in
        TF-Slim they do not where it is not trainable.
      trainable: False keeps the variable out of the gradient.
      data_format: "NHWC" or "NCHW".

    Returns:
      [N, 2 * C]: the row, then the column of each channel in turn, from -1 (first) to 1 (last). TF-Slim calls the row
      x and the column y.

    Raises:
      ValueError: `features` are not of rank 4, or `data_format` is none.
      TypeError: `features` are not floats.
    """
    function = "spatial_softmax"
    data_format = _args.choice(function, "data_format", data_format, ("NHWC", "NCHW"))
    features = _args.floats(function, features, "features")
    _args.rank(function, features, data_format, "features")
    with variable_scope(name, "spatial_softmax", [features]):
        divisor = model_variable(
            "temperature",
            shape=(),
            dtype=variable_dtype(features.dtype),
            initializer=initializers.constant_initializer(1.0 if temperature is None else temperature),
            trainable=trainable,
            collections=collections_for(variables_collections, "temperature") if trainable else None,
        )
        features = to_compute(features)
        exact = features.astype(jnp.promote_types(features.dtype, jnp.float32))
        spatial = (1, 2) if data_format == "NHWC" else (2, 3)
        # Of the highest feature only the distance of the others counts. Without it the gradient of a low temperature
        # is a small sum of large numbers.
        highest = jnp.where(divisor < 0, jnp.min(exact, spatial, keepdims=True), jnp.max(exact, spatial, keepdims=True))
        attention = jax.nn.softmax((exact - lax.stop_gradient(highest)) / divisor, axis=spatial)
        row, column = (
            _mean_place(jnp.sum(attention, other), axis=1 if data_format == "NHWC" else 2)
            for other in reversed(spatial)
        )
        return jnp.stack([row, column], axis=-1).reshape(features.shape[0], -1).astype(features.dtype)


def _mean_place(weights: jax.Array, axis: int) -> jax.Array:
    """The mean of the places -1 ... 1 along an axis of `weights`, which sum to 1."""
    places = jnp.linspace(-1, 1, weights.shape[axis], dtype=weights.dtype)
    return jnp.sum(jnp.moveaxis(weights, axis, -1) * places, -1)


@operation
def scale_gradient(inputs: jax.Array, gradient_multiplier: Any) -> jax.Array:
    """Passes `inputs` on unchanged, and their gradient multiplied.

        features = slim.scale_gradient(features, 0.1)         # what comes before learns slower: [N, 128] -> [N, 128]

    Args:
      inputs: floats.
      gradient_multiplier: what the gradient is multiplied by, of a shape that broadcasts against `inputs`: 0 stops it,
        -1 reverses it. It gets no gradient itself.

    Returns:
      `inputs`.

    Raises:
      ValueError: `gradient_multiplier` does not broadcast to the shape of `inputs`.
      TypeError: `inputs` are not floats.
    """
    function = "scale_gradient"
    inputs = _args.floats(function, inputs)
    factor = jnp.asarray(gradient_multiplier)
    lengths = zip(reversed(factor.shape), reversed(inputs.shape), strict=False)
    if factor.ndim > inputs.ndim or any(length not in (1, whole) for length, whole in lengths):
        raise ValueError(
            f"{function}: gradient_multiplier must broadcast to the shape of inputs {inputs.shape}, got {factor.shape}."
        )
    with name_scope("scale_gradient"):
        return _scale_gradient(to_compute(inputs), factor)


@jax.custom_jvp
def _scale_gradient(inputs: jax.Array, factor: jax.Array) -> jax.Array:
    del factor
    return inputs


@_scale_gradient.defjvp
def _scale_tangent(primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
    # Linear in the tangent, so that it serves gradients as well.
    (inputs, factor), (tangent, _) = primals, tangents
    return _scale_gradient(inputs, factor), (tangent * factor).astype(inputs.dtype)

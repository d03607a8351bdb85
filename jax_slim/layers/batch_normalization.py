"""`batch_norm`: normalization by the mean and variance of the batch, with moving averages for inference."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jax_slim import initializers, kernels
from jax_slim.core import names
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import (
    GraphKeys,
    NamesOfCollections,
    add_to_collections,
    collect_named_outputs,
    collections_for,
)
from jax_slim.core.initial_values import draw
from jax_slim.core.precision import to_compute, variable_dtype
from jax_slim.core.program import operation, require
from jax_slim.core.scopes import variable_scope
from jax_slim.core.variables import model_variable, update_variable, variable
from jax_slim.layers import _args
from jax_slim.layers._activating import activated, remember
from jax_slim.layers._modes import static_bool

_INITIALIZERS = {
    "beta": initializers.zeros_initializer(),
    "gamma": initializers.ones_initializer(),
    "moving_mean": initializers.zeros_initializer(),
    "moving_variance": initializers.ones_initializer(),
}

# TensorFlow's fused operation raises a smaller epsilon to this, because cuDNN does: in training and in inference.
_LEAST_FUSED_EPSILON = 1.001e-5


@add_arg_scope
@operation
def batch_norm(
    inputs: jax.Array,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Callable[[jax.Array], jax.Array] | None = None,
    param_initializers: Mapping[str, Any] | None = None,
    param_regularizers: Mapping[str, Any] | None = None,
    updates_collections: NamesOfCollections = GraphKeys.UPDATE_OPS,
    is_training: bool = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: NamesOfCollections = None,
    trainable: bool = True,
    batch_weights: jax.Array | None = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Mapping[str, Any] | None = None,
    renorm_decay: float = 0.99,
    adjustment: Callable[[Sequence[int]], tuple[jax.Array, jax.Array]] | None = None,
) -> jax.Array:
    """Normalizes every channel to mean 0 and variance 1 over the batch, then scales and shifts it.

    In training by the mean and variance of this batch, which also go into moving averages; otherwise by the
    moving averages. The new averages are among `collected.updates` (`learning` applies them; `Model.apply` drops
    them with a warning): a model whose averages are not updated is good in training and useless after it.

    Creates `<scope>/gamma` [C] with `scale`, `<scope>/beta` [C] with `center`, `<scope>/moving_mean` [C] and
    `<scope>/moving_variance` [C]: all in float32 at least.

        net = slim.batch_norm(images, is_training=True, scope="bn")                  # [N, H, W, C] as it was
        net = slim.conv2d(net, 64, 3, normalizer_fn=slim.batch_norm, normalizer_params={"decay": 0.997})

    From Ioffe and Szegedy, "Batch Normalization", 2015. As in TF-Slim, `gamma` is off by default (a following
    layer scales anyhow), and with the default `decay` it takes thousands of steps until the averages are good:
    0.9 suits short runs.

    Args:
      inputs: [N, ..., C] of rank 2 to 5; [N, C, ...] when `data_format` is "NCHW". Of rank 1, [C], where one of
        `updates_collections`, `batch_weights` and `zero_debias_moving_mean` is given, as in TF-Slim.
      decay: how much of a moving average stays in each update; 1 - decay is what optax and Keras call 1 - momentum.
      center: whether to add `beta`.
      scale: whether to multiply by `gamma`.
      epsilon: added to the variance, inside the root; 1.001e-5 at least where `fused` says so.
      activation_fn: applied last; None leaves the layer linear.
      param_initializers: initializers by name: "beta", "gamma", "moving_mean", "moving_variance".
      param_regularizers: regularizers by name: "beta", "gamma".
      updates_collections: where the new moving averages are listed. None makes later reads in the same run see
        them (TF-Slim's updates in place).
      is_training: whether to use this batch's moments; a Python bool, known while tracing.
      reuse: True shares the variables an earlier call made under `scope`.
      variables_collections: collections for all variables, or a dict of them by name.
      outputs_collections: where to list the outputs.
      trainable: False keeps `beta` and `gamma` out of the gradient. As in TF-Slim it also leaves the moving averages
        as they are, though the batch's moments are used, but for inputs of rank 2 and wherever
        `updates_collections`, `batch_weights` or `zero_debias_moving_mean` are given.
      batch_weights: [N], how much each example counts in the moments, 0 or more.
      fused: None or True follow TF's fused kernel where it serves (rank 2 and 4): `moving_variance` gets the
        variance times n / (n - 1), and `epsilon` is 1.001e-5 at least. False, or another rank: the plain one.
      data_format: "NHWC" for channels last, "NCHW" for channels second, whatever the rank.
      zero_debias_moving_mean: whether to divide the moving mean by 1 - decay^steps, so that it does not start at 0.
        Training then creates `<scope>/<scope>/moving_mean/biased` [C] and `.../local_step` [].
      scope: name of the layer; by default "BatchNorm", made unique.
      renorm: whether to use Batch Renormalization (Ioffe, 2017): outputs in training are corrected towards the
        moving averages. Creates `moving_stddev`, `renorm_mean` and `renorm_stddev` [C] besides.
      renorm_clipping: limits for the correction: a dict with "rmin", "rmax" and "dmax"; one that is absent does
        not limit.
      renorm_decay: `decay` for `renorm_mean` and `renorm_stddev`, usually a smaller one.
      adjustment: shape of `inputs` -> (scale, shift), which broadcast against `inputs`; applied in training after
        normalizing, before `gamma` and `beta`.

    Returns:
      Normalized inputs, of their shape and dtype.

    Raises:
      TypeError: `inputs` are not floats, or `is_training` is not a bool.
      ValueError: `inputs` or `batch_weights` are of the wrong shape, `data_format` is none, a parameter's name is not
        known, or `renorm` or `adjustment` come with `batch_weights`, `updates_collections` or
        `zero_debias_moving_mean`.
    """
    is_training = static_bool("batch_norm", "is_training", is_training)
    data_format = _args.choice("batch_norm", "data_format", data_format, ("NHWC", "NCHW"))
    inputs = _args.floats("batch_norm", inputs)
    given_initializers = _args.keys("batch_norm", "param_initializers", param_initializers, tuple(_INITIALIZERS))
    regularizers = _args.keys("batch_norm", "param_regularizers", param_regularizers, ("beta", "gamma"))
    clipping = _args.keys("batch_norm", "renorm_clipping", renorm_clipping, ("rmin", "rmax", "dmax"))
    # TF-Slim has two bodies, and what a call asks for decides which one runs. They differ in the order of the
    # variables and in what trainable=False does.
    plain = (
        batch_weights is None
        and isinstance(updates_collections, str)
        and updates_collections == GraphKeys.UPDATE_OPS
        and not zero_debias_moving_mean
    )
    # TF's other body also takes vectors: each element is a channel, and the batch is one example.
    _check_shapes(inputs, batch_weights, 1 if data_format == "NHWC" and not plain else 2)
    if not plain and (renorm or adjustment is not None):
        raise ValueError(
            f"batch_norm: {'renorm' if renorm else 'adjustment'} cannot be used with batch_weights, "
            f"zero_debias_moving_mean or other updates_collections than the default, got {updates_collections!r}."
        )
    ordinary = batch_weights is None and not renorm and adjustment is None
    fused = fused is not False and inputs.ndim in (2, 4) and ordinary
    plain = plain and not (fused and inputs.ndim == 2)
    epsilon = max(epsilon, _LEAST_FUSED_EPSILON) if fused else epsilon

    inputs = to_compute(inputs)
    axis = 1 if data_format == "NCHW" else inputs.ndim - 1
    others = tuple(other for other in range(inputs.ndim) if other != axis)
    dtype = variable_dtype(jnp.promote_types(inputs.dtype, jnp.float32))

    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse) as sc:

        def parameter(name: str, learned: bool = False) -> jax.Array:
            initializer = given_initializers.get(name, _INITIALIZERS[name])
            listed = collections_for(variables_collections, name)
            shape = (inputs.shape[axis],)
            return model_variable(name, shape, dtype, initializer, regularizers.get(name), learned, listed)

        wanted = {"gamma": scale, "beta": center}
        order = ("gamma", "beta") if plain else ("beta", "gamma")
        made = {name: parameter(name, trainable) for name in order if wanted[name]}
        gamma, beta = made.get("gamma"), made.get("beta")
        sc.partitioner = None  # averages are kept whole, as in TF
        averages = {name: parameter(name) for name in ("moving_mean", "moving_variance")}
        if renorm:
            averages |= _renorm_averages(averages, given_initializers)

        if not is_training:
            mean, variance = averages["moving_mean"], averages["moving_variance"]
            outputs = kernels.normalize(inputs, mean, variance, beta, gamma, epsilon, axis)
        elif ordinary:
            arguments = (inputs, others, beta, gamma, epsilon, axis)
            outputs, mean, variance = kernels.normalize_by_moments(*arguments)
            if kernels.clips_by_kernel(inputs, others, axis):
                remember(outputs, lambda limits: kernels.normalize_by_moments(*arguments, limits=limits)[0])
        else:
            weights = None if batch_weights is None else batch_weights.reshape([-1] + [1] * (inputs.ndim - 1))
            mean, variance = kernels.moments(inputs, others, weights)
            along = [-1 if other == axis else 1 for other in range(inputs.ndim)]
            factor = jnp.ones((), dtype) if gamma is None else gamma.reshape(along)
            shift = jnp.zeros((), dtype) if beta is None else beta.reshape(along)
            if adjustment is not None:
                factor, shift = _first(*adjustment(inputs.shape), factor, shift)
            if renorm:
                r, d = _correction(mean, jnp.sqrt(variance + epsilon), averages, epsilon, clipping)
                factor, shift = _first(r.reshape(along), d.reshape(along), factor, shift)
            outputs = kernels.normalize(inputs, mean, variance, shift, factor, epsilon, axis)

        if is_training and (trainable or not plain):
            changes = _Changes(sc.name, averages, now=updates_collections is None)
            if renorm:
                _update_for_renorm(changes, mean, variance, epsilon, decay, renorm_decay)
            else:
                if zero_debias_moving_mean:
                    _update_without_bias(changes, mean, decay)
                else:
                    changes.move("moving_mean", mean, decay)
                count = math.prod(inputs.shape[other] for other in others)
                unbiased = count / max(count - 1, 1) if fused else 1.0
                changes.move("moving_variance", variance * unbiased, decay)
            for name in ("moving_mean", "moving_variance"):
                add_to_collections(updates_collections, changes.made[name], changes.full_name(name))
        outputs = activated(activation_fn, outputs)
        return collect_named_outputs(outputs_collections, sc.name, outputs)


def _check_shapes(inputs: jax.Array, batch_weights: jax.Array | None, least: int) -> None:
    if not least <= inputs.ndim <= 5:
        raise ValueError(f"batch_norm: inputs must have rank {least} to 5 [N, ..., C], got shape {inputs.shape}.")
    if batch_weights is not None and batch_weights.shape != inputs.shape[:1]:
        raise ValueError(
            f"batch_norm: batch_weights must have shape {inputs.shape[:1]}, one for each example, "
            f"got {batch_weights.shape}."
        )


class _Changes:
    """The new values of one layer's averages, on their way into the program's updates."""

    def __init__(self, scope: str, averages: dict[str, jax.Array], now: bool) -> None:
        self.scope, self.averages, self.now = scope, averages, now
        self.made: dict[str, jax.Array] = {}

    def full_name(self, name: str) -> str:
        # A custom getter may have renamed the variable, or returned something computed from it.
        return require("batch_norm").name_of(self.averages.get(name)) or names.join(self.scope, name)

    def move(self, name: str, value: jax.Array, decay: float) -> jax.Array:
        """Moves an average by 1 - decay of the way to `value`."""
        return self.set(name, lambda old: old - (old - value) * (1 - decay))

    def set(self, name: str, change: Callable[[jax.Array], jax.Array]) -> jax.Array:
        self.made[name] = update_variable(
            self.full_name(name), lambda old: lax.stop_gradient(change(old)), now=self.now
        )
        return self.made[name]


def _update_without_bias(changes: _Changes, mean: jax.Array, decay: float) -> None:
    """Sets the moving mean to an average that starts at 0, divided by the weight that it has gathered."""
    # TensorFlow names the two variables by the whole name of the one they belong to, inside the layer's scope.
    with variable_scope(names.join(changes.scope, "moving_mean")) as inner:
        for name, shape in (("biased", mean.shape), ("local_step", ())):
            variable(name, shape, mean.dtype, initializers.zeros_initializer(), trainable=False)
    of_bias = _Changes(inner.name, {}, changes.now)
    biased = of_bias.move("biased", mean, decay)
    steps = of_bias.set("local_step", lambda old: old + 1)
    changes.set("moving_mean", lambda old: biased / (1 - decay**steps))


def _renorm_averages(averages: dict[str, jax.Array], given: Mapping[str, Any]) -> dict[str, jax.Array]:
    """Makes the variables that Batch Renormalization has besides."""
    like = averages["moving_mean"]
    of_mean = given.get("moving_mean", _INITIALIZERS["moving_mean"])
    of_stddev = _SquareRoot(given.get("moving_variance", _INITIALIZERS["moving_variance"]))
    made = (("moving_stddev", of_stddev), ("renorm_mean", of_mean), ("renorm_stddev", of_stddev))
    return {name: model_variable(name, like.shape, like.dtype, init, trainable=False) for name, init in made}


@dataclasses.dataclass(frozen=True)
class _SquareRoot:
    """The initializer of a standard deviation, out of a variance's."""

    of_variance: Any

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        return jnp.sqrt(draw(self.of_variance, key, shape, dtype))


def _correction(
    mean: jax.Array, stddev: jax.Array, averages: dict[str, jax.Array], epsilon: float, clipping: Mapping[str, Any]
) -> tuple[jax.Array, jax.Array]:
    """What outputs are multiplied by and shifted by, so that they look as if normalized by the averages."""
    average = jnp.maximum(averages["renorm_stddev"], math.sqrt(epsilon))
    r = jnp.clip(stddev / average, clipping.get("rmin"), clipping.get("rmax"))
    d = (mean - averages["renorm_mean"]) / average
    if clipping.get("dmax") is not None:
        d = jnp.clip(d, -clipping["dmax"], clipping["dmax"])
    return lax.stop_gradient((r, d))


def _update_for_renorm(
    changes: _Changes, mean: jax.Array, variance: jax.Array, epsilon: float, decay: float, renorm_decay: float
) -> None:
    stddev = jnp.sqrt(variance + epsilon)
    changes.move("renorm_mean", mean, renorm_decay)
    changes.move("renorm_stddev", stddev, renorm_decay)
    changes.move("moving_mean", mean, decay)
    moving = changes.move("moving_stddev", stddev, decay)
    # Deviations are averaged, not variances; what inference reads follows them.
    changes.set("moving_variance", lambda old: jnp.maximum(jnp.square(moving) - epsilon, 0))


def _first(before: jax.Array, moved: jax.Array, factor: jax.Array, shift: jax.Array) -> tuple[jax.Array, jax.Array]:
    """x -> (x * before + moved) * factor + shift, as one factor and one shift."""
    return before * factor, moved * factor + shift

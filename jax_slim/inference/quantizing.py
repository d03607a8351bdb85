"""`quantize`: a model whose convolutions multiply bytes."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from jax_slim.core.model import Model, arrays_apart
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Variables
from jax_slim.core.variables import model_variable
from jax_slim.inference.chains import Chain, chains_of, uses_of, values_with
from jax_slim.inference.folding import PREPARED_FACTS, prepared
from jax_slim.inference.predicting import evaluating
from jax_slim.inference.splitting import FREE
from jax_slim.kernels import jit
from jax_slim.kernels.conv_geometry import Geometry
from jax_slim.kernels.quantized import (
    MOST_PRODUCTS,
    Rounding,
    quantized_convolution,
    quantized_weights,
    rounding_of,
)


@shortened
def quantize(
    model: Model, variables: Mapping[str, Any], batches: Iterable[Any], **kwargs: Any
) -> tuple[Model, Variables]:
    """Makes of a trained model one whose convolutions and fully connected layers multiply bytes.

        small, bytes_of = slim.quantize(model, variables, [images])       # some hundred images as in training
        predict = slim.predictor(small, bytes_of)
        logits = predict(images)

    Weights become int8, by a step for each output channel: the largest is 127. What goes into a layer becomes uint8, by
    a step and a zero for the whole array: its smallest and its largest value are those that the batches show. Sums of
    products are exact; bias, shortcut and activation come after them in float32. Batch norm goes into the weights
    first, as by `fold_batch_norm`. Pooling and the rest stay in float32, and so do grouped convolutions, depthwise ones
    with more than one filter a channel, and those with more than 66,311 weights for an output, whose sum might not fit
    into 32 bits.

    Weights take a quarter of the memory. It is faster with native kernels (`build_native_kernels`) on a processor that
    multiplies bytes, as those with AVX-512 VNNI or AMX do; without native kernels XLA computes the same, not faster.
    How much accuracy it costs is to be measured: `jax-slim evaluate --calibrate=FOLDER`. A NaN counts as 0.

    The new variables: 'conv1/weights', int8, 'conv1/weights_step', float32 [filters], and the others as
    `fold_batch_norm` names them; depthwise weights are [kh, kw, 1, C]. The model is for evaluation, applied, exported
    and saved like any other.

    Args:
      model: a `Model`, such as `slim.nets.create_model` makes.
      variables: its variables: name -> array.
      batches: an iterable of what the model takes: images, prepared as in evaluation. All of them are looked at.
      **kwargs: further arguments of the program. `is_training=False` is given by itself where the program takes it.

    Returns:
      A `Model` of the same arrays, with the outputs alone of (outputs, end points), and its variables.

    Raises:
      ValueError: there is no batch; a variable is missing or has another shape; a value that goes into a convolution
        is not finite.
      ProgramError: the program draws random numbers.
    """
    arguments = {**evaluating(model), **kwargs}
    program: _Folded | None = None
    values: Variables | None = None
    found: dict[Layer, tuple[Any, Any]] = {}
    look: Any = None
    for batch in batches:
        args = batch if isinstance(batch, tuple) else (batch,)
        if program is None or values is None:
            model, values = prepared(model, variables, args, arguments, alone=True)
            program = _Folded(model, values, arguments)
            look = jit(program.limits)
        for layer, (low, high) in jax.device_get(look(dict(values), *args)).items():
            before = found.get(layer, (low, high))
            found[layer] = np.minimum(before[0], low), np.maximum(before[1], high)
    if program is None or values is None:
        raise ValueError("quantize: batches must have a batch of images at least, got none. Is an iterator used up?")
    for layer, limits in found.items():
        if not np.isfinite(limits).all():
            raise ValueError(
                f"quantize: what goes into the layer of {layer.weights} must be finite, got {limits[0]} to "
                f"{limits[1]}. Look for NaN in the batches and the variables."
            )
    made = dict(values)
    for name, shape in program.taken.items():
        whole, steps = quantized_weights(np.asarray(values[name]).reshape(shape))
        made |= {name: jnp.asarray(whole), f"{name}_step": jnp.asarray(steps)}
    roundings = {layer: rounding_of(*limits) for layer, limits in found.items()}
    shapes = {name: jax.ShapeDtypeStruct(value.shape, value.dtype) for name, value in made.items()}
    return Model(_Quantized(program, shapes, roundings)), Variables(made, dict.fromkeys(made, PREPARED_FACTS))


class Layer(NamedTuple):
    """A convolution or a product: the name of its weights, and how many have taken these before it."""

    weights: str
    number: int


class _Traced(NamedTuple):
    """A program for arrays of some sizes.

    Attributes:
      closed: its equations; the first arguments are the variables, by the order of their names.
      structure: of what it returns.
      arrays: its other arguments.
      layers: what can be quantized.
      uses: how often each variable of the program is read; by its caller, twice.
    """

    closed: ClosedJaxpr
    structure: Any
    arrays: list[Any]
    layers: dict[Layer, Chain]
    uses: Mapping[Any, int]


class _Folded:
    """A folded model, traced for its layers.

    Attributes:
      name: the program's.
      names: those of its variables, in order.
      shapes: name -> shape and dtype of each.
      taken: name -> the shape in which layers that were found take weights.
    """

    def __init__(self, model: Model, variables: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self.name = getattr(model.function, "__name__", "quantized")
        self._model, self._arguments = model, dict(arguments)
        self.shapes = {name: jax.ShapeDtypeStruct(value.shape, value.dtype) for name, value in variables.items()}
        self.names = sorted(self.shapes)
        self.taken: dict[str, tuple[int, ...]] = {}

    def traced(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Traced:
        arrays, rebuild = arrays_apart((args, {**self._arguments, **kwargs}))

        def run(values: dict[str, Any], arrays: list[Any]) -> Any:
            args, kwargs = rebuild(arrays)
            return self._model.apply(values, *args, **kwargs)

        like = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays]
        closed, made = jax.make_jaxpr(run, return_shape=True)(self.shapes, like)
        uses = uses_of(closed)
        names = dict(zip(closed.jaxpr.invars, self.names, strict=False))
        read = Counter({name: uses[variable] for variable, name in names.items()})
        for equation in closed.jaxpr.eqns:  # convolutions by channel take their weights in another shape
            if equation.primitive.name not in FREE or isinstance(variable := equation.invars[0], Literal):
                continue
            (result,) = equation.outvars
            if variable in names and math.prod(variable.aval.shape) == math.prod(result.aval.shape):
                names[result] = names[variable]
                read[names[variable]] += uses[result] - 1
        chains: dict[str, list[Chain]] = {}
        for chain in chains_of(closed, len(self.names), _fits):
            if chain.weights in names:  # others are constants
                chains.setdefault(names[chain.weights], []).append(chain)
        layers = {
            Layer(name, number): chain
            for name, some in chains.items()
            # Else others read the weights as they are.
            if read[name] == len(some) and len({chain.weights.aval.shape for chain in some}) == 1
            for number, chain in enumerate(some)
        }
        self.taken |= {layer.weights: chain.weights.aval.shape for layer, chain in layers.items()}
        return _Traced(closed, jax.tree.structure(made), arrays, layers, uses)

    def limits(self, variables: Mapping[str, Any], *args: Any) -> dict[Layer, tuple[jax.Array, jax.Array]]:
        """The smallest and the largest number that goes into each layer."""
        traced = self.traced(args, {})
        value_of = values_with(traced.closed, [*(variables[name] for name in self.names), *traced.arrays])
        return {
            layer: (value_of(chain.inputs).min(), value_of(chain.inputs).max())
            for layer, chain in traced.layers.items()
        }


class _Quantized:
    """The program of a quantized model."""

    def __init__(
        self, folded: _Folded, shapes: Mapping[str, jax.ShapeDtypeStruct], roundings: Mapping[Layer, Rounding]
    ) -> None:
        self.__name__ = folded.name
        self._folded, self._shapes, self._roundings = folded, dict(shapes), dict(roundings)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        values = {
            name: model_variable(name, shape.shape, shape.dtype, trainable=False)
            for name, shape in self._shapes.items()
        }
        traced = self._folded.traced(args, kwargs)
        # Images of another size may have other layers: one that the batches did not show stays as it was.
        layers = {id(chain): layer for layer, chain in traced.layers.items() if layer in self._roundings}
        chains = [chain for chain in traced.layers.values() if id(chain) in layers]
        readers: dict[Any, list[Layer]] = {}
        for chain in chains:
            readers.setdefault(chain.inputs, []).append(layers[id(chain)])

        def computed(chain: Chain, value_of: Callable[[Any], Any]) -> jax.Array:
            layer = layers[id(chain)]
            # Where none but such layers read a result, it is made as the bytes that they take.
            taking = readers.get(chain.result, [])
            all_take = taking and len(taking) == traced.uses[chain.result]
            return _layer(
                chain, value_of, values[layer.weights], values[f"{layer.weights}_step"], self._roundings[layer],
                self._roundings[taking[0]] if all_take else None,
            )  # fmt: skip

        given = [self._as_it_was(name, values) for name in self._folded.names]
        value_of = values_with(traced.closed, [*given, *traced.arrays], chains, computed)
        return jax.tree.unflatten(traced.structure, [value_of(result) for result in traced.closed.jaxpr.outvars])

    def _as_it_was(self, name: str, values: Mapping[str, Any]) -> jax.Array:
        step = values.get(f"{name}_step")
        if step is None or values[name].dtype != jnp.int8:
            return values[name]
        return (values[name] * step).reshape(self._folded.shapes[name].shape)


def _layer(
    chain: Chain, value_of: Callable[[Any], Any], weights: jax.Array, steps: jax.Array, rounding: Rounding,
    made: Rounding | None,
) -> jax.Array:  # fmt: skip
    (inputs, bias, shortcut), (low, high) = chain.operands(value_of), chain.limits
    scale = steps * np.float32(rounding.step)
    if weights.ndim == 2:  # rows are images of a pixel
        weights = weights[None, None]
    result = quantized_convolution(
        inputs, weights, scale, bias, shortcut,
        geometry=chain.geometry.channels_last(), rounding=rounding, made=made, low=low, high=high,
    )  # fmt: skip
    return chain.as_result(result)


def _fits(inputs: Sequence[int], weights: Sequence[int], geometry: Geometry) -> bool:
    by_channel = geometry.groups == inputs[-1] == weights[-1] and weights[-2] == 1
    return (
        (geometry.groups == 1 or by_channel)
        and 0 not in (*inputs, *weights)
        and math.prod(weights[:-1]) <= MOST_PRODUCTS
    )

"""`fold_batch_norm`: a model, and its variables, prepared for evaluation."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import GraphKeys
from jax_slim.core.model import Model, arrays_apart
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Facts, Variables
from jax_slim.core.variables import model_variable
from jax_slim.inference.arranging import ArrangedOnce
from jax_slim.inference.fusing import worth_fusing
from jax_slim.inference.programs import PreparedProgram
from jax_slim.kernels import choices
from jax_slim.kernels.compiling import jit_once

_AN_ARRAY = "an array"  # stands for one where the structure of arguments is told
PREPARED_FACTS = Facts(trainable=False, collections=(GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES))


@shortened
def fold_batch_norm(model: Model, variables: Mapping[str, Any], *args: Any, **kwargs: Any) -> tuple[Model, Variables]:
    """Prepares a model for evaluation: batch norm becomes a part of the weights, once and not for each batch.

        folded, prepared = slim.fold_batch_norm(model, variables, images)
        logits, end_points = folded.apply(prepared, images)

    What a convolution or a fully connected layer is scaled and shifted by afterwards, channel by channel, goes into its
    weights and biases: `batch_norm` by its moving averages, with `gamma` and `beta`, wherever it comes next and nothing
    else reads what is between. Whatever else depends on variables alone is computed too, unless it would be larger than
    they are. Results are those of `model` but for rounding: about 1e-6 of the largest.

    The new variables have the names of those they are made of: 'conv1/weights', scaled; the rest of
    'conv1/BatchNorm/...' is 'conv1/biases'. They are for evaluation: what is trained is the old model. `slim.predictor`
    prepares by itself; this is for exporting, and for programs of your own. What `slim.kernel_forms` says where a model
    is prepared holds whenever it runs.

    Args:
      model: a `Model`, such as `slim.nets.create_model` makes.
      variables: its variables: name -> array. Others among them are passed over.
      *args, **kwargs: as for the model in evaluation; arrays may be `jax.ShapeDtypeStruct`s. Later ones may have other
        sizes where the model takes them.

    Returns:
      A `Model` with the arguments and the result of `model`, and its variables.

    Raises:
      ValueError: a variable is missing or has another shape.
      ProgramError: the program draws random numbers.
    """
    return prepared(model, variables, args, kwargs)


def prepared(
    model: Model,
    variables: Mapping[str, Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    alone: bool = False,
    groups: bool = False,
    native: bool = False,
) -> tuple[Model, Variables]:
    """As `fold_batch_norm`.

    Args:
      alone: whether the new model returns only what `without_end_points` leaves.
      groups: whether the new model may take a batch in groups, one after the other (see `grouping`).
      native: whether it has native kernels (see `fusing`), for inputs of these sizes but for the batch's.
    """
    given = _read(model, variables, args, kwargs)
    shapes = {name: jax.ShapeDtypeStruct(np.shape(value), value.dtype) for name, value in given.items()}
    program = _Prepared(model, shapes, alone, groups, native)
    made, arrays = program.program(args, kwargs)
    split = made.split(arrays)
    changed = jit_once(split.prepare_changed)(given)
    values = {name: changed[name] if name in changed else jnp.asarray(given[name]) for name in split.shapes}
    return Model(program), Variables(values, dict.fromkeys(values, PREPARED_FACTS))


def _read(
    model: Model, variables: Mapping[str, Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """What the model takes, and others where they are in memory: splitting its program passes them over."""
    if isinstance(variables, Variables | ArrangedOnce):
        return dict(variables)
    return {name: variables[name] for name in model.specs(*args, **kwargs) if name in variables}


def ready(
    model: Model, variables: Mapping[str, Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Model, Variables]:
    """As `prepared`, of the outputs alone, with all that is fastest here: groups, and native kernels if there are any.

    The new model is for inputs of these sizes, in batches of any.
    """
    return prepared(model, variables, args, kwargs, alone=True, groups=True, native=worth_fusing())


class _Prepared:
    """The program of a prepared model."""

    def __init__(
        self, model: Model, shapes: Mapping[str, jax.ShapeDtypeStruct], alone: bool, groups: bool, native: bool
    ) -> None:
        self.__name__ = getattr(model.function, "__name__", "prepared")
        self._model, self._shapes = model, dict(shapes)
        self._alone, self._groups, self._native = alone, groups, native
        self._kernel_forms = choices.kind()
        self._programs: dict[Any, PreparedProgram] = {}

    def program(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[PreparedProgram, list[Any]]:
        """The model's program for the structure of these arguments, and the arrays among them."""
        arrays, rebuild = arrays_apart((args, dict(kwargs)))
        leaves, structure = jax.tree.flatten(rebuild([_AN_ARRAY] * len(arrays)))
        key = (structure, tuple(map(repr, leaves)))
        if key not in self._programs:

            def run(values: dict[str, Any], arrays: list[Any]) -> Any:
                args, kwargs = rebuild(arrays)
                result = self._model.apply(values, *args, **kwargs)
                return without_end_points(result) if self._alone else result

            with choices.kernel_forms(self._kernel_forms):
                self._programs[key] = PreparedProgram(run, self._shapes, self._groups, native=self._native)
        return self._programs[key], arrays

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        program, arrays = self.program(args, kwargs)
        values = {
            name: model_variable(name, shape.shape, shape.dtype, trainable=False)
            for name, shape in program.split(arrays).shapes.items()
        }
        return program.run(values, arrays)


def without_end_points(result: Any) -> Any:
    """The first of (outputs, end points), which is what the nets of the zoo return; else the whole result."""
    pair = isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)
    return result[0] if pair else result

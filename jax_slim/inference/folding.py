"""`fold_batch_norm`: a model, and its variables, prepared for evaluation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.collections import GraphKeys
from jax_slim.core.model import Model, arrays_apart
from jax_slim.core.tracebacks import shortened
from jax_slim.core.values import Facts, Variables
from jax_slim.core.variables import model_variable
from jax_slim.inference.grouping import cost_of_examples, in_groups, same_steps, size_of_groups, worth_grouping
from jax_slim.inference.splitting import Split
from jax_slim.kernels import choices, jit

_FACTS = Facts(trainable=False, collections=(GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES))


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
) -> tuple[Model, Variables]:
    """As `fold_batch_norm`.

    Args:
      alone: whether the new model returns only what `without_end_points` leaves.
      groups: whether the new model may take a batch in groups, one after the other (see `grouping`).
    """
    specs = model.specs(*args, **kwargs)
    given = {name: variables[name] for name in specs if name in variables}
    shapes = {name: jax.ShapeDtypeStruct(np.shape(value), value.dtype) for name, value in given.items()}
    program = _Prepared(model, shapes, alone, groups)
    split = program.split(args, kwargs)[0]
    changed = jit(split.prepare_changed)(given)
    values = {name: changed[name] if name in changed else jnp.asarray(given[name]) for name in split.shapes}
    return Model(program), Variables(values, dict.fromkeys(values, _FACTS))


class _Prepared:
    """The program of a prepared model."""

    def __init__(self, model: Model, shapes: Mapping[str, jax.ShapeDtypeStruct], alone: bool, groups: bool) -> None:
        self.__name__ = getattr(model.function, "__name__", "prepared")
        self._model, self._shapes, self._alone, self._groups = model, dict(shapes), alone, groups
        self._kernel_forms = choices.kind()  # other forms make other arrays of variables
        self._splits: dict[Any, tuple[Split, Any]] = {}

    def split(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Split, Any, list[Any]]:
        """The model's program in two, the structure of its result, and the arrays among its arguments."""
        arrays, rebuild = arrays_apart((args, dict(kwargs)))
        leaves, structure = jax.tree.flatten(
            rebuild([jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays])
        )
        key = (structure, tuple(map(repr, leaves)), choices.tuned())
        if key not in self._splits:
            self._splits[key] = self._split(arrays, rebuild)
        return *self._splits[key], arrays

    def _split(self, arrays: list[Any], rebuild: Callable[[list[Any]], Any]) -> tuple[Split, Any]:
        def run(values: dict[str, Any], arrays: list[Any]) -> Any:
            args, kwargs = rebuild(arrays)
            result = self._model.apply(values, *args, **kwargs)
            return without_end_points(result) if self._alone else result

        like = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays]
        with choices.kernel_forms(self._kernel_forms):
            closed, made = jax.make_jaxpr(run, return_shape=True)(self._shapes, like)
        # A dict of values goes in by the order of its names.
        return Split(closed, sorted(self._shapes)), jax.tree.structure(made)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        split, structure, arrays = self.split(args, kwargs)
        values = {
            name: model_variable(name, shape.shape, shape.dtype, trainable=False)
            for name, shape in split.shapes.items()
        }
        size = self._size_of_groups(split, args, kwargs, arrays) if self._groups else None
        if size is None:
            results = split.run(values, arrays)
        else:
            _, rebuild = arrays_apart((args, kwargs))

            def run(arrays: list[Any]) -> list[Any]:
                return self.split(*rebuild(arrays))[0].run(values, arrays)

            results = in_groups(run, arrays, size)
        return jax.tree.unflatten(structure, results)

    def _size_of_groups(
        self, split: Split, args: tuple[Any, ...], kwargs: Mapping[str, Any], arrays: Sequence[Any]
    ) -> int | None:
        """How many examples are to go through the program together; None for all."""
        lengths = {array.shape[0] if array.shape else None for array in arrays}
        examples = lengths.pop() if len(lengths) == 1 else None
        if not isinstance(examples, int) or examples < 2 or not worth_grouping():
            return None
        whole = jax.make_jaxpr(split.run)(split.shapes, arrays)
        cost = cost_of_examples(whole, len(arrays), examples)
        size = examples if cost is None else size_of_groups(examples, cost)
        if size == examples:
            return None
        _, rebuild = arrays_apart((args, kwargs))
        few = [jax.ShapeDtypeStruct((size, *array.shape[1:]), array.dtype) for array in arrays]
        same = same_steps(whole, jax.make_jaxpr(self.split(*rebuild(few))[0].run)(split.shapes, few))
        return size if same else None


def without_end_points(result: Any) -> Any:
    """The first of (outputs, end points), which is what the nets of the zoo return; else the whole result."""
    pair = isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping)
    return result[0] if pair else result

"""The losses of a program: listing them, those of the regularizers, and their total."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core import program as _program
from jax_slim.core.arg_scope import add_arg_scope
from jax_slim.core.collections import GraphKeys, add_to_collection, get_collection, listed, matching
from jax_slim.core.program import Item, operation
from jax_slim.core.scopes import name_scope, unique_op_name
from jax_slim.core.variables import Variable


@add_arg_scope
def add_loss(loss: jax.Array, loss_collection: str | None = GraphKeys.LOSSES, name: str = "loss") -> None:
    """Lists a loss of your own, so that `get_total_loss` adds it up with the others.

        distance = jnp.mean(jnp.square(embeddings - centers))
        slim.losses.add_loss(0.1 * distance, name="center_loss")

    Args:
      loss: a scalar.
      loss_collection: the collection that lists it; None lists it nowhere. In an `arg_scope` of `add_loss` it
        holds for every function of `slim.losses` (not of `slim.losses.tf`, which have the argument themselves).
      name: what it goes by in `collected.losses`, inside the current name scope, made unique. (TF takes the
        name of the operation.)

    Raises:
      ProgramError: outside of a program, or inside a `scan`, `vmap`, `grad`, ... opened within the program.
    """
    if loss_collection:
        _program.require("add_loss")
        add_to_collection(loss_collection, loss, unique_op_name(name))


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[jax.Array]:
    """The losses listed so far, in the order in which they were added. Regularization losses are not among them.

    Args:
      scope: a regular expression that their names must match from the start; None means all.
      loss_collection: where to look.
    """
    return get_collection(loss_collection, scope)


@operation
def get_regularization_losses(scope: str | None = None) -> list[jax.Array]:
    """The losses of the variables' regularizers, and those added to the collection REGULARIZATION_LOSSES by hand.

    Each variable that was made with a regularizer counts once, however often it is reused, with the value that it
    has here. A regularizer that returns None (such as `l2_regularizer(0.0)`) adds no loss.

    Args:
      scope: a regular expression that their names must match from the start; None means all. The names are TF's:
        'conv1/weights/Regularizer/l2_regularizer'.

    Returns:
      Scalars: of the variables in the order in which they were made, then those added by hand.

    Raises:
      ValueError: a regularizer returned something that is not a scalar.
    """
    return [item.value for item in _penalties(scope, "get_regularization_losses")]


@operation
def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> jax.Array:
    """The sum of `get_regularization_losses(scope)`; 0.0 when there are none.

    Args:
      scope: as for `get_regularization_losses`.
      name: of the operation.
    """
    penalties = _penalties(scope, "get_regularization_loss")
    with name_scope(name):
        return _sum("get_regularization_loss", penalties) if penalties else jnp.zeros((), jnp.float32)


@operation
def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> jax.Array:
    """The sum of every loss listed so far and of every regularization loss: what training minimizes.

        slim.losses.softmax_cross_entropy(logits, onehot_labels)
        total_loss = slim.losses.get_total_loss()

    Args:
      add_regularization_losses: whether the regularization losses count.
      name: of the operation.
      scope: counts only losses whose names match this regular expression from the start; None means all.

    Returns:
      A scalar (or an array, when the listed losses are arrays of one shape).

    Raises:
      ValueError: there are no losses at all, or they differ in shape.
    """
    program = _program.require("get_total_loss")
    losses = matching(program.collection(GraphKeys.LOSSES), scope)
    if add_regularization_losses:
        losses = losses + _penalties(scope, "get_total_loss")
    if not losses:
        among = "" if scope is None else f" whose names begin with {scope!r}"
        raise ValueError(
            f"get_total_loss: there must be at least one loss{among}, got none. Call a function of slim.losses, or "
            "slim.losses.add_loss(loss), before it and in the same program."
        )
    with name_scope(name):
        return _sum("get_total_loss", losses)


@operation
def apply_regularization(
    regularizer: Callable[[jax.Array], jax.Array | None], weights_list: Sequence[Any] | None = None
) -> jax.Array:
    """Penalizes several arrays with one regularizer, and lists the sum among the regularization losses.

        slim.apply_regularization(slim.l2_regularizer(5e-4), slim.get_variables_by_suffix("weights"))

    Regularizers given to layers (`weights_regularizer`) need no such call.

    Args:
      regularizer: array -> scalar, or None where nothing is penalized.
      weights_list: arrays or variables; by default what the collection WEIGHTS lists.

    Returns:
      The sum of the penalties, a scalar.

    Raises:
      ValueError: there are no weights, or the regularizer returns something that is not a scalar.
    """
    program = _program.current()
    if not weights_list and program is not None:
        weights_list = [program.read_variable(spec.name) for spec in listed(program.variables(), GraphKeys.WEIGHTS)]
        weights_list += [item.value for item in program.collection(GraphKeys.WEIGHTS)]
    if not weights_list:
        raise ValueError(
            "apply_regularization: weights_list must hold at least one array, got none, and the collection 'weights' "
            'is empty. Pass weights_list=slim.get_variables_by_suffix("weights").'
        )
    arrays = [jnp.asarray(weights.value if isinstance(weights, Variable) else weights) for weights in weights_list]
    with name_scope("get_regularization_penalty") as scope:
        penalties = [
            Item(
                f"weights_list[{index}]", _scalar("apply_regularization", f"weights_list[{index}]", regularizer(array))
            )
            for index, array in enumerate(arrays)
        ]
        penalties = [item for item in penalties if item.value is not None]
        total = _sum("apply_regularization", penalties) if penalties else jnp.zeros((), jnp.float32)
    if program is not None:
        add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total, scope.removesuffix("/"))
    return total


def record(loss: jax.Array, loss_collection: str | None = None, name: str = "value") -> jax.Array:
    """Lists the result of a loss function and returns it; outside of a program there is nowhere to list it.

    Args:
      loss: the result.
      loss_collection: the collection; None leaves the choice to `add_loss` and its `arg_scope`, '' lists it nowhere.
      name: inside the current name scope.
    """
    if _program.current() is not None:
        if loss_collection is None:
            add_loss(loss, name=name)
        else:
            add_loss(loss, loss_collection=loss_collection, name=name)
    return loss


def _penalties(scope: str | None, caller: str) -> list[Item]:
    program = _program.require(caller)
    found = []
    for spec in program.variables().values():
        if spec.regularizer is None:
            continue
        kind = getattr(spec.regularizer, "name", None) or getattr(spec.regularizer, "__name__", "")
        name = f"{spec.name}/Regularizer/{kind}"
        if not matching([Item(name, None)], scope):
            continue
        penalty = _scalar(caller, spec.name, spec.regularizer(program.read_variable(spec.name)))
        if penalty is not None:
            found.append(Item(name, penalty))
    return found + matching(program.collection(GraphKeys.REGULARIZATION_LOSSES), scope)


def _scalar(caller: str, weights: str, penalty: Any) -> jax.Array | None:
    if penalty is None:
        return None
    penalty = jnp.asarray(penalty)
    if penalty.ndim:
        raise ValueError(
            f"{caller}: the regularizer of {weights} must return a scalar or None, got shape {penalty.shape}. "
            "Sum over the weights."
        )
    return penalty


def _sum(caller: str, items: list[Item]) -> jax.Array:
    shapes = {item.name: jnp.shape(item.value) for item in items}
    if len(set(shapes.values())) > 1:
        described = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"{caller}: losses must be of one shape, got {described}. Reduce each to a scalar before it is added."
        )
    total = jnp.asarray(items[0].value)
    for item in items[1:]:
        total = total + item.value
    return total

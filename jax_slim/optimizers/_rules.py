"""From a rule for one variable to an optax transformation: what every optimizer here is made of.

A rule is TensorFlow's kernel: gradient, variable and slots of one variable -> its change and its next slots. This
module maps it over the variables, and keeps the state in one form for all optimizers, under TensorFlow's names.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

Rate = Any
"""A learning rate: a number, a scalar array (traced, too), or a schedule: step -> number."""


class OptimizerState(NamedTuple):
    """The state of an optimizer: the same form for all of them, so that checkpoints and TensorFlow's names fit.

    Attributes:
      count: how many updates were made: what schedules are called with.
      slots: slot name -> a tree like the variables: {"Adam": ..., "Adam_1": ...}. TensorFlow's variable for the slot
        of 'conv1/weights' is 'conv1/weights/Adam'.
      shared: numbers that belong to no variable, by TensorFlow's names: {"beta1_power": 0.9, "beta2_power": 0.999}.
    """

    count: jax.Array  # pyright: ignore[reportIncompatibleMethodOverride] - optax calls it so; nobody counts in a state
    slots: dict[str, Any]
    shared: dict[str, jax.Array]


class Step(NamedTuple):
    """What is the same for all variables in one update.

    Attributes:
      rate: the learning rate.
      number: how many updates came before.
      shared: the shared numbers, as they were before this update.
    """

    rate: Any
    number: jax.Array
    shared: Mapping[str, jax.Array]


Rule = Callable[[jax.Array, Any, Sequence[jax.Array], Step], tuple[jax.Array, Sequence[jax.Array]]]
"""gradient, variable, slots, step -> change to add to the variable, next slots. In float32 at least."""


class Slot(NamedTuple):
    """A slot: its name in TensorFlow, and the number that fills it at first."""

    name: str
    initial: Any = 0.0


def rate_at(rate: Rate, step: Any) -> Any:
    """What a rate is at a step."""
    return rate(step) if callable(rate) else rate


def transformation(
    function: str,
    learning_rate: Rate,
    rule: Rule,
    slots: Sequence[Slot] = (),
    powers: Mapping[str, Any] | None = None,
    reads_variables: bool = False,
) -> optax.GradientTransformationExtraArgs:
    """The optax transformation that applies `rule` to each variable.

    Its `update` takes an optional `global_step`, which schedules then see in place of the state's own count.

    Args:
      function: the optimizer, for messages.
      learning_rate: a number, an array or a schedule.
      rule: what happens to one variable.
      slots: what is kept for each variable, in the order of the rule's slots.
      powers: shared numbers: name -> factor. Each starts as its factor and is multiplied by it after every update.
      reads_variables: whether the rule needs the variables' values.
    """
    names = _unique([slot.name for slot in slots])
    powers = powers or {}

    def init(params: Any) -> OptimizerState:
        def filled(slot: Slot) -> Any:
            return jax.tree.map(lambda v: jnp.full(jnp.shape(v), slot.initial, _wide(v)), params)

        return OptimizerState(
            jnp.zeros((), jnp.int32),
            {name: filled(slot) for name, slot in zip(names, slots, strict=True)},
            {name: jnp.asarray(factor, jnp.float32) for name, factor in powers.items()},
        )

    def update(
        updates: Any, state: Any, params: Any = None, *, global_step: Any = None, **extra: Any
    ) -> tuple[Any, OptimizerState]:
        del extra
        if params is None and reads_variables:
            raise ValueError(f"{function}: update must be given the variables: update(gradients, state, variables).")
        number = state.count if global_step is None else global_step
        rate = rate_at(learning_rate, number)
        step = Step(rate, number, state.shared)
        gradients, structure = jax.tree.flatten(updates)
        variables = [None] * len(gradients) if params is None else structure.flatten_up_to(params)
        old = zip(*(structure.flatten_up_to(state.slots[name]) for name in names), strict=True)
        changes, new = [], []
        for gradient, variable, kept in zip(gradients, variables, old if names else [()] * len(gradients), strict=True):
            wide = _wide(gradient)
            value = None if variable is None else jnp.asarray(variable, wide)
            change, kept = rule(jnp.asarray(gradient, wide), value, kept, step)
            changes.append(change.astype(jnp.asarray(gradient).dtype))
            new.append([slot.astype(wide) for slot in kept])
        return structure.unflatten(changes), OptimizerState(
            jnp.asarray(optax.safe_increment(state.count)),
            {name: structure.unflatten([kept[index] for kept in new]) for index, name in enumerate(names)},
            {name: state.shared[name] * jnp.asarray(factor, jnp.float32) for name, factor in powers.items()},
        )

    return optax.GradientTransformationExtraArgs(init, update)


def _wide(value: Any) -> Any:
    """The dtype to compute and to keep slots in: a moving average in bfloat16 would stop moving."""
    return jnp.promote_types(jnp.asarray(value).dtype, jnp.float32)


def _unique(names: Sequence[str]) -> list[str]:
    """Slot names made unique as TensorFlow does it: Adam, Adam_1."""
    found: list[str] = []
    for name in names:
        candidate, index = name, 0
        while candidate in found:
            index += 1
            candidate = f"{name}_{index}"
        found.append(candidate)
    return found

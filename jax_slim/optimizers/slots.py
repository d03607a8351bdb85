"""Optimizer state under the names that its variables have in TensorFlow, and back: for TensorFlow's checkpoints."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core import names
from jax_slim.optimizers._rules import OptimizerState
from jax_slim.optimizers._selection import name_of


def slot_variables(state: Any, scope: str = "") -> dict[str, jax.Array]:
    """The optimizer's variables as TensorFlow names them: name -> array.

        optimizer = slim.optimizers.adam(0.01)
        state = optimizer.init(variables.trainable)
        slot_variables(state)       # {'beta1_power': ..., 'fc1/weights/Adam': ..., 'fc1/weights/Adam_1': ..., ...}

    Args:
      state: the state of an optimizer of this room, or any tree that holds some: `optax.chain`'s, a `TrainState`'s
        `optimizer`. Other optimizers' states in it have no names in TensorFlow and are passed over.
      scope: the variable scope in which TensorFlow made them: 'OptimizeLoss'.

    Raises:
      ValueError: there is no state of this room, or two in it keep a slot of the same name.
    """
    found: dict[str, jax.Array] = {}
    for name, leaf in _named(state, "slot_variables"):
        found[names.join(scope.rstrip("/"), name)] = leaf
    return found


def with_slot_variables(state: Any, arrays: Mapping[str, Any], scope: str = "") -> Any:
    """`state` with the values of `arrays`, which go by TensorFlow's names: the way back from `slot_variables`.

        reader = ...                                                    # of a TensorFlow checkpoint: name -> array
        state = with_slot_variables(optimizer.init(variables.trainable), reader)

    Args:
      state: as for `slot_variables`.
      arrays: name -> array; other names than those of `slot_variables(state, scope)` are passed over, but for
        'global_step', which becomes the state's count, so that schedules go on where they were.
      scope: as for `slot_variables`.

    Raises:
      ValueError: a name is missing, or an array has another shape.
    """
    scope = scope.rstrip("/")

    def replaced(name: str, old: Any) -> jax.Array:
        name = names.join(scope, name)
        if name not in arrays:
            raise ValueError(
                f"with_slot_variables: arrays must hold {name!r}, which it does not."
                f"{names.hint(name, arrays, 'arrays')} Was it another optimizer, or another scope?"
            )
        value = arrays[name]
        if np.shape(value) != np.shape(old):
            raise ValueError(
                f"with_slot_variables: {name!r} must have shape {np.shape(old)}, got {np.shape(value)}. Is it of "
                "another model?"
            )
        return jnp.asarray(value, old.dtype)

    # By position: the order of `_named` is that of the leaves that have names.
    new = iter([replaced(name, leaf) for name, leaf in _named(state, "with_slot_variables")])

    def one(part: Any) -> Any:
        if not isinstance(part, OptimizerState):
            return part
        count = part.count
        if "global_step" in arrays:
            count = jnp.asarray(arrays["global_step"], count.dtype)
        shared = {name: next(new) for name in part.shared}
        slots = {name: jax.tree.map(lambda _: next(new), tree) for name, tree in part.slots.items()}
        return OptimizerState(count, slots, shared)

    return jax.tree.map(one, state, is_leaf=_is_ours)


def _named(state: Any, function: str) -> Iterator[tuple[str, Any]]:
    """TensorFlow's name and value of everything that the states of this room in `state` keep, in one fixed order."""
    parts = [part for part in jax.tree.leaves(state, is_leaf=_is_ours) if isinstance(part, OptimizerState)]
    if not parts:
        raise ValueError(
            f"{function}: state must hold the state of an optimizer of slim.optimizers, got {type(state).__name__}, "
            "which holds none. Optax's own optimizers keep nothing that TensorFlow has a name for."
        )
    taken: set[str] = set()
    for part in parts:
        for name, value in part.shared.items():
            # Two Adams in one graph: the second one's are 'beta1_power_1', 'beta2_power_1'.
            unique, index = name, 0
            while unique in taken:
                index += 1
                unique = f"{name}_{index}"
            taken.add(unique)
            yield unique, value
        for slot, tree in part.slots.items():
            for path, value in jax.tree_util.tree_leaves_with_path(tree):
                name = names.join(name_of(path), slot)
                if name in taken:
                    raise ValueError(
                        f"{function}: two optimizers keep a slot {name!r}. Give one of them another name=."
                    )
                taken.add(name)
                yield name, value


def _is_ours(node: Any) -> bool:
    return isinstance(node, OptimizerState)

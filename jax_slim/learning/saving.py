"""A `TrainState` as named arrays, the form in which checkpoints hold it, and back."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.learning.train_op import TrainState


def named_arrays(state: TrainState) -> dict[str, Any]:
    """The leaves of a state by name: 'variables/conv1/weights', 'optimizer/0/trace/conv1/weights', 'rng'."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(_plain(state))
    return {_name(path): leaf for path, leaf in leaves}


def state_like(template: TrainState, arrays: dict[str, Any], key: jax.Array) -> TrainState:
    """The state of the form of `template` whose leaves are `arrays`, by the names of `named_arrays`.

    Its random key becomes one of the kind of `key`.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(_plain(template))
    state = jax.tree.unflatten(structure, [arrays[_name(path)] for path, _ in leaves])
    if not jnp.issubdtype(template.rng.dtype, jax.dtypes.prng_key):
        return state
    rng = jax.random.wrap_key_data(jnp.asarray(state.rng), impl=str(jax.random.key_impl(key)))
    return dataclasses.replace(state, rng=rng)


def named_as(template: TrainState, values: Mapping[str, Any]) -> TrainState:
    """A tree like `template`, with the value of its name in place of each leaf: shardings, say."""
    return jax.tree_util.tree_map_with_path(lambda path, leaf: values[_name(path)], template)


def variable_of(variables: Iterable[str]) -> Callable[[str], str]:
    """What tells which variable a leaf belongs to, by its name.

    'optimizer/0/trace/conv1/weights' -> 'conv1/weights'; a leaf that belongs to none keeps its own name.
    """
    known = set(variables)

    def of(name: str) -> str:
        parts = name.split("/")
        tails = ("/".join(parts[start:]) for start in range(1, len(parts)))
        return next((tail for tail in tails if tail in known), name)

    return of


def averages_of(state: TrainState) -> dict[str, str]:
    """Variable name -> the name of the leaf that is its moving average."""
    of = variable_of(state.variables)
    found = {}
    for name, leaf in named_arrays(state).items():
        variable = of(name)
        if not name.startswith("averages/") or variable not in state.variables:
            continue
        if leaf.shape == state.variables[variable].shape:
            found.setdefault(variable, name)
    return found


def _plain(state: TrainState) -> TrainState:
    """The state with its key as plain numbers, which files can hold; also of a state of shapes."""
    rng = state.rng
    if jnp.issubdtype(rng.dtype, jax.dtypes.prng_key):
        abstract = isinstance(rng, jax.ShapeDtypeStruct)
        rng = jax.eval_shape(jax.random.key_data, rng) if abstract else jax.random.key_data(rng)
    return dataclasses.replace(state, rng=rng)


def _name(path: tuple[Any, ...]) -> str:
    return jax.tree_util.keystr(path, simple=True, separator="/")

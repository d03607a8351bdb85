"""The state that a run begins with: from its checkpoint or drawn, and on which devices its parts lie."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from jax_slim.checkpoints.native import CheckpointError, Checkpoints
from jax_slim.core import processes
from jax_slim.core.values import Variables
from jax_slim.learning.options import RunOptions
from jax_slim.learning.saving import named_arrays, named_as, state_like, variable_of
from jax_slim.learning.train_op import TrainState
from jax_slim.learning.unsaved import Unsaved
from jax_slim.parallel.placing import put, put_tree
from jax_slim.parallel.rules import shardings


def start_state(
    options: RunOptions, mesh: Mesh, batch: Any, checkpoints: Checkpoints | Unsaved, start: int | None
) -> tuple[TrainState, Any]:
    """The state to begin with, from the checkpoint or drawn; and where its parts lie: a tree of shardings like it."""
    train_op, init_fn, sharding_rules = options.train_op, options.init_fn, options.sharding_rules
    key = jax.random.key(options.seed)
    shapes = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), batch)
    if start is None or isinstance(checkpoints, Unsaved):
        if processes.several():
            return _drawn_in_parts(options, mesh, key, shapes)
        state = train_op.init(key, batch)
        if init_fn is not None:
            state = train_op.state(_with_initial(state.variables, init_fn(state.variables)), state.rng)
        where = named_as(state, layout(state, mesh, sharding_rules))
        # The step gives its state away: two leaves must not be one buffer, as equal constants may be.
        return put_tree(state, where), where
    template = jax.eval_shape(train_op.init, key, shapes)
    found = layout(template, mesh, sharding_rules)
    like = {
        name: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=found[name])
        for name, leaf in named_arrays(template).items()
    }
    try:
        arrays, _ = checkpoints.restore(start, like)
    except CheckpointError as error:
        raise _about_optimizer(error, checkpoints.directory) from error
    where = named_as(template, found)
    return jax.device_put(state_like(template, arrays, key), where), where


def _drawn_in_parts(options: RunOptions, mesh: Mesh, key: jax.Array, batch: Any) -> tuple[TrainState, Any]:
    """The state before the first step of several processes: none of them ever holds more of it than its share.

    Each variable is drawn by every process, with the value that it has in a run of one, and cut at once. Values of an
    `init_fn` are whole first, as it takes and returns them.
    """
    train_op = options.train_op
    template = jax.eval_shape(train_op.init, key, batch)
    found = layout(template, mesh, options.sharding_rules)
    where = named_as(template, found)
    for_variables, for_steps = jax.random.split(key)
    batch = train_op.transformed(batch)

    def place(name: str, value: Any) -> jax.Array:
        return put(value, found[f"variables/{name}"])

    if options.init_fn is None:
        variables = train_op.model.init_placed(for_variables, place, batch)
    else:
        drawn = train_op.model.init(for_variables, batch)
        drawn = _with_initial(drawn, options.init_fn(drawn))
        variables = drawn | {name: place(name, value) for name, value in drawn.items()}
    # Donated, or a variable and what an optimizer keeps as its copy would be one buffer, which the step gives away.
    made = jax.jit(train_op.state, donate_argnums=0, out_shardings=where)
    return made(variables, put(for_steps, found["rng"])), where


def layout(state: TrainState, mesh: Mesh, sharding_rules: Any) -> dict[str, Any]:
    """Where each leaf of a state lies, by its name. The random key is in one piece, though it has numbers to cut."""
    arrays = named_arrays(state)
    key = {"rng": arrays.pop("rng")}
    return shardings(arrays, mesh, sharding_rules, variable_of(state.variables)) | shardings(key, mesh, None)


def _about_optimizer(error: CheckpointError, directory: str) -> CheckpointError:
    """The error, with a way out when it is the optimizer's state alone that does not fit."""
    if "optimizer/" not in str(error) or "variables/" in str(error):
        return error
    return CheckpointError(
        f"{error}\nThe variables fit, the optimizer's state does not: was the optimizer changed? To go on with the new "
        "one, train in another directory, with init_fn=lambda variables: slim.checkpoints.load_variables("
        f"{directory!r}).select(exclude='global_step')."
    )


def _with_initial(variables: Variables, given: Any) -> Variables:
    if not isinstance(given, Mapping):
        raise TypeError(
            f"train: init_fn must return a mapping variable name -> array, got {type(given).__name__}. "
            "It may return only those to replace."
        )
    for name, value in given.items():
        if np.shape(value) != variables[name].shape:
            raise ValueError(
                f"train: init_fn gave {name!r} with shape {np.shape(value)}, but it has shape {variables[name].shape}."
            )
    return variables | {name: jnp.asarray(value, variables[name].dtype) for name, value in given.items()}

"""The global step: the variable that counts training steps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core import program as _program
from jax_slim.core.collections import GraphKeys
from jax_slim.core.program import VariableSpec
from jax_slim.core.variables import Variable


def get_global_step() -> jax.Array | None:
    """The number of training steps done, as an integer scalar, or None where the program has not made it."""
    program = _program.require("get_global_step")
    return program.read_variable("global_step") if "global_step" in program.variables() else None


def create_global_step() -> jax.Array:
    """Makes the variable 'global_step'; ValueError when it exists."""
    program = _program.require("create_global_step")
    if "global_step" in program.variables():
        raise ValueError("create_global_step: 'global_step' already exists. Use get_or_create_global_step().")
    return program.make_variable(
        VariableSpec(
            "global_step",
            (),
            # TF's is int64. JAX has that only with x64 enabled; int32 counts 2 billion steps.
            jax.dtypes.canonicalize_dtype(np.int64),
            False,
            (GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP),
            np.zeros((), np.int32),
            None,
            "global_step",
            _program.user_line(),
        )
    )


def get_or_create_global_step() -> jax.Array:
    """The number of training steps done, as an integer scalar; `learning` counts it up after each step."""
    step = get_global_step()
    return create_global_step() if step is None else step


def assert_global_step(global_step_tensor: Any) -> None:
    """Raises TypeError unless `global_step_tensor` can count steps: an integer scalar, or the record of one."""
    step = global_step_tensor
    if not isinstance(step, Variable | jax.Array | np.ndarray | np.generic | jax.ShapeDtypeStruct):
        raise TypeError(f"assert_global_step: global_step_tensor must be an array or a variable, got {step!r}.")
    if not jnp.issubdtype(step.dtype, jnp.integer) or step.shape != ():
        raise TypeError(
            "assert_global_step: global_step_tensor must be an integer scalar, got shape "
            f"{step.shape} and dtype {jnp.dtype(step.dtype).name}."
        )


def assert_or_get_global_step(global_step_tensor: Any = None) -> Any:
    """`global_step_tensor`, checked by `assert_global_step`; without it, what `get_global_step` gives."""
    if global_step_tensor is None:
        return get_global_step()
    assert_global_step(global_step_tensor)
    return global_step_tensor

"""The global step: the variable that counts training steps."""

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core import names
from jax_slim.core import program as _program
from jax_slim.core.collections import GraphKeys
from jax_slim.core.program import Program, VariableSpec
from jax_slim.core.scopes import get_variable_scope
from jax_slim.core.variables import Variable

_at_root: contextvars.ContextVar[bool] = contextvars.ContextVar("jax_slim_at_root", default=False)


def get_global_step() -> jax.Array | None:
    """The number of training steps done, as an integer scalar, or None where the program has not made it."""
    program = _program.require("get_global_step")
    name = _present(program)
    return None if name is None else program.read_variable(name)


def create_global_step() -> jax.Array:
    """Makes the variable 'global_step' in the current variable scope; ValueError when there is one anywhere.

    In the loss function of a train op, which counts it, it is always at the root.
    """
    program = _program.require("create_global_step")
    present = _present(program)
    if present is not None:
        raise ValueError(f"create_global_step: {present!r} already exists. Use get_or_create_global_step().")
    name = "global_step" if _at_root.get() else names.join(get_variable_scope().name, "global_step")
    return program.make_variable(
        VariableSpec(
            name,
            (),
            # TF's is int64. JAX has that only with x64 enabled; int32 counts 2 billion steps.
            jax.dtypes.canonicalize_dtype(np.int64),
            False,
            (GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP),
            np.zeros((), np.int32),
            None,
            name,
            _program.user_line(),
        )
    )


def get_or_create_global_step() -> jax.Array:
    """The number of training steps done, as an integer scalar; `learning` counts it up after each step."""
    step = get_global_step()
    return create_global_step() if step is None else step


@contextlib.contextmanager
def step_at_root() -> Iterator[None]:
    """Inside, a step is made at the root, where the train op that counts it looks for it."""
    token = _at_root.set(True)
    try:
        yield
    finally:
        _at_root.reset(token)


def _present(program: Program) -> str | None:
    """The name of the program's global step, whatever scope it was made in."""
    specs = program.variables()
    if "global_step" in specs:
        return "global_step"
    return next((name for name, spec in specs.items() if GraphKeys.GLOBAL_STEP in spec.collections), None)


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

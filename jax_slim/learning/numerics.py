"""What went bad when a loss is NaN or infinite: looked for on the device, and only then."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Diagnosis(NamedTuple):
    """Which variables and gradients were not finite; all False while the loss is.

    Attributes:
      variables: one boolean for each variable, before the step.
      gradients: one for each gradient, in the step.
    """

    variables: jax.Array
    gradients: jax.Array


def diagnose(loss: jax.Array, variables: Mapping[str, Any], gradients: Mapping[str, Any]) -> Diagnosis:
    """Looks through variables and gradients, if the loss is not finite.

    The search is under a condition on the device: while all is well it costs nothing, and when something is wrong, the
    values of that very step are still there.
    """

    def search() -> Diagnosis:
        return Diagnosis(_bad(variables), _bad(gradients))

    def skip() -> Diagnosis:
        return Diagnosis(jnp.zeros(len(variables), bool), jnp.zeros(len(gradients), bool))

    return jax.lax.cond(jnp.isfinite(loss), skip, search)


def describe(diagnosis: Diagnosis, variables: Mapping[str, Any], gradients: Mapping[str, Any], step: int) -> str:
    """A sentence on what went bad first, for the message that ends the run."""
    before = [name for name, bad in zip(variables, diagnosis.variables.tolist(), strict=True) if bad]
    if before:
        left = _some(before, len(variables))
        return f"The gradients of step {step - 1} went bad first: they left NaN or infinity in {left}."
    now = [name for name, bad in zip(gradients, diagnosis.gradients.tolist(), strict=True) if bad]
    if now:
        return f"All variables were finite before it; its gradients went bad for {_some(now, len(gradients))}."
    return "All variables and gradients are finite: the loss itself overflowed."


def _bad(values: Mapping[str, Any]) -> jax.Array:
    return jnp.asarray([~jnp.all(jnp.isfinite(value)) for value in values.values()], bool)


def _some(found: list[str], total: int) -> str:
    """The first few names: in the order of the program, so the layers nearest to the input come first."""
    if len(found) == total:
        return f"all {total} of them"
    return ", ".join(found[:5]) + (f", ... ({len(found)} of {total})" if len(found) > 5 else "")

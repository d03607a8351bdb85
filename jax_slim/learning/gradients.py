"""What TF-Slim does to gradients between computing and applying them: multiply, clip, summarize."""

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core import names
from jax_slim.core.program import VariableSpec
from jax_slim.core.variables import Variable
from jax_slim.summary.recording import Histogram

Pairs = Iterable[tuple[Any, Any]]


def clip_gradient_norms(gradients_to_variables: Any, max_norm: float) -> Any:
    """Scales down every gradient whose own L2 norm exceeds `max_norm` to that norm.

    Each gradient is clipped by itself, as TF-Slim does; `optax.clip_by_global_norm` clips all together.

    Args:
      gradients_to_variables: a mapping name -> gradient, or TF-Slim's list of (gradient, variable).
        A gradient of None stays None.
      max_norm: the greatest norm allowed.

    Returns:
      The same form, with clipped gradients.
    """

    def clip(gradient: jax.Array) -> jax.Array:
        norm = gradient_norm(gradient)
        # Multiplying by max_norm / max(norm, max_norm) leaves small gradients alone and divides no zero.
        return (gradient * (max_norm / jnp.maximum(norm, max_norm))).astype(jnp.asarray(gradient).dtype)

    return _each(gradients_to_variables, lambda name, gradient: None if gradient is None else clip(gradient))


def clip_gradients_together(gradients: Mapping[str, Any], max_norm: float) -> Any:
    """Scales all gradients down by one factor, so that their joint L2 norm is at most `max_norm`.

    What `optax.clip_by_global_norm` does; directions stay as they are, which clipping each by itself does not keep.
    """
    norm = jnp.sqrt(sum(jnp.square(gradient_norm(gradient)) for gradient in gradients.values()))
    factor = max_norm / jnp.maximum(norm, max_norm)
    return _each(gradients, lambda name, gradient: (gradient * factor).astype(gradient.dtype))


def multiply_gradients(grads_and_vars: Any, gradient_multipliers: Mapping[Any, Any]) -> Any:
    """Multiplies the gradients of the named variables: a learning rate for each of them.

    Args:
      grads_and_vars: a mapping name -> gradient, or TF-Slim's list of (gradient, variable).
      gradient_multipliers: variable name (or record) -> factor. Other gradients stay as they are.

    Returns:
      The same form, with multiplied gradients.

    Raises:
      ValueError: `gradient_multipliers` is not a dict or is empty, names a variable that has no gradient
        here, or one whose gradient is None.
    """
    if not isinstance(gradient_multipliers, Mapping):
        raise ValueError(
            f"multiply_gradients: gradient_multipliers must be a dict name -> factor, got {gradient_multipliers!r}."
        )
    if not gradient_multipliers:
        raise ValueError("multiply_gradients: gradient_multipliers is empty. Leave it out to multiply nothing.")
    factors = {variable_name(key): factor for key, factor in gradient_multipliers.items()}
    known = [name for name, _ in _items(grads_and_vars)]
    for name in factors:
        if name not in known:
            raise ValueError(
                f"multiply_gradients: gradient_multipliers names {name!r}, which has no "
                f"gradient.{names.hint(name, known)}"
            )

    def multiply(name: str, gradient: Any) -> Any:
        if name not in factors:
            return gradient
        if gradient is None:
            raise ValueError(f"multiply_gradients: the gradient of {name!r} is None: the loss does not depend on it.")
        return gradient * jnp.asarray(factors[name], jnp.asarray(gradient).dtype)

    return _each(grads_and_vars, multiply)


def gradient_summaries(gradients: Mapping[str, Any]) -> dict[str, Any]:
    """A histogram '<name>/gradient' and the L2 norm '<name>/gradient_norm' of each gradient, as TF-Slim names them."""
    summaries: dict[str, Any] = {}
    for name, gradient in gradients.items():
        summaries[f"{name}/gradient"] = Histogram(gradient)
        summaries[f"{name}/gradient_norm"] = gradient_norm(gradient)
    return summaries


def gradient_norm(gradient: Any) -> jax.Array:
    """The L2 norm, summed in float32 at least."""
    gradient = jnp.asarray(gradient)
    return jnp.sqrt(jnp.sum(jnp.square(gradient.astype(jnp.promote_types(gradient.dtype, jnp.float32)))))


def variable_name(variable: Any) -> str:
    """The name of a variable, given as a record, a spec or a name."""
    return variable.name if isinstance(variable, Variable | VariableSpec) else str(variable)


def _items(gradients: Any) -> list[tuple[str, Any]]:
    if isinstance(gradients, Mapping):
        return list(gradients.items())
    return [(variable_name(variable), gradient) for gradient, variable in gradients]


def _each(gradients: Any, change: Any) -> Any:
    changed = {name: change(name, gradient) for name, gradient in _items(gradients)}
    if isinstance(gradients, Mapping):
        # `|` keeps the mapping's own kind: a `Variables` stays one.
        return gradients | changed  # pyright: ignore[reportOperatorIssue]
    return [(changed[variable_name(variable)], variable) for _, variable in gradients]

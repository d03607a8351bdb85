"""What went bad when a loss is NaN or infinite: looked for on the device, and only then."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core.class_ids import ClassIds
from jax_slim.kernels.ordering import after


class Diagnosis(NamedTuple):
    """What was not as it should be; False and 0 while the loss is finite.

    Attributes:
      variables: one boolean for each variable: not finite before the step.
      gradients: one for each gradient, in the step.
      entries: for the batch's entries of floats by name: whether one is not finite.
      numbers: for those of integers: the least and the greatest.
      classes: for losses with class ids by name: the least and the greatest id with weight, and how many classes
        there are.
    """

    variables: jax.Array
    gradients: jax.Array
    entries: dict[str, jax.Array]
    numbers: dict[str, jax.Array]
    classes: dict[str, jax.Array]


def diagnose(
    loss: jax.Array,
    variables: Mapping[str, Any],
    gradients: Mapping[str, Any],
    batch: Any = None,
    class_ids: Mapping[str, ClassIds] | None = None,
) -> Diagnosis:
    """Looks through variables, gradients and the batch, if the loss is not finite.

    The search is under a condition on the device: while all is well it costs nothing, and when something is wrong, the
    values of that very step are still there.
    """
    leaves = {f"batch{jax.tree_util.keystr(path)}": leaf for path, leaf in jax.tree.leaves_with_path(batch)}
    floats = {name: leaf for name, leaf in leaves.items() if _is(leaf, jnp.inexact)}
    integers = {name: leaf for name, leaf in leaves.items() if _is(leaf, jnp.integer)}

    def search() -> Diagnosis:
        taken = {f"{name} ({ids.function})": ids for name, ids in (class_ids or {}).items()}
        bad = _not_finite([*variables.values(), *gradients.values(), *floats.values()])
        of_variables, of_gradients, of_floats = jnp.split(bad, [len(variables), len(variables) + len(gradients)])
        return Diagnosis(
            of_variables,
            of_gradients,
            dict(zip(floats, of_floats, strict=True)),
            {name: _limits(leaf) for name, leaf in integers.items()},
            {name: jnp.append(_limits(ids.ids), jnp.int32(ids.classes)) for name, ids in taken.items()},
        )

    def skip() -> Diagnosis:
        return jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), jax.eval_shape(search))

    return jax.lax.cond(jnp.isfinite(loss), skip, search)


def looked_through(gradients: Mapping[str, Any], diagnosis: Diagnosis) -> dict[str, Any]:
    """The same gradients, but not before the search is over.

    It may read every variable. Those that are updated in place before it, as far as a compiler knows, would have to be
    copied first. And it needs all gradients: afterwards nothing else reads variables any more, and none is copied.
    """
    return {name: after(gradient, diagnosis.gradients) for name, gradient in gradients.items()}


def describe(
    diagnosis: Diagnosis, variables: Mapping[str, Any], gradients: Mapping[str, Any], step: int
) -> tuple[str, str]:
    """A sentence on what went bad first, and one on what may help, for the message that ends the run."""
    tame = "Try a lower learning rate, clip_gradient_norm=, or look for a logarithm or division of zero in the loss."
    before = [name for name, bad in zip(variables, diagnosis.variables.tolist(), strict=True) if bad]
    if before:
        left = _some(before, len(variables))
        return f"The gradients of step {step - 1} went bad first: they left NaN or infinity in {left}.", tame
    entries = [name for name, bad in diagnosis.entries.items() if bad]
    if entries:
        came = f"Its batch came with NaN or infinite values in {', '.join(entries)}."
        return came, "Look at what reads or changes the examples; the model is not at fault."
    for loss, found in diagnosis.classes.items():
        least, greatest, classes = found.tolist()
        wrong = [str(end) for end in (least, greatest) if not 0 <= end < classes]
        if wrong:
            reach = [
                f"{name} from {low} to {high}"
                for name, (low, high) in ((name, pair.tolist()) for name, pair in diagnosis.numbers.items())
                if str(low) in wrong or str(high) in wrong
            ]
            message = f"Class ids must be in [0, {classes}), got {' and '.join(wrong)} in {loss}."
            message += f" Among the inputs are {', '.join(reach)}." if reach else ""
            return message, "Count classes from 0, and weigh what is to be ignored with 0: weights=labels != 255."
    now = [name for name, bad in zip(gradients, diagnosis.gradients.tolist(), strict=True) if bad]
    if now:
        return f"All variables were finite before it; its gradients went bad for {_some(now, len(gradients))}.", tame
    return "All variables and gradients are finite: the loss itself overflowed.", tame


def _limits(integers: Any) -> jax.Array:
    """The least and the greatest: int32 [2]; zeros for none."""
    integers = jnp.asarray(integers)
    if not integers.size:
        return jnp.zeros(2, jnp.int32)
    found = jnp.stack([jnp.min(integers), jnp.max(integers)])
    return jnp.clip(found, -(2**31) if integers.dtype.itemsize > 4 else None, 2**31 - 1).astype(jnp.int32)


def _is(leaf: Any, kind: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, kind)


def _not_finite(arrays: Sequence[Any]) -> jax.Array:
    """For each array whether there is NaN or infinity in it.

    Looked for in few operations of few kinds, since a training step is compiled with them and hardly ever runs them:
    for each array alone they were a quarter of the kernels of ResNet-50's step. Less itself, NaN and infinity are NaN
    and all else is 0, so that sums tell of them, and sums over all but the channels are a library's on a CPU. What is
    left, of all arrays side by side, is looked at once.
    """
    vectors = [_by_channel(jnp.asarray(array)) if _is(array, jnp.inexact) else jnp.zeros(0) for array in arrays]
    ends = np.cumsum([0, *(len(vector) for vector in vectors)])
    if not ends[-1]:
        return jnp.zeros(len(arrays), bool)
    found = ~jnp.isfinite(jnp.concatenate(vectors))
    found_before = jnp.append(jnp.int32(0), jnp.cumsum(found, dtype=jnp.int32))[ends]
    return found_before[1:] > found_before[:-1]


def _by_channel(array: jax.Array) -> jax.Array:
    """A vector with NaN or infinity for each channel that has one."""
    if array.dtype.itemsize == 1:  # floats of 8 bits are joined with no others
        array = array.astype(jnp.float32)
    return array.reshape(-1) if array.ndim < 2 else jnp.sum(array - array, tuple(range(array.ndim - 1)))


def _some(found: list[str], total: int) -> str:
    """The first few names: in the order of the program, so the layers nearest to the input come first."""
    if len(found) == total:
        return f"all {total} of them"
    return ", ".join(found[:5]) + (f", ... ({len(found)} of {total})" if len(found) > 5 else "")

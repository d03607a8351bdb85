"""Where variables lie on a mesh, said by their names: replicated, fully sharded, tensor parallel."""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jax_slim.core import names
from jax_slim.parallel.meshes import DATA_AXIS

Rule = Callable[[str, tuple[int, ...]], PartitionSpec]


@dataclasses.dataclass(frozen=True)
class FullySharded:
    """A rule that depends on the mesh; made by `fully_sharded`."""

    axis: str
    min_size: int

    def on(self, mesh: Mesh) -> Rule:
        """The rule for the devices of `mesh`."""
        count = mesh.shape[self.axis]

        def rule(name: str, shape: tuple[int, ...]) -> PartitionSpec:
            del name
            fitting = [index for index, length in enumerate(shape) if length % count == 0]
            if math.prod(shape) < self.min_size or not fitting:
                return PartitionSpec()
            longest = max(fitting, key=lambda index: shape[index])
            return PartitionSpec(*(self.axis if index == longest else None for index in range(len(shape))))

        return rule


def fully_sharded(axis: str = DATA_AXIS, min_size: int = 2**14) -> FullySharded:
    """A rule that cuts every large variable over all devices of a mesh axis, along its longest axis that divides.

    Each device then holds a part of the variables and of the optimizer's state, and gathers what a layer needs when it
    needs it (FSDP, ZeRO-3): memory shrinks with the number of devices.

        slim.learning.train(..., sharding_rules=slim.parallel.fully_sharded())

    Args:
      axis: the mesh axis to cut over.
      min_size: variables with fewer elements stay whole on every device.
    """
    return FullySharded(axis, min_size)


def shardings(
    arrays: Mapping[str, Any], mesh: Mesh, rules: Any, variable_of: Callable[[str], str] = lambda name: name
) -> dict[str, NamedSharding]:
    """The sharding of each array by name.

    Args:
      arrays: name -> anything with a shape.
      mesh: the devices.
      rules: pairs (regular expression for a whole variable name, PartitionSpec), of which the first that matches
        counts; or a function (name, shape) -> PartitionSpec; or `fully_sharded()`; None for whole on every device.
      variable_of: the variable's name within an array's name ('optimizer/0/trace/fc/weights' -> 'fc/weights').

    Raises:
      ValueError: a pattern matches no array; an array cannot be cut as a rule says.
    """
    rule = _as_rule(arrays, mesh, rules, variable_of)
    found = {}
    for name, array in arrays.items():
        spec = rule(variable_of(name), tuple(array.shape))
        # What an optimizer keeps beside a variable may be smaller (a scalar, a row): then it is kept whole.
        if len(spec) > len(array.shape):
            if name != variable_of(name) and not name.startswith("variables/"):
                spec = PartitionSpec()
            else:
                raise ValueError(
                    f"sharding_rules: {variable_of(name)!r} has shape {tuple(array.shape)}, but its rule names "
                    f"{len(spec)} axes: {spec}."
                )
        for length, axes in zip(array.shape, spec, strict=False):
            parts = _parts(mesh, axes)
            if length % parts:
                raise ValueError(
                    f"sharding_rules: {variable_of(name)!r} of shape {tuple(array.shape)} cannot be cut by {spec}: "
                    f"{length} is not a multiple of {parts}."
                )
        found[name] = NamedSharding(mesh, spec)
    return found


def _as_rule(arrays: Mapping[str, Any], mesh: Mesh, rules: Any, variable_of: Callable[[str], str]) -> Rule:
    if rules is None:
        return lambda name, shape: PartitionSpec()
    if isinstance(rules, FullySharded):
        return rules.on(mesh)
    if callable(rules):
        return cast(Rule, rules)
    table = [(re.compile(pattern), spec) for pattern, spec in rules]
    known = [variable_of(name) for name in arrays]
    for pattern, _ in table:
        if not any(pattern.fullmatch(name) for name in known):
            raise ValueError(
                f"sharding_rules: the pattern {pattern.pattern!r} matches no "
                f"variable.{names.hint(pattern.pattern, known)}"
            )

    def rule(name: str, shape: tuple[int, ...]) -> PartitionSpec:
        del shape
        return next((spec for pattern, spec in table if pattern.fullmatch(name)), PartitionSpec())

    return rule


def _parts(mesh: Mesh, axes: Any) -> int:
    """Into how many pieces an axis of an array is cut."""
    count = 1
    for axis in (axes,) if isinstance(axes, str) else axes or ():
        count *= mesh.shape[axis]
    return count

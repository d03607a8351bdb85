"""Variables in a run: references to them, which one a tensor refers to, and where their values are while operations are evaluated."""

import contextlib
import dataclasses
import functools
import secrets
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jax_slim.tf1.graph import errors
from jax_slim.tf1.graph.tensors import Tensor
from jax_slim.tf1.operations import arrays

VARIABLE_TYPES = frozenset({"Variable", "VariableV2", "TemporaryVariable", "VarHandleOp"})
# Operations that hand a reference, or a variable's handle, on.
_PASSING = frozenset(
    {
        "Identity",
        "RefIdentity",
        "Switch",
        "RefSwitch",
        "Enter",
        "RefEnter",
        "RefMerge",
        "Merge",
        "RefSelect",
        "RefNextIteration",
        "RefExit",
    }
)


@dataclasses.dataclass(frozen=True)
class Reference:
    """The value of a variable's own output in a run: not what it holds but which one it is."""

    key: str


def key_of(op: Any) -> str:
    """Under which name a session keeps the value of a variable's operation."""
    shared = op.attrs.get("shared_name") or b""
    container = op.attrs.get("container") or b""
    name = shared.decode() or op.name
    return f"{container.decode()}|{name}" if container else name


def key_of_tensor(tensor: Tensor) -> str | None:
    """Which variable a reference or handle refers to, found in the graph; None for other tensors."""
    op = tensor.op
    while op.type not in VARIABLE_TYPES:
        if not op._inputs:
            return None
        source = op._inputs[tensor.value_index if op.type == "IdentityN" else 0]
        if not (source.dtype._is_ref_dtype or source.dtype.name == "resource"):
            return None
        tensor, op = source, source.op
    return key_of(op)


def is_alias(op: Any) -> bool:
    """Whether an operation is a variable's own `w/read`, which is no snapshot: who runs after an assignment sees the new value."""
    if op.type != "Identity" or not op._inputs[0].dtype._is_ref_dtype:
        return False
    variable = op._inputs[0].op
    return variable.type in VARIABLE_TYPES and op.name == variable.name + "/read"


_SEEDED, _UNSEEDED = "random|", "random?|"


def random_key(op: Any) -> str:
    """Under which name a session keeps how many random numbers an operation has drawn."""
    seeded = op.attrs.get("seed") or op.attrs.get("seed2")
    return f"{_SEEDED if seeded else _UNSEEDED}{op.name}"


def is_random(key: str) -> bool:
    """Whether it is a name that `random_key` gives."""
    return key.startswith((_SEEDED, _UNSEEDED))


def random_start(key: str) -> Any:
    """Where an operation begins in its random numbers: at the first, or, without a seed, anywhere."""
    return np.uint64(0 if key.startswith(_SEEDED) else secrets.randbits(62))


class State:
    """Values by key while operations are evaluated.

    Attributes:
      values: what is known at the start. In a traced program these are its arguments.
      written: what has been written since.
      lock: held while a value is read, where other threads' runs may change what is known.
    """

    def __init__(self, values: Any, on_host: bool, lock: Any = None) -> None:
        self.values, self.written, self.on_host = values, {}, on_host
        self.lock = lock or contextlib.nullcontext()
        self._counted, self._all_good = 0, None  # of the checks so far

    def read(self, key: str) -> Any:
        """A variable's value now.

        Raises:
          FailedPreconditionError: it has none.
        """
        with self.lock:  # runs of other threads give variables' memory away
            found = self.written.get(key)
            if found is None:
                found = self.values.get(key)
            if found is None:
                raise errors.FailedPreconditionError(None, None, f"Attempting to use uninitialized value {key}")
            return np.asarray(found) if self.on_host and not is_traced(found) else found

    def has(self, key: str) -> bool:
        return key in self.written or key in self.values

    def write(self, key: str, value: Any) -> None:
        """Gives a variable a value; in a compiled program only if all that was to be checked before it is well."""
        before = self.written.get(key, self.values.get(key))
        if arrays.CHECKS.found and before is not None and not is_random(key) and _alike(before, value):
            value = jnp.where(self._good(arrays.CHECKS.found), value, before)
        self.written[key] = value

    def _good(self, checks: list[Any]) -> Any:
        if len(checks) != self._counted:
            every = [good for good, _ in checks]
            self._counted, self._all_good = len(every), functools.reduce(jnp.logical_and, every)
        return self._all_good

    def current(self) -> dict[str, Any]:
        """All values now."""
        return {**self.values, **self.written}


def _alike(one: Any, other: Any) -> bool:
    return jnp.shape(one) == jnp.shape(other) and jnp.result_type(one) == jnp.result_type(other)


def is_traced(value: Any) -> bool:
    """Whether a value is part of a program that is being traced."""
    return isinstance(value, Tracer)

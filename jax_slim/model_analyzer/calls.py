"""Watches a program's layers while it is traced: what each is called, makes and returns."""

import dataclasses
import posixpath
import re
from collections.abc import Callable
from typing import Any

import jax

from jax_slim.core import names
from jax_slim.core.model import AbstractRun
from jax_slim.core.program import VariableSpec

_MARK = "slim_call_"
_MARKED = re.compile(rf"{_MARK}(\d+)")


@dataclasses.dataclass
class Call:
    """One call of a layer, loss, metric or summary.

    Attributes:
      function: its name: 'conv2d'.
      inside: the call around it, or None.
      scope: the variable scope that it opened first, if any: 'vgg_16/conv1/conv1_1'.
      op_scope: likewise, the name scope.
      variables: those that it made itself, not through another layer.
      outputs: its results that are arrays, as shapes and dtypes.
      calls: how many layers it called.
    """

    function: str
    inside: "Call | None"
    scope: str | None = None
    op_scope: str | None = None
    variables: list[VariableSpec] = dataclasses.field(default_factory=list)
    outputs: list[jax.ShapeDtypeStruct] = dataclasses.field(default_factory=list)
    calls: int = 0

    @property
    def depth(self) -> int:
        return 0 if self.inside is None else self.inside.depth + 1

    @property
    def name(self) -> str:
        """Its scope; of a layer that opens none itself, the one that its variables share; else the function's name."""
        scopes = [spec.name.rpartition("/")[0] for spec in self.variables]
        return self.scope or self.op_scope or (posixpath.commonpath(scopes) if scopes else "") or self.function


class Watch(AbstractRun):
    """A run that notes every layer's call, and marks its operations so that `call_of` finds them again.

    Attributes:
      calls: in the order in which they began.
      outside: the variables that were made outside of all layers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.outside: list[VariableSpec] = []
        self._open: Call | None = None
        self.op_names, self.scope_counts = _OpNames(self), _ScopeCounts(self)

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        around = self._open
        if around is not None:
            around.calls += 1
        self._open = call = Call(function.__name__, around)
        self.calls.append(call)
        try:
            with jax.named_scope(f"{_MARK}{len(self.calls) - 1}"):
                outputs = super().call(function, args, kwargs)
        finally:
            self._open = around
        arrays = (leaf for leaf in jax.tree.leaves(outputs) if isinstance(leaf, jax.Array))
        call.outputs = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays]
        return outputs

    def call_of(self, scopes: str) -> Call | None:
        """The layer that made an operation, given the name scopes that it was made in."""
        marks = _MARKED.findall(scopes)
        return self.calls[int(marks[-1])] if marks else None

    def make_variable(self, spec: VariableSpec) -> jax.Array:
        (self.outside if self._open is None else self._open.variables).append(spec)
        return super().make_variable(spec)

    def opened_scope(self, scope: str) -> None:
        if self._open is not None and self._open.scope is None:
            self._open.scope = scope

    def opened_op_scope(self, scope: str) -> None:
        if self._open is not None and self._open.op_scope is None:
            self._open.op_scope = scope


class _OpNames(names.OpNames):
    """Tells the watch which names are made."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def unique(self, name: str) -> str:
        made = super().unique(name)
        self._watch.opened_op_scope(made)
        return made


class _ScopeCounts(names.ScopeCounts):
    """Tells the watch which variable scopes are opened."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def open(self, scope: str) -> None:
        super().open(scope)
        self._watch.opened_scope(scope)

"""`Variables`: the values of a model's variables by name, outside of programs. A pytree and a mapping."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jax_slim.core import names
from jax_slim.core.collections import GraphKeys


class Facts(NamedTuple):
    """What is known about a variable besides its value, and does not change."""

    trainable: bool = True
    collections: tuple[str, ...] = (
        GraphKeys.GLOBAL_VARIABLES,
        GraphKeys.MODEL_VARIABLES,
        GraphKeys.TRAINABLE_VARIABLES,
    )


class _Layout:
    """Names and facts, as the static part of the pytree: compared at every jit call, so by identity first."""

    __slots__ = ("_hash", "facts", "names")

    def __init__(self, facts: Mapping[str, Facts]) -> None:
        self.facts = dict(facts)
        self.names = tuple(self.facts)
        self._hash = hash(tuple(self.facts.items()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, _Layout):
            return NotImplemented
        return self._hash == other._hash and self.names == other.names and self.facts == other.facts

    def __repr__(self) -> str:
        return f"<{len(self.names)} variables>"


@jax.tree_util.register_pytree_with_keys_class
class Variables(Mapping[str, Any]):
    """The values of variables by name: an immutable mapping, and a pytree that jit, grad and optax take.

        variables = model.init(jax.random.key(0), images)
        variables["conv1/conv1_1/weights"].shape             # (3, 3, 3, 64)
        grads = jax.grad(loss)(variables.trainable)          # gradients by the same names
        variables = variables | {"fc8/biases": new_biases}   # a copy with another value

    Args:
      values: name -> array.
      facts: name -> `Facts`; by default every variable counts as a trainable model variable.
    """

    __slots__ = ("_layout", "_values")

    def __init__(self, values: Mapping[str, Any], facts: Mapping[str, Facts] | None = None) -> None:
        if facts is None:
            facts = values.facts if isinstance(values, Variables) else {}
        self._values = dict(values)
        self._layout = _Layout({name: facts.get(name, Facts()) for name in self._values})

    @property
    def facts(self) -> Mapping[str, Facts]:
        """Name -> whether it is trainable, and its collections."""
        return self._layout.facts

    @property
    def trainable(self) -> "Variables":
        """Those that gradients are taken with respect to."""
        return self._those(lambda facts: facts.trainable)

    @property
    def model(self) -> "Variables":
        """Those a model's checkpoint holds: MODEL_VARIABLES."""
        return self._those(lambda facts: GraphKeys.MODEL_VARIABLES in facts.collections)

    @property
    def local(self) -> "Variables":
        """Those that are not saved: LOCAL_VARIABLES, such as metric totals."""
        return self._those(lambda facts: GraphKeys.LOCAL_VARIABLES in facts.collections)

    def select(
        self,
        include: Sequence[str] | str | None = None,
        exclude: Sequence[str] | str | None = None,
        scope: str | None = None,
        suffix: str | None = None,
    ) -> "Variables":
        """The variables whose names pass every condition given.

        Args:
          include: regular expressions for the beginning of names; one must match.
          exclude: likewise; none may match.
          scope: a scope: 'vgg_16/fc8' selects what lies below it, and a variable of that very name.
          suffix: the end of the name, in whole parts: 'weights', 'fc8/biases'.

        Raises:
          ValueError: `include` or `exclude` has what is no regular expression.
        """
        included, excluded = _patterns("include", include), _patterns("exclude", exclude) or []

        def keep(name: str) -> bool:
            return (
                (included is None or any(p.match(name) for p in included))
                and not any(p.match(name) for p in excluded)
                and (not scope or f"{name}/".startswith(f"{scope.rstrip('/')}/"))
                and (not suffix or f"/{name}".endswith(f"/{suffix.lstrip('/')}"))
            )

        return self._only([name for name in self._values if keep(name)])

    def only(self, names: Iterable[str]) -> "Variables":
        """Those with these names, in the order that they have here; other names are passed over."""
        wanted = set(names)
        return self._only([name for name in self._values if name in wanted])

    def without(self, others: Mapping[str, Any]) -> "Variables":
        """Those whose names are not in `others`."""
        return self._only([name for name in self._values if name not in others])

    def __or__(self, others: Mapping[str, Any]) -> "Variables":
        """A copy with the values of `others`; names that are new are added."""
        if not isinstance(others, Mapping):
            return NotImplemented
        facts = dict(self.facts)
        if isinstance(others, Variables):
            facts |= others.facts
        return Variables({**self._values, **others}, facts)

    def __ror__(self, others: Mapping[str, Any]) -> "Variables":
        if not isinstance(others, Mapping):
            return NotImplemented
        return Variables(others, self.facts) | self

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"Variables: there is no variable {name!r}.{names.hint(name, self._values)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        rows = [f"  {name!r}: {_described(value)}," for name, value in self._values.items()]
        return "\n".join(["Variables({", *rows, "})"])

    def tree_flatten_with_keys(self) -> tuple[list[tuple[Any, Any]], _Layout]:
        return [(jax.tree_util.DictKey(name), value) for name, value in self._values.items()], self._layout

    def tree_flatten(self) -> tuple[tuple[Any, ...], _Layout]:
        return tuple(self._values.values()), self._layout

    @classmethod
    def tree_unflatten(cls, layout: _Layout, values: Sequence[Any]) -> "Variables":
        made = object.__new__(cls)
        made._values = dict(zip(layout.names, values, strict=True))
        made._layout = layout
        return made

    def _those(self, condition: Any) -> "Variables":
        return self._only([name for name, facts in self.facts.items() if condition(facts)])

    def _only(self, kept: list[str]) -> "Variables":
        return Variables({name: self._values[name] for name in kept}, self.facts)


def _patterns(argument: str, patterns: Sequence[str] | str | None) -> list[re.Pattern[str]] | None:
    if patterns is None:
        return None
    compiled = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        try:
            compiled.append(re.compile(pattern))
        except re.error as error:
            raise ValueError(f"select: {argument} must be regular expressions, got {pattern!r}: {error}.") from None
    return compiled


def _described(value: Any) -> str:
    if isinstance(value, jax.Array | np.ndarray | jax.ShapeDtypeStruct):
        return f"{jnp.dtype(value.dtype).name}{list(value.shape)}" if not _is_key(value) else "key"
    return repr(value)


def _is_key(value: Any) -> bool:
    return jnp.issubdtype(value.dtype, jax.dtypes.prng_key)

"""`ArrangedOnce`: a prepared model's variables, the native kernels' in the order of these and in no other."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.kernels.native import out_of_panels


class ArrangedOnce(Mapping[str, Any]):
    """A model's variables by name, kept in the forms that compiled programs take, so that no program's are kept twice.

        kept = ArrangedOnce(variables)
        arrays = kept.shared(arranged)      # what goes into a program; weights as they were are let go
        kept["conv1/weights"]               # put together again

    Args:
      variables: those of a folded model.
    """

    def __init__(self, variables: Mapping[str, jax.Array]) -> None:
        self._shapes = {name: array.shape for name, array in variables.items()}
        self._whole = dict(variables)
        self._taken: set[str] = set()  # by programs, whole
        self._panels: dict[str, jax.Array] = {}

    def __getitem__(self, name: str) -> jax.Array:
        shape = self._shapes[name]
        return self._whole[name] if name in self._whole else out_of_panels(self._panels[name], shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def shared(self, arranged: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        """A program's arrays, made of the variables; those that another program has already are these."""
        kept = {}
        for name, array in arranged.items():
            if self._shapes.get(name) == array.shape:
                kept[name] = self._whole.setdefault(name, array)
                self._taken.add(name)
            elif array.dtype == jnp.float32:
                kept[name] = self._panels.setdefault(name, array)
            else:  # of bytes and bfloat16 the weights cannot be put together again
                kept[name] = array
        for name in self._panels.keys() - self._taken:
            self._whole.pop(name, None)
        return kept

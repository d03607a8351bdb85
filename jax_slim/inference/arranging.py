"""`ArrangedOnce`: a prepared model's variables, the native kernels' in the order of these and in no other."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.kernels.native import are_panels, out_of_panels


class ArrangedOnce(Mapping[str, Any]):
    """A model's variables by name, kept in the forms that compiled programs take, so that no program's are kept twice.

        kept = ArrangedOnce(variables)
        arrays = kept.shared(arranged)      # what goes into a program; weights as they were are let go
        kept["conv1/weights"]               # put together again

    Args:
      variables: those of a folded model.
      again: makes them once more. Weights that are only kept as bfloat16 or as bytes have to be, when somebody reads
        them, or another program takes them in another form.
    """

    def __init__(self, variables: Mapping[str, jax.Array], again: Callable[[], Mapping[str, jax.Array]]) -> None:
        self._shapes = {name: array.shape for name, array in variables.items()}
        self._whole = dict(variables)
        self._again: Callable[[], Mapping[str, jax.Array]] | None = again
        self._taken: set[str] = set()  # by programs, whole; or kept whole beside what they take
        self._narrow: set[str] = set()  # by programs, as numbers of fewer digits
        self._panels: dict[str, jax.Array] = {}
        self._sums: dict[tuple[str, tuple[int, ...]], jax.Array] = {}  # for Winograd's form, and their shapes

    def __getitem__(self, name: str) -> jax.Array:
        shape = self._shapes[name]
        if name not in self._whole and name not in self._panels:
            assert self._again is not None  # else nothing would have been let go
            made = self._again()
            self._whole |= {name: made[name] for name in self._narrow - self._whole.keys() - self._panels.keys()}
        return self._whole[name] if name in self._whole else out_of_panels(self._panels[name], shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __len__(self) -> int:
        return len(self._shapes)

    def shared(self, arranged: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        """A program's arrays, made of the variables; those that another program has already are these."""
        kept = {}
        for name, array in arranged.items():
            shape = self._shapes.get(name)
            if shape == array.shape:
                kept[name] = self._whole.setdefault(name, array)
                self._taken.add(name)
            elif array.dtype == jnp.float32 and shape is not None and are_panels(array, shape):
                kept[name] = self._panels.setdefault(name, array)
            elif array.dtype == jnp.float32:
                kept[name] = self._sums.setdefault((name, array.shape), array)
                self._taken.add(name)  # they do not give the weights' last digits back
            else:
                kept[name] = array
                if name in self._shapes:
                    self._narrow.add(name)
        gone = self._panels.keys() if self._again is None else self._panels.keys() | self._narrow
        for name in gone - self._taken:
            self._whole.pop(name, None)
        if self._narrow <= self._panels.keys():
            self._again = None  # all can be put together: what they were made of need not be kept for them
        return kept

"""`PreparedProgram`: a function of variables and arrays, split for each size of these, in groups where that pays."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr

from jax_slim.inference.fusing import FusedSplit, in_bfloat16
from jax_slim.inference.grouping import cost_of_examples, in_groups, same_steps, size_of_groups, worth_grouping
from jax_slim.inference.splitting import Split
from jax_slim.kernels import choices

AnySplit = Split | FusedSplit


class PreparedProgram:
    """A function of variables and arrays, in two: what depends on variables alone, and the rest.

        program = PreparedProgram(function, shapes)
        prepared = program.split(arrays).prepare(variables)         # once
        result = program.run(prepared, arrays)                      # that of function(variables, arrays)

    What `slim.kernel_forms` says where it is made holds whenever it runs: other forms make other arrays of variables.

    Args:
      function: gives any pytree of arrays for a dictionary of variables and a list of arrays.
      shapes: name -> shape and dtype of each variable.
      groups: whether a batch may go through in groups, one after the other (see `grouping`).
      derivatives: whether functions with derivatives of their own keep these: what is differentiated needs them.
      native: whether native kernels compute convolutions (see `fusing`). What is prepared is for inputs of these
        sizes, in batches of any. Whether they multiply bfloat16 says `jax.default_matmul_precision` where it is made.
    """

    def __init__(
        self,
        function: Callable[[dict[str, Any], list[Any]], Any],
        shapes: Mapping[str, jax.ShapeDtypeStruct],
        groups: bool = False,
        derivatives: bool = False,
        native: bool = False,
    ) -> None:
        self._function, self._shapes, self._groups, self._derivatives = function, dict(shapes), groups, derivatives
        self._native, self._kernel_forms = native, choices.kind()
        self._bfloat16 = native and in_bfloat16()
        self._splits: dict[Any, tuple[AnySplit, Any]] = {}

    def split(self, arrays: Sequence[Any]) -> AnySplit:
        """The function in two, for arrays of these shapes and dtypes."""
        return self._made(arrays)[0]

    def run(self, prepared: Mapping[str, Any], arrays: Sequence[Any]) -> Any:
        """The function's result, of the arrays that its `split` prepared."""
        split, structure = self._made(arrays)
        size = self._size_of_groups(split, arrays) if self._groups else None
        if size is None:
            results = split.run(prepared, arrays)
        else:
            results = in_groups(lambda some: self.split(some).run(prepared, some), arrays, size)
        return jax.tree.unflatten(structure, results)

    def _made(self, arrays: Sequence[Any]) -> tuple[AnySplit, Any]:
        like = [jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays]
        key = (tuple((*array.shape, str(array.dtype)) for array in like), choices.tuned())
        if key not in self._splits:
            with choices.kernel_forms(self._kernel_forms):
                closed, made = jax.make_jaxpr(self._function, return_shape=True)(self._shapes, like)
            names = sorted(self._shapes)  # a dict of values goes in by the order of its names
            split = (
                FusedSplit(closed, names, self._bfloat16) if self._native else Split(closed, names, self._derivatives)
            )
            self._splits[key] = split, jax.tree.structure(made)
        return self._splits[key]

    def _size_of_groups(self, split: AnySplit, arrays: Sequence[Any]) -> int | None:
        """How many examples are to go through the program together; None for all."""
        lengths = {array.shape[0] if array.shape else None for array in arrays}
        examples = lengths.pop() if len(lengths) == 1 else None
        if not isinstance(examples, int) or examples < 2 or not worth_grouping():
            return None
        whole = _inlined(split, arrays)
        cost = cost_of_examples(whole, len(arrays), examples)
        size = examples if cost is None else size_of_groups(examples, cost)
        if size == examples:
            return None
        few = [jax.ShapeDtypeStruct((size, *array.shape[1:]), array.dtype) for array in arrays]
        smaller = self.split(few)
        return size if same_steps(whole, _inlined(smaller, few)) else None


def _inlined(split: AnySplit, arrays: Sequence[Any]) -> ClosedJaxpr:
    """The program that is left, without functions in it: no operation is hidden in one."""
    whole = jax.make_jaxpr(split.run)(split.shapes, arrays)
    if not split.derivatives:
        return whole
    plain = Split(whole, [])
    return jax.make_jaxpr(lambda *values: plain.run({}, values))(*whole.in_avals)

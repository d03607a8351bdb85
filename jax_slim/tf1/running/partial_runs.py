"""`Session.partial_run`: one run in several steps, each of which gets more feeds and gives more fetches."""

from collections.abc import Iterable
from typing import Any

from jax_slim.tf1.graph import errors
from jax_slim.tf1.graph.tensors import Operation, Tensor
from jax_slim.tf1.running import planning


class PartialRun:
    """What a partial run was set up for, and what of it is done: every operation is computed once in all steps together.

    Attributes:
      values: tensors that were fed or computed and that later steps may need.
    """

    def __init__(self, elements: list[Any], feeds: Iterable[Tensor]) -> None:
        self._fetches = dict.fromkeys((e for e in elements if isinstance(e, Tensor)), False)
        self._operations = [e for e in elements if not isinstance(e, Tensor)]  # which no step can fetch
        self._feeds = dict.fromkeys(feeds, False)
        self._whole = planning.needed(elements, self._feeds)
        self._users: dict[Tensor, list[Operation]] = {}
        for op in self._whole:
            for tensor in op._inputs:
                self._users.setdefault(tensor, []).append(op)
        self._done: set[Operation] = set()
        self.values: dict[Tensor, Any] = {}

    @property
    def is_over(self) -> bool:
        """Whether all was fed and fetched."""
        return not self._operations and all(self._fetches.values()) and all(self._feeds.values())

    def check(self, elements: list[Any], feeds: dict[Tensor, Any]) -> None:
        """Raises where a step asks for something that the run was not set up for, for the second time, or too early."""
        if any(isinstance(e, Operation) for e in elements):
            raise RuntimeError(
                "partial_run() requires empty target_list: operations run as partial_run_setup names them."
            )
        for what, past, given, known in (
            ("feed", "fed", feeds, self._feeds),
            ("fetch", "fetched", elements, self._fetches),
        ):
            for element in given:
                if element not in known:
                    raise errors.InvalidArgumentError(None, None, f"The {what} {element.name} was not specified in partial_run_setup.")  # fmt: skip
                if known[element]:
                    raise errors.InvalidArgumentError(None, None, f"The {what} {element.name} has already been {past}.")
        for element in elements:
            if not self._is_ready(element, {**self.values, **feeds}):
                raise errors.InvalidArgumentError(
                    None, None, f"Fetch {element.name} can't be computed from the feeds that have been fed so far."
                )

    def _is_ready(self, element: Any, known: dict[Tensor, Any]) -> bool:
        """Whether it can be computed without a feed that is still to come."""
        missing = {tensor for tensor in self._feeds if tensor not in known}
        reached = planning.needed([element], known) - self._done
        return not any(t in missing for op in reached for t in (*op._inputs, *op._outputs))

    def step(self, elements: list[Any], feeds: dict[Tensor, Any]) -> list[planning.Part]:
        """The parts that compute what these fetches need and no step before has computed, and operations that can run by now."""
        self.values.update(feeds)
        self._feeds.update(dict.fromkeys(feeds, True))
        self._fetches.update(dict.fromkeys(elements, True))
        ready = [op for op in self._operations if self._is_ready(op, self.values)]
        self._operations = [op for op in self._operations if op not in ready]
        wanted = [e for e in (*elements, *ready) if e not in self.values]
        ops = planning.needed(wanted, self.values) - self._done
        units = planning.units_of(ops, None, self.values)
        outputs = dict.fromkeys(wanted)
        for op in ops:
            # What is inside of a conditional or loop is evaluated with it.
            if op.context is None:
                self._done.add(op)
                outputs.update(dict.fromkeys(t for t in op._outputs if self._is_wanted_later(t, ops)))
        return planning.parts_of(units, outputs, self.values)

    def keep(self, values: dict[Tensor, Any]) -> None:
        """Notes what a step has computed."""
        self.values.update(values)

    def _is_wanted_later(self, tensor: Tensor, now: set[Operation]) -> bool:
        if planning.is_inline(tensor.op):
            return False
        later = any(user not in now or user.context is not None for user in self._users.get(tensor, ()))
        return later or self._fetches.get(tensor) is False

"""Metrics over many batches: a program that returns metrics, compiled, its totals kept on the device."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jax_slim.core.model import Model
from jax_slim.kernels import jit
from jax_slim.metrics._args import REQUIREMENTS

EvalFn = Callable[[Any], Any]


class MetricsProgram:
    """Runs a metrics program over batches; the totals stay on the device until they are asked for.

        program = MetricsProgram(eval_fn)
        for batch in batches:
            program.update(variables, batch)
        results, summaries = program.results(variables)

    Args:
      eval_fn: a slim program: batch -> {name: (value, update)}, or the pair (names to values, names to updates) that
        `aggregate_metric_map` returns.
      function: who asks, for messages.
      seed: of the random key for programs that draw random numbers.
      place: puts a tree of arrays, the totals before the first batch, onto the devices of several processes, whole on
        each. None where there is one process.

    Attributes:
      count: how many batches the totals hold.
    """

    def __init__(
        self,
        eval_fn: EvalFn,
        function: str = "MetricsProgram",
        seed: int = 0,
        place: Callable[[Any], Any] | None = None,
    ) -> None:
        self.count = 0
        self._function = function
        self._seed = seed
        self._place = place
        self._model = Model(lambda batch: _values(function, eval_fn(batch)))
        self._initial: dict[str, Any] | None = None
        self._totals: dict[str, Any] = {}
        self._met: dict[str, Any] = {}
        self._batch: Any = None
        self._add: Any = None
        self._finish: Any = None

    def reset(self) -> None:
        """Empties the totals, for another pass."""
        self.count, self._totals, self._batch = 0, dict(self._initial or {}), None
        self._met = {}

    def update(self, variables: Mapping[str, Any], batch: Any) -> None:
        """Adds a batch to the totals. Does not wait for the device.

        Raises:
          ValueError: a variable of the program is missing or has another shape, or the program updates variables of
            the model.
          TypeError: `eval_fn` returned something else than metrics.
        """
        if self._initial is None:
            # Before the first batch is compiled: were the totals made inside, it would be compiled twice.
            like = batch
            if self._place is not None:  # a batch of which other processes hold parts
                like = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), batch)
            self._compile(dict(self._model.init_local(jax.random.key(self._seed), like)))
        self._totals, met = self._add(dict(variables), self._totals, batch, self.count)
        self._met = {name: self._met[name] & now if name in self._met else now for name, now in met.items()}
        self._batch = batch
        self.count += 1

    def _compile(self, initial: dict[str, Any]) -> None:
        whole = None
        if self._place is not None:
            initial = self._place(initial)
            # Every process reads the results, so each must hold them whole; even where there are no totals.
            whole = self._place(jnp.zeros(())).sharding
        self._initial, self._totals = initial, dict(initial)
        self._add = jit(self._added, out_shardings=whole)
        self._finish = jit(self._final, out_shardings=whole)

    def results(self, variables: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The final values by name, as floats (arrays where a metric is one), and the program's summaries.

        Raises:
          ValueError: there was no batch, or one had values that a metric does not take.
        """
        if not self.count:
            raise ValueError(f"{self._function}: batches gave no batch. Is the iterator used up?")
        for requirement, met in jax.device_get(self._met).items():
            if not met:
                raise ValueError(f"{requirement}, and in some batch they are not.")
        values, summaries = jax.device_get(self._finish(dict(variables), self._totals, self._batch))
        return {name: float(value) if value.ndim == 0 else value for name, value in values.items()}, summaries

    def _added(self, variables: dict[str, Any], totals: dict[str, Any], batch: Any, count: int) -> Any:
        _, collected = self._model.collect(
            variables | totals, batch, rng=jax.random.fold_in(jax.random.key(self._seed), count)
        )
        changed = [name for name in collected.updates if name not in totals]
        if changed:
            raise ValueError(
                f"{self._function}: the program updates {len(changed)} of the model's variables "
                f"({', '.join(changed[:3])}, ...), as batch_norm does in training. Build the net with "
                "is_training=False."
            )
        return totals | collected.updates, collected.collections.get(REQUIREMENTS, {})

    def _final(self, variables: dict[str, Any], totals: dict[str, Any], batch: Any) -> Any:
        # Values depend on the totals alone: where the program has no summaries, the compiler drops the net.
        values, collected = self._model.collect(variables | totals, batch, rng=jax.random.key(self._seed))
        return values, collected.summaries


def _values(function: str, result: Any) -> dict[str, jax.Array]:
    """The values among what an `eval_fn` returned."""
    if isinstance(result, tuple) and len(result) == 2 and all(isinstance(part, Mapping) for part in result):
        return {name: jnp.asarray(value) for name, value in result[0].items()}
    if isinstance(result, Mapping) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in result.values()):
        return {name: jnp.asarray(value) for name, (value, _) in result.items()}
    kind = "an array" if hasattr(result, "shape") else type(result).__name__
    raise TypeError(
        f"{function}: eval_fn must return {{name: (value, update)}} or the pair of dicts that "
        f"slim.metrics.aggregate_metric_map returns, got {kind}."
    )

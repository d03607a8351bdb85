"""Validation on held-out batches within a training run: the best checkpoint, and early stopping."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jax.sharding import Mesh

from jax_slim.core import processes
from jax_slim.data.endings import check_they_end
from jax_slim.data.parts import in_parts
from jax_slim.data.prefetching import prefetch, refuse_no_batches
from jax_slim.metrics.programs import MetricsProgram
from jax_slim.parallel.placing import everywhere, place_batch, put_tree, rows_needed


@dataclasses.dataclass(frozen=True)
class Validation:
    """What to evaluate during training, how often, and what to make of it.

        slim.learning.train(..., validation=slim.learning.Validation(
            eval_fn, lambda: slim.data.Batches(held_out, 100, epochs=1), every_n_steps=200,
            best="accuracy", patience=5))

    Attributes:
      eval_fn: a metrics program, as `evaluation.evaluate_once` takes it; or a `MetricsProgram`, which may judge on the
        host what others compute on the device.
      batches: makes the iterable of held-out batches anew each time.
      every_n_steps: validates after each so many steps, and at the end.
      num_evals: how many batches to take; None means all.
      best: the metric whose best value is kept: with it, the checkpoints of the best steps go to `<logdir>/best`.
      mode: "max" or "min": which values of `best` are better.
      keep_best: how many of the best checkpoints to keep.
      patience: stops training after so many validations in a row that were no better; None never does.
      floor: what `best` is while nothing is learned yet, such as 0 of an average precision: validations count against
        `patience` only once one of them was better than this. None: all of them count.
      moving_average: whether to validate the moving averages of the variables, where training keeps them.
    """

    eval_fn: Callable[[Any], Any] | MetricsProgram
    batches: Callable[[], Iterable[Any]]
    every_n_steps: int = 1000
    num_evals: int | None = None
    best: str | None = None
    mode: str = "max"
    keep_best: int = 1
    patience: int | None = None
    moving_average: bool = False
    floor: float | None = None

    def __post_init__(self) -> None:
        if not callable(self.batches):
            raise TypeError(
                f"Validation: batches must be a function that makes the batches anew, got "
                f"{type(self.batches).__name__}. Write lambda: slim.data.Batches(held_out, 100, epochs=1)."
            )
        if self.every_n_steps < 1:
            raise ValueError(f"Validation: every_n_steps must be 1 or more, got {self.every_n_steps}.")
        if self.mode not in ("max", "min"):
            raise ValueError(f'Validation: mode must be "max" or "min", got {self.mode!r}.')
        if self.patience is not None and (self.best is None or self.patience < 1):
            raise ValueError(f"Validation: patience={self.patience} needs best=, and must be 1 or more.")
        if self.floor is not None and (self.best is None or not math.isfinite(self.floor)):
            raise ValueError(f"Validation: floor={self.floor} needs best=, and must be a finite number.")
        if self.keep_best < 1:
            raise ValueError(f"Validation: keep_best must be 1 or more, got {self.keep_best}.")


def validation_scalars(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The metrics that are single numbers, under the names that they have among a run's scalars."""
    return {f"validation/{name}": value for name, value in metrics.items() if isinstance(value, float)}


class Validator:
    """A `Validation` at work: its compiled program, and the best so far."""

    def __init__(self, validation: Validation, mesh: Mesh, kept: Mapping[str, Any] | None) -> None:
        self.validation = validation
        place = functools.partial(put_tree, shardings=everywhere(mesh)) if processes.several() else None
        given = validation.eval_fn
        self._program = given if isinstance(given, MetricsProgram) else MetricsProgram(given, "Validation", place=place)
        self._rows = rows_needed(mesh)
        self._place = functools.partial(place_batch, mesh=mesh, function="Validation", uneven_everywhere=True)
        kept = kept or {}
        self.best: float | None = kept.get("best")
        self.best_step: int | None = kept.get("best_step")
        self.stale: int = kept.get("stale", 0)  # validations in a row that were no better
        self.step: int | None = kept.get("step")  # the step validated last

    def facts(self) -> dict[str, Any]:
        """What a checkpoint has to keep for a resumed run to judge as an undisturbed one."""
        return {"best": self.best, "best_step": self.best_step, "stale": self.stale, "step": self.step}

    def due(self, step: int, last: bool) -> bool:
        return step > 0 and step != self.step and (last or step % self.validation.every_n_steps == 0)

    def run(self, variables: Mapping[str, Any], step: int) -> tuple[dict[str, Any], bool]:
        """The metrics at this step, and whether they are the best so far."""
        validation = self.validation
        batches = validation.batches()
        refuse_no_batches("Validation", batches, "what batches() returns")
        check_they_end("Validation", batches, validation.num_evals)
        self._program.reset()
        source = in_parts("Validation", iter(batches), self._rows)
        with contextlib.closing(prefetch(source, 2, self._place)) as feed:
            for batch, _ in feed:
                self._program.update(variables, batch)
                if self._program.count == validation.num_evals:
                    break
        metrics, _ = self._program.results(variables)
        self.step = step
        return metrics, self._judge(metrics, step)

    def exhausted(self) -> bool:
        """Whether patience has run out."""
        return self.validation.patience is not None and self.stale >= self.validation.patience

    def _judge(self, metrics: Mapping[str, Any], step: int) -> bool:
        name = self.validation.best
        if name is None:
            return False
        if not isinstance(metrics.get(name), float):
            raise ValueError(
                f"Validation: best={name!r} must name a metric that is one number; there are {', '.join(metrics)}."
            )
        value = metrics[name]
        # NaN is never better, and anything is better than NaN.
        better = not math.isnan(value) and (
            self.best is None or math.isnan(self.best) or self._better(value, self.best)
        )
        if better:
            self.best, self.best_step, self.stale = value, step, 0
        elif self._left_floor():
            self.stale += 1
        return better

    def _better(self, value: float, than: float) -> bool:
        return value > than if self.validation.mode == "max" else value < than

    def _left_floor(self) -> bool:
        floor = self.validation.floor
        return floor is None or (self.best is not None and self._better(self.best, floor))

"""What a run was asked to do, as one object."""

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jax.sharding import Mesh

from jax_slim.core.values import Variables
from jax_slim.data.prefetching import refuse_no_batches
from jax_slim.learning.callbacks import Callback
from jax_slim.learning.train_op import TrainOp
from jax_slim.learning.validation import Validation
from jax_slim.summary.events import EventWriter


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """The arguments of `train`, which says what each means; checked when made."""

    train_op: TrainOp
    logdir: str | os.PathLike[str] | None
    batches: Iterable[Any]
    number_of_steps: int | None
    log_every_n_steps: int | None
    init_fn: Callable[[Variables], Mapping[str, Any]] | None
    save_summaries_secs: float
    save_interval_secs: float
    summary_writer: EventWriter | str | None
    trace_every_n_steps: int | None
    max_to_keep: int | None
    validation: Validation | None
    callbacks: Sequence[Callback]
    mesh: Mesh | None
    sharding_rules: Any
    seed: int
    prefetch_batches: int

    def __post_init__(self) -> None:
        if self.number_of_steps is not None and self.number_of_steps < 0:
            raise ValueError(f"train: number_of_steps must be None or at least 0, got {self.number_of_steps}.")
        if not isinstance(self.train_op, TrainOp):
            raise TypeError(
                "train: train_op must be what slim.learning.create_train_op returned, got "
                f"{type(self.train_op).__name__}."
            )
        if not self.train_op.counts_steps:
            raise ValueError(
                "train: train_op was made with global_step=None, so its steps cannot be counted. Leave that out."
            )
        refuse_no_batches("train", self.batches)
        if self.logdir is None and self.trace_every_n_steps is not None:
            raise ValueError("train: logdir must be a directory where trace_every_n_steps is given, got None.")

    @property
    def directory(self) -> str | None:
        """`logdir` as text."""
        return None if self.logdir is None else os.fspath(self.logdir)

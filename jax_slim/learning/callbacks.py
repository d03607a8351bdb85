"""What a training run calls at its turning points; override what you need."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jax_slim.learning.loop import Run, Step


class Callback:
    """Base class of callbacks for `learning.train(callbacks=[...])`. Every method may be left as it is.

        class Printer(slim.learning.Callback):
            def on_validation(self, run, metrics):
                print(run.step, metrics)

    `run` has `.step`, `.state`, `.variables` and `.stop(reason)`. State and variables are the present ones and must not
    be kept beyond the call (the next step reuses their memory): copy what you want to keep. Reading an array waits for
    the device, so do that rarely.
    """

    def on_start(self, run: "Run") -> None:
        """Before the first step, with the state restored or drawn."""

    def on_step(self, run: "Run", step: "Step") -> None:
        """After a step was sent to the device, at every step: reading `step.loss` here waits for it."""

    def on_summary(self, run: "Run", scalars: dict[str, float]) -> None:
        """When summaries are written."""

    def on_validation(self, run: "Run", metrics: dict[str, Any]) -> None:
        """After a validation."""

    def on_save(self, run: "Run") -> None:
        """After a checkpoint was handed over for writing."""

    def on_end(self, run: "Run") -> None:
        """At the end, also when an exception ends the run."""

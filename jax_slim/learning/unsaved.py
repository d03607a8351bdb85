"""A run without a directory: nothing of it is kept."""

from types import TracebackType
from typing import Any


class Unsaved:
    """In the place of `Checkpoints`: it has none, and takes none."""

    def __enter__(self) -> "Unsaved":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def latest_step(self) -> None:
        """There is no checkpoint."""

    def facts(self, step: int) -> dict[str, Any]:
        """There are none."""
        return {}

    def save(self, step: int, arrays: Any, facts: Any) -> None:
        """Leaves the step unsaved."""

    def wait(self) -> None:
        """Nothing is being written."""

    def abandon(self) -> None:
        """Nothing is being written."""

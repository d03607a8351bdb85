"""What hooks are: `SessionRunHook`, and what they are called with."""

from typing import Any, NamedTuple


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run: fetches, feeds, options."""

    fetches: Any
    feed_dict: Any = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What a hook gets after a run: the values of its fetches, options and metadata."""

    results: Any
    options: Any
    run_metadata: Any


class SessionRunContext:
    """The run that hooks are called for: `original_args`, `session`, and whether it is to be the last."""

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self._original_args, self._session, self._stop_requested = original_args, session, False

    original_args = property(lambda self: self._original_args)
    session = property(lambda self: self._session)
    stop_requested = property(lambda self: self._stop_requested)

    def request_stop(self) -> None:
        """Has `should_stop()` be true after this run."""
        self._stop_requested = True


class SessionRunHook:
    """Called at the turning points of a session that is looked after. All methods may be left as they are."""

    def begin(self) -> None:
        """Before the session is made: the graph may still be changed."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """When the session was made (again): the graph is final."""

    def before_run(self, run_context: SessionRunContext) -> Any:
        """Before each run; may give `SessionRunArgs` to be added to it."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After each run, with the values of what `before_run` asked for."""

    def end(self, session: Any) -> None:
        """At the end, while the session is still open. Not called after an error."""

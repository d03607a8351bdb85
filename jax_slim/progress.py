"""Shows how far a long run is: a bar on a terminal, plain lines everywhere else.

Showing must never harm the run. `Progress.update` costs well under a microsecond when nothing is due to be drawn. It
formats values (and so waits for a device) only when it draws. A stream that breaks silences the display, nothing else.
"""

import collections
import contextlib
import contextvars
import io
import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

_BAR_SECONDS = 0.25  # often enough for an eye; drawing the bar takes less than a millisecond
_LINE_SECONDS = 1.0
_RATE_SECONDS = 30.0  # the rate is that of the last half minute: the first, slow steps are soon forgotten
_NEVER = float("inf")

# The rich console that an enclosing Progress draws on: an inner bar must share it, or both would fight for the cursor.
_console: contextvars.ContextVar[Any] = contextvars.ContextVar("jax_slim_progress_console", default=None)


class Progress:
    """Shows the count, the rate, the time left and the latest values of a long run.

    On a terminal and in a notebook it draws a bar (with `rich` where that is installed), at most four times a second.
    Elsewhere (a file, a pipe) it writes plain lines.

        with Progress(10_000, "train", start=2_000) as progress:
            for step in range(2_000, 10_000):
                loss = train_step(...)
                progress.update(step + 1, loss=loss, examples_per_s=lambda: 32 * (progress.rate or 0))
            progress.print("saved")

        train: 3000/10000 steps (30%), 41.3 steps/s, 2:49 left, loss 0.1234, 1322 examples/s

    Args:
      total: the count at which the run ends; None when it is not known.
      description: a few words before the count.
      unit: what is counted, in the plural.
      stream: where to write; by default the standard error stream.
      log_every: off a terminal, write one line each `log_every` units, no others. None writes about one a second, the
        first and the last always.
      start: the count at which this run begins, when it resumes an earlier one. Rate and time left count from here.
      shown: False shows nothing at all: for all processes of a run but the one that speaks.
    """

    def __init__(
        self,
        total: int | None,
        description: str = "",
        unit: str = "steps",
        stream: TextIO | None = None,
        log_every: int | None = None,
        start: int = 0,
        shown: bool = True,
    ):
        if total is not None and total < 0:
            raise ValueError(f"Progress: total must be None or at least 0, got {total}.")
        if log_every is not None and log_every < 1:
            raise ValueError(f"Progress: log_every must be None or at least 1, got {log_every}.")
        self.total = total
        self.description = description
        self.unit = unit
        self.rate: float | None = None  # units a second, as last drawn; None until two counts are known
        self._stream = (sys.stderr if stream is None else stream) if shown else None
        self._log_every = log_every if shown else None
        self._start = start
        self._done = start
        self._fields: dict[str, Any] = {}
        self._view: _Lines | _PlainBar | _RichBar | _NotebookBar | None = None
        self._began = time.perf_counter()
        self._samples: collections.deque[tuple[float, int]] = collections.deque()
        self._undrawn = False
        self._draw_at_count: float = _NEVER
        self._draw_at_time: float = _NEVER

    def __enter__(self) -> "Progress":
        self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()

    def update(self, done: int, **fields: Any) -> None:
        """Tells that `done` units are done, and the latest values of `fields`.

        A field keeps its last value until it is given again. It may be a number, a scalar array, a string, or a
        function without arguments, called only when it is drawn. `examples_per_s=1322` is shown as "1322 examples/s".
        """
        self._done = done
        self._undrawn = True
        if fields:
            self._fields.update(fields)
        if done >= self._draw_at_count or time.perf_counter() >= self._draw_at_time:
            self._draw()
        elif self._view is None:
            self._open()
            self.update(done)

    def print(self, message: str) -> None:
        """Writes `message` on lines of its own, above the bar where there is one."""
        if self._view is None:
            self._open()
        self._show(lambda view: view.print(message))

    def close(self) -> None:
        """Draws the last state and leaves it standing. Called at the end of the `with`."""
        if self._view is None:
            return
        if self._undrawn and not (self._lines and self._log_every):
            self._draw()
        self._show(lambda view: view.close())
        self._view, self._draw_at_time, self._draw_at_count = None, _NEVER, _NEVER
        self._stream = None

    # Drawing.

    @property
    def _lines(self) -> bool:
        return isinstance(self._view, _Lines)

    def _open(self) -> None:
        if self._view is not None:
            return
        self._view = _Lines(None)  # until the stream has proved to work
        try:
            self._view = _view_for(self._stream)
        except Exception:
            pass
        self._began = time.perf_counter()
        if self._lines and self._log_every:
            self._draw_at_count = (self._start // self._log_every + 1) * self._log_every
        else:
            self._draw_at_time = 0.0
            if not self._lines:
                self._show(lambda view: view.draw(self._start, self.total, self.description, self._detail(None)))

    def _draw(self) -> None:
        now, done = time.perf_counter(), self._done
        self._undrawn = False
        self._measure(now, done)
        self._show(lambda view: view.draw(done, self.total, self.description, self._detail(now)))
        if self._lines and self._log_every:
            self._draw_at_count = (done // self._log_every + 1) * self._log_every
        else:  # counted from after the drawing, so that a slow terminal cannot take all the time
            self._draw_at_time = time.perf_counter() + (_LINE_SECONDS if self._lines else _BAR_SECONDS)
            self._draw_at_count = _NEVER if self.total is None or done >= self.total else self.total

    def _measure(self, now: float, done: int) -> None:
        samples = self._samples
        samples.append((now, done))
        while len(samples) > 2 and samples[1][0] < now - _RATE_SECONDS:
            samples.popleft()
        since, count = samples[0] if len(samples) > 1 else (self._began, self._start)
        # One sample alone tells little: most of its time went into compiling. It must do when the run ends there.
        ended = self.total is not None and done >= self.total
        if (len(samples) > 1 or ended) and now > since and done > count:
            self.rate = (done - count) / (now - since)

    def _detail(self, now: float | None) -> str:
        """The text: '30/100 steps (30%), 41.3 steps/s, 0:02 left, loss 0.1'; of the start when `now` is None."""
        done = self._start if now is None else self._done
        if self.total is None:
            parts = [f"{done} {self.unit}"]
        else:
            parts = [f"{done}/{self.total}"]
            if self._lines:  # a bar shows this, and has little room
                percent = 100 if done >= self.total else 100 * done // self.total
                parts = [f"{done}/{self.total} {self.unit} ({percent}%)"]
        if now is not None:
            if self.rate is not None:
                parts.append(f"{_rate(self.rate)} {self.unit}/s")
            if self.total is not None and done >= self.total:
                parts.append(f"{_clock(now - self._began)} in all")
            elif self.total is not None and self.rate:
                parts.append(f"{_clock((self.total - done) / self.rate)} left")
            parts.extend(_field(name, value) for name, value in self._fields.items())
        return ", ".join(parts)

    def _show(self, act: Callable[[Any], None]) -> None:
        """Lets the view act; one that fails is put away for good: a lost terminal must not stop a training run."""
        try:
            act(self._view)
        except Exception:
            broken, self._view = self._view, _Lines(None)
            try:
                broken.abandon()  # type: ignore[union-attr]
            except Exception:
                pass


def _view_for(stream: TextIO | None) -> "_Lines | _PlainBar | _RichBar | _NotebookBar":
    if stream is not None and stream is sys.stderr and _in_notebook():
        with contextlib.suppress(Exception):
            return _NotebookBar()
    if stream is None or not stream.isatty() or os.environ.get("TERM", "") in ("dumb", "unknown"):
        return _Lines(stream)
    try:
        return _RichBar(stream)
    except ImportError:
        return _PlainBar(stream)


class _Lines:
    """One line a drawing; without a stream, nothing at all."""

    def __init__(self, stream: TextIO | None):
        self._stream = stream

    def draw(self, done: int, total: int | None, description: str, detail: str) -> None:
        self.print(f"{description}: {detail}" if description else detail)

    def print(self, message: str) -> None:
        if self._stream is not None:
            self._stream.write(encodable(message, self._stream) + "\n")
            self._stream.flush()

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class _PlainBar:
    """One line of a terminal, rewritten in place."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._line = ""

    def draw(self, done: int, total: int | None, description: str, detail: str) -> None:
        text = f"{description} " if description else ""
        if total is not None:
            filled = 20 if done >= total else 20 * done // total
            text += f"[{'#' * filled}{'.' * (20 - filled)}] "
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns or 80
        except OSError:
            columns = 80
        self._line = (text + detail)[: max(1, columns - 1)]  # a line that wraps could not be rewritten
        self._write(f"\r{self._line}\x1b[K")

    def print(self, message: str) -> None:
        self._write(f"\r\x1b[K{message}\n{self._line}")

    def close(self) -> None:
        self._write("\n")

    def abandon(self) -> None:
        pass

    def _write(self, text: str) -> None:
        self._stream.write(encodable(text, self._stream))
        self._stream.flush()


class _RichBar:
    """A bar of the rich library. Without rich's own thread: it draws when told to, and an error comes out here."""

    def __init__(self, stream: TextIO):
        from rich import progress as rich_progress
        from rich.console import Console
        from rich.table import Column

        class _Console(Console):
            def on_broken_pipe(self) -> None:  # rich would end the process
                raise BrokenPipeError("the terminal is gone")

        stream = getattr(stream, "rich_proxied_file", stream)  # an outer bar has replaced sys.stderr
        self._outer = console = _console.get()
        if console is None or console.file is not stream:
            console = _Console(file=stream, force_terminal=True, force_interactive=True, force_jupyter=False)
        self._console = console
        self._bar_column = rich_progress.BarColumn()
        self._bar = rich_progress.Progress(
            rich_progress.TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            self._bar_column,
            rich_progress.TextColumn("{task.fields[detail]}", markup=False, table_column=Column(no_wrap=True)),
            console=console,
            auto_refresh=False,
            # What the program prints goes above the bar, but only what would have gone to a terminal anyway.
            redirect_stdout=_is_terminal(sys.stdout),
            redirect_stderr=_is_terminal(sys.stderr),
        )
        self._task: Any = None
        self._bar.start()
        _console.set(console)

    def draw(self, done: int, total: int | None, description: str, detail: str) -> None:
        # The bar gets what the text leaves, and the text is cut before rich would squeeze all of it.
        room = self._console.width - len(description) - 2
        self._bar_column.bar_width = max(6, min(40, room - len(detail)))
        room -= self._bar_column.bar_width
        detail = detail if len(detail) <= room else detail[: max(0, room - 1)] + "…"
        description, detail = (encodable(text, self._console.file) for text in (description, detail))
        if total == 0:  # rich would show a bar of total 0 as not begun
            done = total = 1
        if self._task is None:
            self._task = self._bar.add_task(description, completed=done, total=total, detail=detail)  # draws
        else:
            self._bar.update(self._task, completed=done, total=total, detail=detail, refresh=True)

    def print(self, message: str) -> None:
        message = encodable(message, self._console.file)
        self._console.print(message, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        _console.set(self._outer)
        self._bar.stop()

    def abandon(self) -> None:
        _console.set(self._outer)
        self._console.quiet = True  # nothing more is written, but sys.stdout and sys.stderr come back
        self._bar.stop()


def encodable(text: str, stream: Any) -> str:
    """The text as a stream can take it: what its encoding lacks becomes an escape, such as \\u540d."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class _NotebookBar:
    """rich's bar in the output of a notebook's cell, drawn again in its place. Needs no widgets."""

    def __init__(self) -> None:
        import rich.progress_bar  # noqa: F401 - without rich, lines

        self._display = sys.modules["IPython"].display.display
        self._handle = self._display({"text/plain": ""}, raw=True, display_id=True)

    def draw(self, done: int, total: int | None, description: str, detail: str) -> None:
        from rich.console import Console
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        if total == 0:
            done = total = 1
        row = Table.grid(padding=(0, 1))
        bar = ProgressBar(total, done, width=40, pulse=total is None, animation_time=float(done))
        row.add_row(description, bar, detail)
        console = Console(file=io.StringIO(), record=True, force_terminal=True, width=200, force_jupyter=False)
        console.print(row)
        html = console.export_html(inline_styles=True, code_format=_PRE, clear=False)
        self._handle.update({"text/html": html, "text/plain": console.export_text().rstrip()}, raw=True)

    def print(self, message: str) -> None:
        self._display({"text/plain": message}, raw=True)

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


_PRE = "<pre style='white-space:pre;line-height:normal;font-family:monospace'>{code}</pre>"


def _in_notebook() -> bool:
    """Whether this process runs a notebook's cells, whose output shows HTML: Jupyter's kernels and Colab's."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return type(shell).__name__ in ("ZMQInteractiveShell", "Shell")


def _is_terminal(stream: Any) -> bool:
    try:
        return stream.isatty()
    except Exception:
        return False


def _field(name: str, value: Any) -> str:
    try:
        value = value() if callable(value) else value
        text = " ".join(value.split()) if isinstance(value, str) else _number(value)
    except Exception:  # a donated array, an empty list: not worth the run
        text = "?"
    return f"{text} {name.removesuffix('_per_s')}/s" if name.endswith("_per_s") else f"{name} {text}"


def _number(value: Any) -> str:
    if isinstance(value, (bool, int)):
        return str(value)
    value = float(value)
    return f"{value:.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.4g}"


def _rate(value: float) -> str:
    return f"{value:.0f}" if 100 <= value < 1e7 else f"{value:.3g}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(min(seconds, 1e9) + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24}:{minutes:02}:{seconds:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

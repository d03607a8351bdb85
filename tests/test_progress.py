"""Progress: lines off a terminal, a bar on one, and no harm to the run whatever happens to the stream."""

import errno
import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
import threading
import types

import jax.numpy as jnp
import pytest

from jax_slim import progress as progress_module
from jax_slim.progress import Progress


class Clock:
    """Stands in for the module `time`: moves only when told to."""

    now = 100.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


def run(clock, counts, seconds, stream=None, **kwargs):
    """The lines written by a run that takes `seconds` for each update."""
    stream = io.StringIO() if stream is None else stream
    with Progress(**kwargs, stream=stream) as progress:
        for count in counts:
            clock.now += seconds
            progress.update(count)
    return stream.getvalue().splitlines()


def test_first_and_last_line_and_one_a_second_between(clock):
    lines = run(clock, range(1, 31), 0.125, total=30, description="train")
    assert [line.split()[1] for line in lines] == ["1/30", "9/30", "17/30", "25/30", "30/30"]
    assert lines[0] == "train: 1/30 steps (3%)"  # nothing yet to tell a rate from
    assert lines[1] == "train: 9/30 steps (30%), 8 steps/s, 0:03 left"
    assert lines[-1] == "train: 30/30 steps (100%), 8 steps/s, 0:04 in all"


def test_the_last_line_is_written_when_the_run_ends_early(clock):
    assert run(clock, [1, 2, 3], 0.125, total=None, unit="batches") == ["1 batches", "3 batches, 8 batches/s"]


@pytest.mark.parametrize(("start", "expected"), [(0, [10, 20, 30]), (15, [20, 30])])
def test_log_every_writes_exactly_the_multiples(clock, start, expected):
    lines = run(clock, range(start + 1, 36), 5.0, total=100, log_every=10, start=start)
    assert [int(line.split("/")[0]) for line in lines] == expected


def test_log_every_counts_jumps_once(clock):
    lines = run(clock, [3, 13, 14, 21, 29, 47, 49], 1.0, total=None, log_every=10)
    assert [int(line.split()[0]) for line in lines] == [13, 21, 47]


def test_a_resumed_run_counts_only_itself(clock):
    lines = run(clock, range(5001, 5004), 2.0, total=6000, start=5000)
    assert lines[-1] == "5003/6000 steps (83%), 0.5 steps/s, 33:14 left"
    assert run(clock, [12], 1.0, total=12, start=10) == ["12/12 steps (100%), 2 steps/s, 0:01 in all"]


def test_the_end_is_written_at_once(clock):
    stream = io.StringIO()
    with Progress(2, stream=stream) as progress:
        progress.update(1)
        progress.update(2)
        assert stream.getvalue().splitlines()[-1].startswith("2/2")


def test_the_rate_forgets_the_first_slow_steps(clock):
    stream = io.StringIO()
    with Progress(10_000, stream=stream) as progress:
        clock.now += 500  # compiles
        progress.update(1)
        assert progress.rate is None
        for step in range(2, 1000):
            clock.now += 0.5 if step < 100 else 0.125
            progress.update(step)
    assert progress.rate == pytest.approx(8, rel=1e-2)


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [
        ([], 0, []),
        ([0], 0, ["0/0 steps (100%), 0:01 in all"]),
        ([5], 5, ["5/5 steps (100%), 5 steps/s, 0:01 in all"]),  # one single update is also a run
        ([7], 5, ["7/5 steps (100%), 7 steps/s, 0:01 in all"]),
    ],
)
def test_ends(clock, counts, total, expected):
    assert run(clock, counts, 1.0, total=total) == expected


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3725, "1:02:05"), (90_061, "1d 1:01:01")]
)
def test_clock(seconds, text):
    assert progress_module._clock(seconds) == text


def test_fields_are_read_only_when_drawn(clock):
    calls, stream = [], io.StringIO()
    deleted = jnp.ones(())
    deleted.delete()

    def loss():
        calls.append(1)
        return jnp.float32(0.125)

    with Progress(None, stream=stream) as progress:
        progress.update(1, loss=loss, examples_per_s=1322.4, phase="warm\nup", lost=deleted)
        for step in range(2, 100):
            progress.update(step, loss=loss)
        assert len(calls) == 1
        clock.now += 1
        progress.update(100)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "1 steps, loss 0.125, 1322 examples/s, phase warm up, lost ?"
    assert lines[1] == "100 steps, 99 steps/s, loss 0.125, 1322 examples/s, phase warm up, lost ?"


def test_an_error_passes_and_leaves_the_last_state(clock):
    stream = io.StringIO()

    def counts():
        yield from (1, 2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(clock, counts(), 0.125, total=10, stream=stream)
    assert stream.getvalue().splitlines()[-1].startswith("2/10")


def test_print_off_a_terminal(clock):
    stream = io.StringIO()
    with Progress(10, stream=stream) as progress:
        progress.print("saved [bold]3[/bold]")
    assert stream.getvalue() == "saved [bold]3[/bold]\n"


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", r"\u540d\xe4"), ("cp1252", "\\u540dä"), ("utf-8", "名ä")])
def test_names_that_a_stream_cannot_encode_are_escaped(encoding, shown):
    written = io.BytesIO()
    with Progress(2, "名ä", stream=io.TextIOWrapper(written, encoding, newline="\n")) as progress:
        progress.update(2)
        progress.print("名ä")
        text = written.getvalue().decode(encoding)
    assert text.startswith(f"{shown}: ") and text.endswith(f"\n{shown}\n")
    assert progress_module.encodable("a\udce4", io.TextIOWrapper(io.BytesIO(), "utf-8")) == "a\\udce4"


class Broken(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


class BrokenTerminal(Broken):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    "stream",
    [
        Broken(BrokenPipeError()),
        Broken(OSError(errno.ENOSPC, "no space")),
        Broken(UnicodeEncodeError("ascii", "é", 0, 1, "no")),
        BrokenTerminal(BrokenPipeError()),  # rich by itself would end the process
    ],
    ids=["pipe", "disk", "encoding", "terminal"],
)
def test_a_broken_stream_does_not_stop_the_run(clock, stream, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert run(clock, range(1, 5), 2.0, stream=stream, total=4, description="é") == []


def test_a_closed_or_missing_stream_does_not_stop_the_run(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    for stream in (closed, None):
        with Progress(2, stream=stream) as progress:
            progress.update(1)
            progress.print("saved")
            progress.update(2)
        progress.update(2)  # after the end: nothing
        progress.print("late")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"total": -1}, "Progress: total must be None or at least 0, got -1"),
        ({"total": 3, "log_every": 0}, "Progress: log_every must be None or at least 1, got 0"),
    ],
)
def test_refuses(kwargs, message):
    with pytest.raises(ValueError, match=message):
        Progress(**kwargs)


# On a real pseudo-terminal.


class Terminal:
    """Both ends of a pseudo-terminal: `stream` is what a program writes to, `text()` what a user was sent."""

    def __init__(self):
        self.master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w")
        self._received = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                return
            self._received.append(data)

    def text(self):
        self.stream.close()
        self._reader.join(10)
        return b"".join(self._received).decode()


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    terminal = Terminal()
    yield terminal
    terminal.stream.close()
    terminal._reader.join(10)
    os.close(terminal.master)


def test_bar_on_a_terminal(terminal, clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    with Progress(30, "train [x]", start=10) as progress:
        assert sys.stderr is not terminal.stream  # what the program prints meanwhile goes above the bar
        print("from elsewhere", file=sys.stderr)
        for step in range(11, 31):
            clock.now += 0.125
            progress.update(step, loss=1 / step)
        progress.print("saved [bold]3[/bold] :smile:")
    assert sys.stderr is terminal.stream
    text = terminal.text()
    assert "━" in text
    assert "train [x]" in text
    assert "from elsewhere" in text
    assert "saved [bold]3[/bold] :smile:\r\n" in text
    assert "20/30" not in text  # drawn every 0.25 s: each second update
    assert "21/30, 8 steps/s, 0:01 left, loss 0.04762" in text
    assert "30/30, 8 steps/s, 0:03 in all, loss 0.03333" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor comes back
    assert text.index("from elsewhere") < text.index("21/30")


@pytest.mark.parametrize("total", [0, None])
def test_bar_without_an_end(terminal, total):
    with Progress(total, stream=terminal.stream) as progress:
        progress.update(0)
    assert "0/0" in terminal.text() or total is None


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("80", "━ 30/30, 30 steps/s, 0:01 in all, loss 0.1235, 1322 examples/s"),  # the bar yields to the text
        ("40", "━ 30/30, 30 steps/s, 0:01 in…"),
    ],
)
def test_bar_stays_on_one_line(terminal, clock, monkeypatch, columns, expected):
    monkeypatch.setenv("COLUMNS", columns)
    with Progress(30, "train", stream=terminal.stream) as progress:
        clock.now += 1
        progress.update(30, loss=0.12345, examples_per_s=1322)
    text = re.sub("\x1b\\[[0-9;]*m", "", terminal.text())  # without its colours
    assert expected in text
    assert "train ━" in text
    assert text.count("\n") == 1


def test_a_bar_inside_a_bar(terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal.stream)
    with Progress(3, "train") as outer:
        for step in range(3):
            with Progress(1, "eval") as inner:
                inner.update(1)
                assert inner._view._console is outer._view._console
            outer.update(step + 1)
    text = terminal.text()
    assert text.count("\x1b[?25l") == 1
    assert text.rindex("3/3") > text.rindex("eval")
    assert sys.stderr is terminal.stream


def test_plain_bar_without_rich(terminal, clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    fcntl.ioctl(terminal.stream, termios.TIOCSWINSZ, struct.pack("4H", 24, 60, 0, 0))
    with Progress(10, "train", stream=terminal.stream) as progress:
        clock.now += 1
        progress.update(5, loss=0.5)
        progress.print("saved")
        progress.update(10, phase="x" * 100)
    text = terminal.text()
    assert max(len(line) for line in re.split("[\r\n]", text.replace("\x1b[K", ""))) == 59  # one that wraps stays
    assert "\rtrain [##########..........] 5/10, loss 0.5\x1b[K" in text
    assert "\r\x1b[Ksaved\r\n" in text


@pytest.mark.parametrize("plain", [False, True])
def test_a_terminal_that_goes_away(clock, monkeypatch, plain):
    if plain:
        monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setenv("TERM", "xterm")
    master, slave = pty.openpty()
    stream = os.fdopen(slave, "w")
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(30, "train") as progress:
        progress.update(1)
        os.close(master)
        for step in range(2, 31):
            clock.now += 1
            progress.update(step)
        progress.print("saved")
    assert sys.stderr is stream
    with pytest.raises(OSError, match="Input/output"):  # the text it could not write
        stream.close()


def test_a_dumb_terminal_gets_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    with Progress(2, stream=terminal.stream) as progress:
        progress.update(2)
    assert terminal.text().startswith("2/2 steps (100%)")


def test_a_notebook_gets_a_bar_in_its_cell(monkeypatch):
    shown, lines = [], []

    class Handle:
        def update(self, data, raw):
            shown.append(data)

    def display(data, raw, display_id=False):
        lines.append(data["text/plain"])
        return Handle()

    class ZMQInteractiveShell:
        pass

    shell = types.SimpleNamespace(get_ipython=ZMQInteractiveShell, display=types.SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    with Progress(10, "train") as progress:
        progress.update(5, loss=0.25)
        progress.print("saved <it>")
        progress.update(10, loss=0.125)
    assert lines == ["", "saved <it>"]
    assert "train" in shown[-1]["text/html"]
    assert "loss 0.125" in shown[-1]["text/html"]
    assert "10/10" in shown[-1]["text/plain"]
    assert "<span" in shown[-1]["text/html"]  # the bar's colours

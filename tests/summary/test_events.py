"""EventWriter: what TensorBoard reads back, and what happens when the disk does not want it."""

import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from jax_slim.summary.events import EventWriter, EventWriterError, _limits

ROOT = Path(__file__).parents[2]


def read(logdir):
    """What TensorBoard's own reader finds."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(
        str(logdir), size_guidance={"scalars": 0, "histograms": 0, "images": 0, "tensors": 0}
    )
    return accumulator.Reload()


def write(logdir, *calls):
    with EventWriter(logdir) as writer:
        for method, *arguments in calls:
            getattr(writer, method)(*arguments)
    return read(logdir)


# Scalars.


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (np.float64(0.1), np.float32(0.1)),
        (jnp.bfloat16(1.5), 1.5),
        (jnp.ones((1, 1)), 1.0),
        (True, 1.0),
        (2**31, 2.0**31),
        (float("nan"), np.nan),
        (-1e300, -np.inf),
    ],
)
def test_scalar(tmp_path, value, expected):
    found = write(tmp_path, ("scalar", "losses/total_loss", value, 7)).Scalars("losses/total_loss")
    assert [(event.step, event.value) for event in found] == [(7, pytest.approx(expected, rel=0, nan_ok=True))]
    assert abs(found[0].wall_time - time.time()) < 600


def test_steps_are_64_bits_wide(tmp_path):
    found = write(tmp_path, *[("scalar", "a", 1, step) for step in (0, np.int32(5), jnp.int32(6), 2**62)])
    assert [event.step for event in found.Scalars("a")] == [0, 5, 6, 2**62]


def test_one_file_for_each_writer_and_all_are_read(tmp_path):
    with EventWriter(tmp_path / "run", ".first") as first, EventWriter(tmp_path / "run") as second:
        first.scalar("a", 1, 1)
        second.scalar("b", 2, 2)
    names = sorted(os.listdir(tmp_path / "run"))
    assert len(names) == 2
    assert sum(name.endswith(".first") for name in names) == 1
    assert all(name.startswith("events.out.tfevents.") for name in names)
    assert [path.name for path in sorted((tmp_path / "run").iterdir())] == names
    assert set(read(tmp_path / "run").Tags()["scalars"]) == {"a", "b"}


def test_what_was_written_is_there_before_the_end(tmp_path):
    writer = EventWriter(tmp_path)
    writer.scalar("a", 1, 1)
    assert [event.value for event in read(tmp_path).Scalars("a")] == [1]
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match=r"events.out.tfevents.* is closed"):
        writer.scalar("a", 1, 1)


def test_restart_drops_what_a_killed_run_wrote_too_much(tmp_path, monkeypatch):
    clock = itertools.count(1_700_000_000)
    monkeypatch.setattr("jax_slim.summary.events.time.time", lambda: next(clock))  # files are read in order of time
    for start, end in ((0, 7), (5, 9)):
        with EventWriter(tmp_path) as writer:
            writer.restart(start)
            for step in range(start, end):
                writer.scalar("a", start, step)
    found = [(event.step, event.value) for event in read(tmp_path).Scalars("a")]
    assert found == [(step, 0 if step < 5 else 5) for step in range(9)]


# Histograms.


def test_histogram_counts_in_the_buckets_of_tensorflow(tmp_path):
    values = np.random.default_rng(0).normal(size=(50, 40)).astype(np.float32)
    values[0, :5] = [0, 0, 1e-30, 3e38, -3e38]
    found = write(tmp_path, ("histogram", "w", values, 3)).Histograms("w")[0]
    assert found.step == 3
    histogram = found.histogram_value
    assert histogram.num == sum(histogram.bucket) == values.size
    wide = values.astype(np.float64)
    assert (histogram.min, histogram.max) == (wide.min(), wide.max())
    np.testing.assert_allclose([histogram.sum, histogram.sum_squares], [wide.sum(), np.square(wide).sum()])
    below = -np.inf
    for limit, count in zip(histogram.bucket_limit, histogram.bucket, strict=True):
        assert np.sum((wide >= below) & (wide < limit)) == count
        below = limit
    assert len(histogram.bucket) < 400  # of 1551: empty ones are merged


def test_runs_of_empty_buckets_are_merged(tmp_path):
    histogram = write(tmp_path, ("histogram", "w", [1.0, 2.0], 1)).Histograms("w")[0].histogram_value
    assert histogram.bucket == [0, 1, 0, 1, 0]
    below_one, above_one, below_two, above_two, _ = histogram.bucket_limit
    assert below_one <= 1 < above_one < below_two <= 2 < above_two
    assert above_one == pytest.approx(1.1 * below_one)


def test_the_buckets_are_those_of_tensorflow():
    limits = _limits()
    assert len(limits) == 2 * 775 + 1
    np.testing.assert_allclose(limits[776:779], [1e-12, 1.1e-12, 1.21e-12])
    assert limits[-1] == np.finfo(np.float64).max
    np.testing.assert_array_equal(limits, -limits[::-1])


@pytest.mark.parametrize(
    "values",
    [
        np.array([np.nan, 1.0, np.inf, 2.0, -np.inf]),
        jnp.array([[1, 2]], jnp.bfloat16),
        [1, 2],
        np.array([False, True]) + np.uint8(1),
    ],
    ids=["not finite", "bfloat16", "list", "uint8"],
)
def test_histogram_of_other_values(tmp_path, values):
    histogram = write(tmp_path, ("histogram", "w", values, 1)).Histograms("w")[0].histogram_value
    assert (histogram.min, histogram.max, histogram.num, histogram.sum) == (1, 2, 2, 3)


@pytest.mark.parametrize("values", [np.zeros((0, 3)), np.array([np.nan]), np.array([])])
def test_histogram_of_nothing(tmp_path, values):
    left, right = np.array([np.nan, -np.inf, 0]), np.array([1, 2, np.inf])
    found = write(
        tmp_path,
        ("histogram", "w", values, 1),
        ("histogram", "b", None, 1, (left, right, np.ones(3))),
        ("scalar", "a", 1, 1),
    )
    assert found.Histograms("w")[0].histogram_value.num == 0
    assert found.Histograms("b")[0].histogram_value.num == 0


def test_a_large_histogram_is_counted_in_parts(tmp_path, monkeypatch):
    values = np.random.default_rng(0).normal(size=1000)
    whole = write(tmp_path / "a", ("histogram", "w", values, 1)).Histograms("w")[0].histogram_value
    monkeypatch.setattr("jax_slim.summary.events._CHUNK", 99)
    parts = write(tmp_path / "b", ("histogram", "w", values, 1)).Histograms("w")[0].histogram_value
    assert parts.bucket == whole.bucket
    assert parts.sum == pytest.approx(whole.sum)
    assert (parts.min, parts.max, parts.num) == (whole.min, whole.max, whole.num)


def test_histogram_of_buckets(tmp_path):
    buckets = (jnp.array([0.0, 1, 2, 5]), jnp.array([1.0, 2, 3, 6]), jnp.array([0, 4, 1, 2]))
    histogram = write(tmp_path, ("histogram", "w", None, 1, buckets)).Histograms("w")[0].histogram_value
    assert (histogram.min, histogram.max, histogram.num) == (1, 6, 7)
    assert histogram.bucket_limit == [2, 3, 5, 6]
    assert histogram.bucket == [4, 1, 0, 2]
    assert histogram.sum == 4 * 1.5 + 2.5 + 2 * 5.5
    assert histogram.sum_squares == 4 * 1.5**2 + 2.5**2 + 2 * 5.5**2


def test_histogram_of_equal_values_and_of_edges_with_rounding_errors(tmp_path):
    one = np.full(30, 0.5, np.float32)
    left = np.array([0, 1, 2], np.float32)
    right = np.nextafter(np.array([1, 2, 3], np.float32), np.float32(9))
    found = write(
        tmp_path,
        ("histogram", "equal", None, 1, (one, one, np.eye(30)[0] * 12)),
        ("histogram", "rounded", None, 1, (left, right, np.ones(3))),
    )
    equal = found.Histograms("equal")[0].histogram_value
    assert (equal.min, equal.max, equal.num, equal.sum) == (0.5, 0.5, 12, 6)
    assert found.Histograms("rounded")[0].histogram_value.bucket == [1, 1, 1]


# Images and texts.


def decoded(event):
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(event.encoded_image_string))
    return np.asarray(image)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_image_of_bytes(tmp_path, channels):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    found = write(tmp_path, ("image", "input", image, 2)).Images("input/image")[0]
    assert (found.step, found.width, found.height) == (2, 7, 5)
    np.testing.assert_array_equal(decoded(found).reshape(image.shape), image)


def test_images_are_numbered_as_in_tf1(tmp_path):
    batch = np.stack([np.full((2, 3, 1), shade, np.uint8) for shade in (10, 20, 30, 40)])
    found = write(
        tmp_path, ("image", "a", batch, 1), ("image", "b", jnp.asarray(batch), 1, 1), ("image", "c", batch[:1], 1)
    )
    assert set(found.Tags()["images"]) == {"a/image/0", "a/image/1", "a/image/2", "b/image", "c/image/0"}
    assert decoded(found.Images("a/image/2")[0]).max() == 30


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.25, 0.5], [0, 127, 255]),
        ([-2.0, 0.0, 1.0], [1, 128, 191]),
        ([-1.0, 0.0, 2.0], [64, 128, 255]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
        ([np.nan, 4.0, np.inf], [255, 255, 255]),
        ([np.nan, 0.0, -np.inf], [255, 0, 255]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, jnp.bfloat16])
def test_image_of_floats_is_scaled_as_in_tf1(tmp_path, values, expected, dtype):
    image = np.array(values, dtype).reshape(1, 3, 1)
    np.testing.assert_array_equal(decoded(write(tmp_path, ("image", "a", image, 1)).Images("a/image")[0]), [expected])


def test_pixels_that_are_not_finite_are_red(tmp_path):
    image = np.ones((1, 2, 3))
    image[0, 1, 2] = np.nan
    found = decoded(write(tmp_path, ("image", "a", image, 1)).Images("a/image")[0])
    np.testing.assert_array_equal(found, [[[255, 255, 255], [255, 0, 0]]])


@pytest.mark.parametrize(
    ("text", "shape"), [("# Title\nü", []), (["a", "b"], [2]), ([["a", "b", "c"], ["d", "e", "f"]], [2, 3])]
)
def test_text(tmp_path, text, shape):
    accumulator = write(tmp_path, ("text", "notes", text, 4))
    found = accumulator.Tensors("notes")[0]
    assert found.step == 4
    assert [dim.size for dim in found.tensor_proto.tensor_shape.dim] == shape
    assert [part.decode() for part in found.tensor_proto.string_val] == np.array(text).reshape(-1).tolist()
    assert accumulator.SummaryMetadata("notes").plugin_data.plugin_name == "text"


# Refusals.


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            ("scalar", "a", [1, 2], 1),
            ValueError,
            r"EventWriter.scalar: value must have one element, got shape \(2,\) for 'a'",
        ),
        (("scalar", "a", "text", 1), TypeError, "EventWriter.scalar: value must be real numbers, got dtype <U4"),
        (("scalar", "a", 1j, 1), TypeError, "value must be real numbers, got dtype complex128"),
        (("scalar", "", 1, 1), TypeError, "EventWriter.scalar: tag must be a string that is not empty, got ''"),
        (("scalar", 3, 1, 1), TypeError, "tag must be a string that is not empty, got 3"),
        (("scalar", "a", 1, 1.5), TypeError, "float"),
        (
            ("scalar", "a", 1, 2**63),
            ValueError,
            "EventWriter.scalar: step must fit in 64 bits, got 9223372036854775808",
        ),
        (("histogram", "a", [1], None), TypeError, "EventWriter.histogram: give a step, and either values or buckets"),
        (("histogram", "a", [1], 1, ([1], [1], [1])), TypeError, "either values or buckets"),
        (
            ("histogram", "a", None, 1, ([1, 2], [2, 3], [1])),
            ValueError,
            r"one length .* got shapes \(2,\), \(2,\) and \(1,\)",
        ),
        (("histogram", "a", None, 1, ([1, 0], [2, 1], [1, 1])), ValueError, "edges of buckets must be in order"),
        (("histogram", "a", [1j], 1), TypeError, "EventWriter.histogram: values must be real numbers"),
        (
            ("image", "a", np.ones((2, 2), np.uint8), 1),
            ValueError,
            r"with 1, 3 or 4 channels, got shape \(2, 2\) for 'a'",
        ),
        (("image", "a", np.ones((2, 2, 2), np.uint8), 1), ValueError, r"got shape \(2, 2, 2\)"),
        (("image", "a", np.ones((2, 2, 1), int), 1), TypeError, "array must be uint8 or floats, got int64 for 'a'"),
        (("image", "a", np.ones((2, 2, 1), np.uint8), 1, 0), ValueError, "max_outputs must be at least 1, got 0"),
        (("text", "a", 5, 1), TypeError, "EventWriter.text: text must be a string .* got 5"),
    ],
)
def test_refuses(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        write(tmp_path, call)
    assert read(tmp_path).Tags()["scalars"] == []  # and the file is whole


# Errors.


def test_directories_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(EventWriterError, match=f"EventWriter: cannot write {tmp_path}/file: File exists"):
        EventWriter(tmp_path / "file")
    with pytest.raises(OSError, match=r"EventWriter: cannot write /proc/none.*: No such file or directory") as caught:
        EventWriter("/proc/none")  # read only, to root too
    assert (caught.value.errno, caught.value.filename) == (2, "/proc/none")
    with pytest.raises(ValueError, match="must be on a file system of this machine, got gs://bucket"):
        EventWriter("gs://bucket")


class Full:
    """A file on a disk that becomes full in the middle of a record."""

    def __init__(self, file, room):
        self._file, self.room = file, room

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self._file.__enter__()

    def __exit__(self, *arguments):
        return self._file.__exit__(*arguments)

    def write(self, data):
        if self.room == 0:
            raise OSError(28, "No space left on device")
        written = self._file.write(data[: self.room])
        self.room -= written
        return written


def test_a_full_disk_leaves_a_file_that_can_be_read_and_continued(tmp_path):
    with EventWriter(tmp_path) as writer:
        writer.scalar("a", 1, 1)
        size = os.path.getsize(writer.path)
        writer._file = full = Full(writer._file, room=10)
        for _ in range(2):
            full.room = 10
            with pytest.raises(
                EventWriterError, match=f"cannot write {writer.path}: No space left on device"
            ) as caught:
                writer.scalar("a", 2, 2)
            assert caught.value.errno == 28
            assert os.path.getsize(writer.path) == size
        assert [event.step for event in read(tmp_path).Scalars("a")] == [1]
        full.room = 10_000
        writer.scalar("a", 3, 3)
    assert [event.step for event in read(tmp_path).Scalars("a")] == [1, 3]


def test_a_file_that_was_deleted_is_told(tmp_path):
    with EventWriter(tmp_path / "run") as writer:
        writer.scalar("a", 1, 1)
        writer.flush()
        shutil.rmtree(tmp_path / "run")
        with pytest.raises(EventWriterError, match=r"cannot write .*: No such file or directory"):
            writer.flush()


def test_an_error_at_the_end_does_not_hide_what_ended_the_program(tmp_path, monkeypatch):
    def fsync(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(EventWriterError, match="Input/output error"):
        EventWriter(tmp_path).close()
    with pytest.raises(ZeroDivisionError) as caught, EventWriter(tmp_path):
        raise ZeroDivisionError
    assert "Input/output error" in caught.value.__notes__[0]


# With the real TensorBoard.


def test_neither_tensorflow_nor_the_viewer_is_imported(tmp_path):
    """Nor is anything imported before a writer is made."""
    script = """if True:
        import sys

        class Watch:
            def find_spec(self, name, path=None, target=None):
                asked.append(name)

        asked = []
        sys.meta_path.insert(0, Watch())
        from jax_slim.summary.events import EventWriter
        assert not any(name.startswith("tensorboard") for name in sys.modules)
        with EventWriter(sys.argv[1]) as writer:
            writer.scalar("a", 1, 1)
            writer.histogram("b", [1, 2], 1)
            writer.text("c", "d", 1)
        assert not any(name.split(".")[0] == "tensorflow" for name in asked), asked
        assert "tensorboard.program" not in sys.modules
    """
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr


@pytest.fixture
def tensorboard(tmp_path):
    """Asks a TensorBoard process that shows `tmp_path`; the process and its children end with the test."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(tmp_path), "--host", "127.0.0.1"]
    log = (tmp_path / "log").open("w+")
    server = subprocess.Popen(
        [*command, "--port", "0", "--reload_interval", "1"],
        stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip

    def ask(path, **query):
        """The JSON answer, as soon as there is one that is not empty."""
        while server.poll() is None:
            address = re.search(r"http://127\.0\.0\.1:\d+/", (tmp_path / "log").read_text())  # it takes a free port
            if address:
                url = f"{address[0]}data/{path}?{urllib.parse.urlencode(query)}"
                try:
                    with urllib.request.urlopen(url, timeout=10) as answer:
                        if found := json.load(answer):
                            return found
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    pass
            time.sleep(0.1)
        raise AssertionError(f"TensorBoard has ended: {(tmp_path / 'log').read_text()}")

    try:
        yield ask
    finally:
        try:
            os.killpg(server.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        server.wait()
        log.close()


def test_a_running_tensorboard_shows_everything(tmp_path, tensorboard):
    with EventWriter(tmp_path / "train") as writer:
        writer.scalar("losses/total_loss", 0.5, 10)
        writer.scalar("losses/total_loss", float("nan"), 20)
        writer.histogram("conv1/weights", np.arange(10.0), 10)
        writer.histogram("conv1/gradients", step=10, buckets=(np.arange(3.0), np.arange(1.0, 4.0), np.array([1, 0, 2])))
        writer.image("input", np.zeros((4, 6, 3), np.uint8), 10)
        writer.text("notes", "some *text*", 10)
    scalars = tensorboard("plugin/scalars/tags")
    assert list(scalars["train"]) == ["losses/total_loss"]
    values = tensorboard("plugin/scalars/scalars", run="train", tag="losses/total_loss")
    assert [value[1:] for value in values] == [[10, 0.5], [20, "NaN"]]
    assert set(tensorboard("plugin/histograms/tags")["train"]) == {"conv1/weights", "conv1/gradients"}
    found = tensorboard("plugin/histograms/histograms", run="train", tag="conv1/gradients")
    assert found[0][1] == 10
    assert found[0][2] == [[0, 1, 1], [1, 2, 0], [2, 3, 2]]
    counts = tensorboard("plugin/histograms/histograms", run="train", tag="conv1/weights")[0][2]
    assert sum(count for _, _, count in counts) == 10
    image = tensorboard("plugin/images/images", run="train", tag="input/image", sample=0)[0]
    assert image["step"] == 10
    assert "some <em>text</em>" in tensorboard("plugin/text/text", run="train", tag="notes")[0]["text"]


def test_a_clock_set_back_does_not_hide_what_comes_later(tmp_path, monkeypatch):
    def run(now, value, step):
        monkeypatch.setattr(time, "time", lambda: now)
        with EventWriter(tmp_path) as writer:
            if step > 1:
                writer.restart(step)
            writer.scalar("loss", value, step)

    run(2e9, 3.0, 1)
    run(1e9, 2.0, 2)
    run(1e9, 1.0, 3)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert [name.split(".")[3] for name in names] == ["2000000000", "2000000001", "2000000002"]

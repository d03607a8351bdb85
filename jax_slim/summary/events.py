"""Event files: numbers, histograms, images and texts for TensorBoard, written with its protocol buffers alone.

TensorBoard's own `EventFileWriter` is not used: it imports TensorFlow wherever that is installed, and it writes in a
thread whose death makes `flush` and `close` wait for ever. Here each call hands one whole record to the operating
system, so that a killed process loses nothing, and an error is raised where it happens.
"""

import itertools
import operator
import os
import re
import socket
import struct
import sys
import time
import zlib
from collections.abc import Sequence
from functools import cache
from types import TracebackType
from typing import Any

import numpy as np

_CHUNK = 1 << 20  # values counted at a time, to bound the memory a histogram takes


class EventWriterError(OSError):
    """Events cannot be written. It names the file, and has the `errno` of the cause."""

    def __init__(self, message: str, cause: OSError, path: str) -> None:
        super().__init__(cause.errno, message, path)

    def __str__(self) -> str:
        return str(self.strerror)


class EventWriter:
    """Writes events for TensorBoard into a new file in `logdir`.

        with EventWriter("/tmp/run") as writer:
            writer.scalar("losses/total_loss", 0.25, step=100)
            writer.histogram("conv1/weights", weights, step=100)

    Args:
      logdir: the directory, made when missing; TensorBoard is started with it or a parent of it.
      filename_suffix: comes at the end of the file's name.

    Raises:
      EventWriterError: the file cannot be written, here or in any later call. The record that failed is taken back, so
        that the file stays readable, and later ones may be tried.
    """

    def __init__(self, logdir: str | os.PathLike[str], filename_suffix: str = "") -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2

        if "://" in os.fspath(logdir):
            raise ValueError(f"EventWriter: logdir must be on a file system of this machine, got {logdir}.")
        self._events: Any = event_pb2
        self._summaries: Any = summary_pb2
        self.logdir = os.path.abspath(logdir)
        self.path = self.logdir
        self._file: Any = None
        try:
            os.makedirs(self.logdir, exist_ok=True)
            began = _later_than_others(self.logdir, int(time.time()))
            for number in itertools.count():  # two writers may begin in the same second
                name = f"events.out.tfevents.{began:010d}.{socket.gethostname()}.{os.getpid()}.{number}"
                self.path = os.path.join(self.logdir, name + filename_suffix)
                try:
                    self._file = open(self.path, "xb", buffering=0)  # noqa: PTH123, SIM115
                    break
                except FileExistsError:
                    continue
        except OSError as error:
            raise self._error(error) from error
        self._size = 0
        try:
            self._write(self._events.Event(wall_time=time.time(), file_version="brain.Event:2"))
        except EventWriterError:
            self._file.close()
            raise

    def __enter__(self) -> "EventWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except EventWriterError as failure:
            if error is None:
                raise
            error.add_note(str(failure))  # what ended the program matters more

    def scalar(self, tag: str, value: Any, step: int) -> None:
        """Writes one number, kept as float32. NaN and infinity are written too: TensorBoard marks them.

        Args:
          tag: its name in TensorBoard, such as 'losses/total_loss'.
          value: a number, or an array of one element.
          step: where on the horizontal axis.
        """
        array = _real("scalar", "value", value)
        if array.size != 1:
            raise ValueError(f"EventWriter.scalar: value must have one element, got shape {array.shape} for {tag!r}.")
        with np.errstate(over="ignore"):
            self._add("scalar", tag, step, simple_value=float(array.reshape(()).astype(np.float32)))

    def histogram(
        self,
        tag: str,
        values: Any = None,
        step: int | None = None,
        buckets: tuple[Any, Any, Any] | None = None,
    ) -> None:
        """Writes the distribution of values, or of values counted already.

        Args:
          tag: its name in TensorBoard.
          values: an array of any shape. They are counted in TensorFlow's own buckets, each 10 % wider than the one
            before it, on both sides of 0. What is not finite is left out.
          step: where on the horizontal axis.
          buckets: instead of `values`: left edges, right edges and counts, three arrays of one length, in order.
        """
        if (values is None) == (buckets is None) or step is None:
            raise TypeError("EventWriter.histogram: give a step, and either values or buckets.")
        self._add("histogram", tag, step, histo=_counted(values) if buckets is None else _from_buckets(*buckets))

    def image(self, tag: str, array: Any, step: int, max_outputs: int = 3) -> None:
        """Writes images, under the tags that TF1's `summary.image` gives them.

        Args:
          tag: one image is shown as '<tag>/image', several as '<tag>/image/0', '<tag>/image/1', ...
          array: [H, W, C], or [N, H, W, C], with 1, 3 or 4 channels: gray, red green blue, and those with opacity.
            uint8 is shown as it is. Floats are scaled for each image: to a maximum of 255 when none is negative, else
            so that 0 becomes 128 and nothing leaves 0..255. Pixels that are not finite are shown in red (white in
            gray images).
          step: where on the axis of steps.
          max_outputs: how many of the N images to write, at most.
        """
        array = _numpy(array)
        if array.ndim not in (3, 4) or array.shape[-1] not in (1, 3, 4):
            raise ValueError(
                "EventWriter.image: array must be [H, W, C] or [N, H, W, C] with 1, 3 or 4 channels, got shape "
                f"{array.shape} for {tag!r}."
            )
        if max_outputs < 1:
            raise ValueError(f"EventWriter.image: max_outputs must be at least 1, got {max_outputs}.")
        if array.dtype != np.uint8:
            if array.dtype.kind in "biuc":
                raise TypeError(f"EventWriter.image: array must be uint8 or floats, got {array.dtype} for {tag!r}.")
            array = _real("image", "array", array)
        images = array[None] if array.ndim == 3 else array[:max_outputs]
        for index, image in enumerate(images):
            name = f"{tag}/image" if array.ndim == 3 or max_outputs == 1 else f"{tag}/image/{index}"
            image = image if image.dtype == np.uint8 else _as_bytes(image)
            height, width, channels = image.shape
            proto = {"height": height, "width": width, "colorspace": channels, "encoded_image_string": _png(image)}
            self._add("image", name, step, image=proto)

    def text(self, tag: str, text: str | Sequence[Any], step: int) -> None:
        """Writes a text in Markdown; a list of texts is shown as a table of one column, a list of lists as a table."""
        array = np.asarray(text, dtype=object)
        if array.ndim > 2 or not all(isinstance(part, str) for part in array.flat):
            raise TypeError(f"EventWriter.text: text must be a string or (lists of) lists of strings, got {text!r}.")
        tensor = {
            "dtype": "DT_STRING",
            "tensor_shape": {"dim": [{"size": size} for size in array.shape]},
            "string_val": [part.encode("utf-8", "replace") for part in array.flat],
        }
        self._add("text", tag, step, tensor=tensor, metadata={"plugin_data": {"plugin_name": "text"}})

    def restart(self, step: int) -> None:
        """Tells TensorBoard that a run goes on from `step`: earlier files count only up to it, without it."""
        log = self._events.SessionLog(status=self._events.SessionLog.START)
        self._write(self._events.Event(wall_time=time.time(), step=_step("restart", step), session_log=log))

    def flush(self) -> None:
        """Makes sure that somebody will find the events: all that was written is already in the file.

        Raises:
          EventWriterError: the file has been deleted meanwhile.
        """
        self._open_file()
        try:
            os.stat(self.path)
        except OSError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Makes the file durable and closes it. Calling it again does nothing."""
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            with file:
                os.fsync(file.fileno())
        except OSError as error:
            raise self._error(error) from error

    def _add(self, function: str, tag: str, step: int, **value: Any) -> None:
        if not isinstance(tag, str) or not tag:
            raise TypeError(f"EventWriter.{function}: tag must be a string that is not empty, got {tag!r}.")
        summary = self._summaries.Summary(value=[self._summaries.Summary.Value(tag=tag, **value)])
        self._write(self._events.Event(wall_time=time.time(), step=_step(function, step), summary=summary))

    def _write(self, event: Any) -> None:
        """Appends a record in TensorFlow's framing: length, its checksum, the data, their checksum."""
        file, data = self._open_file(), event.SerializeToString()
        length = struct.pack("<Q", len(data))
        record = memoryview(b"".join([length, _checksum(length), data, _checksum(data)]))
        try:
            while record:
                record = record[file.write(record) :]
        except OSError as error:
            try:  # half a record would hide all that may follow
                file.truncate(self._size)
                file.seek(self._size)
            except OSError:
                pass
            raise self._error(error) from error
        self._size = file.tell()

    def _open_file(self) -> Any:
        if self._file is None:
            raise ValueError(f"EventWriter: {self.path} is closed.")
        return self._file

    def _error(self, cause: OSError) -> EventWriterError:
        return EventWriterError(f"EventWriter: cannot write {self.path}: {cause.strerror or cause}.", cause, self.path)


def _later_than_others(logdir: str, now: int) -> int:
    """`now`, or more where files are there from later: TensorBoard reads them in the order of their names.

    A clock that was set back would hide all that a resumed run writes.
    """
    named = (re.match(r"events\.out\.tfevents\.(\d+)\.", name) for name in os.listdir(logdir))
    return max([now, *(int(found[1]) + 1 for found in named if found and int(found[1]) > now)])


def _step(function: str, step: int) -> int:
    step = operator.index(step)
    if not -(2**63) <= step < 2**63:
        raise ValueError(f"EventWriter.{function}: step must fit in 64 bits, got {step}.")
    return step


def _numpy(value: Any) -> np.ndarray:
    return value if isinstance(value, np.ndarray) else np.asarray(value)


def _real(function: str, name: str, value: Any) -> np.ndarray:
    """`value` as an array of real numbers; bfloat16 and its like as float32."""
    array = _numpy(value)
    if array.dtype.kind not in "biuf":
        try:
            if array.dtype.kind != "V":
                raise TypeError
            array = array.astype(np.float32)
        except TypeError:
            raise TypeError(f"EventWriter.{function}: {name} must be real numbers, got dtype {array.dtype}.") from None
    return array


# Histograms.


@cache
def _limits() -> np.ndarray:
    """The upper ends of TensorFlow's buckets: 0, and from 1e-12 in steps of 10 % to 1e20, on both sides."""
    limits = list(
        itertools.takewhile(
            lambda limit: limit < 1e20, itertools.accumulate(itertools.repeat(1.1), operator.mul, initial=1e-12)
        )
    )
    positive = np.array([*limits, sys.float_info.max])
    return np.concatenate([-positive[::-1], [0.0], positive])


def _counted(values: Any) -> dict[str, Any]:
    values = _real("histogram", "values", values).reshape(-1)
    limits = _limits()
    counts, least, greatest, count, total, squares = np.zeros(len(limits)), np.inf, -np.inf, 0, 0.0, 0.0
    for start in range(0, values.size, _CHUNK):
        part = values[start : start + _CHUNK].astype(np.float64)
        part = part[np.isfinite(part)]
        if part.size:
            index = np.minimum(np.searchsorted(limits, part, side="right"), len(limits) - 1)
            counts += np.bincount(index, minlength=len(limits))
            least, greatest, count = min(least, part.min()), max(greatest, part.max()), count + part.size
            with np.errstate(over="ignore"):
                total, squares = total + part.sum(), squares + np.square(part).sum()
    if not count:
        return _NOTHING
    # Each empty bucket that an empty one follows is left out: the next one reaches back to where it began.
    kept = (counts > 0) | (np.append(counts[1:], 1) > 0)
    return {
        "min": least,
        "max": greatest,
        "num": count,
        "sum": total,
        "sum_squares": squares,
        "bucket_limit": limits[kept].tolist(),
        "bucket": counts[kept].tolist(),
    }


def _from_buckets(left: Any, right: Any, counts: Any) -> dict[str, Any]:
    left, right, counts = (_real("histogram", "buckets", part).astype(np.float64) for part in (left, right, counts))
    if not left.shape == right.shape == counts.shape or left.ndim != 1:
        raise ValueError(
            "EventWriter.histogram: buckets must be three arrays of one length (left edges, right edges, counts), got "
            f"shapes {left.shape}, {right.shape} and {counts.shape}."
        )
    used = (counts > 0) & np.isfinite(left) & np.isfinite(right)
    left, right, counts = left[used], right[used], counts[used]
    if not counts.size:
        return _NOTHING
    # Edges computed in float32 may be a rounding error out of order, and no picture is worth a training run.
    edges = np.stack([left, right], axis=1).reshape(-1)
    ordered = np.maximum.accumulate(edges)
    if np.any(ordered - edges > 1e-5 * (ordered[-1] - edges[0])):
        raise ValueError("EventWriter.histogram: the edges of buckets must be in order, and buckets must not overlap.")
    left, right = ordered[::2], ordered[1::2]
    middle = (left + right) / 2
    limits, filled = [], []
    for before, start, end, number in zip([left[0], *right[:-1]], left, right, counts, strict=True):
        if start > before:  # the file has no left edges: an empty bucket fills the gap
            limits.append(start)
            filled.append(0.0)
        limits.append(end)
        filled.append(number)
    return {
        "min": left[0],
        "max": right[-1],
        "num": counts.sum(),
        "sum": (middle * counts).sum(),
        "sum_squares": (middle**2 * counts).sum(),
        "bucket_limit": limits,
        "bucket": filled,
    }


_NOTHING = {"bucket_limit": [sys.float_info.max], "bucket": [0.0]}


# Images.


def _as_bytes(image: np.ndarray) -> np.ndarray:
    """A float image scaled to 0..255 as TF1's `summary.image` does."""
    image = image.astype(np.float32)
    finite = np.isfinite(image).all(axis=-1, keepdims=True)
    values = np.where(finite, image, 0)
    low, high = values.min(initial=0), values.max(initial=0)
    if low < 0:
        reach = max(-low, high)
        scale, offset = (127.0 / reach if reach >= 1e-6 else 0.0), 128.0
    else:
        scale, offset = (255.0 / high if high >= 1e-6 else 0.0), 0.0
    bad = np.array({1: [255], 3: [255, 0, 0], 4: [255, 0, 0, 255]}[image.shape[-1]])
    return np.where(finite, values * scale + offset, bad).astype(np.uint8)


def _png(image: np.ndarray) -> bytes:
    """A uint8 image [H, W, C] as a PNG file."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, channels = image.shape
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = image.reshape(height, -1)
    parts = (part(b"IHDR", header), part(b"IDAT", zlib.compress(rows.tobytes())), part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# Records.


@cache
def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


def _checksum(data: bytes) -> bytes:
    """The CRC-32C of the data, masked as TensorFlow's records want it."""
    crc, table = 0xFFFFFFFF, _crc_table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

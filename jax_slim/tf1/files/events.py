"""Event files: one record an event, in a file that TensorBoard and TensorFlow read. Each record is on its way to the disk at once."""

import itertools
import os
import socket
import time
from collections.abc import Iterator
from typing import Any

from jax_slim.data.checksums import masked_crc32c
from jax_slim.data.errors import DataLossError
from jax_slim.data.record_streams import records_of
from jax_slim.tf1.files import protos
from jax_slim.tf1.graph import errors


class EventsWriter:
    """Appends events to a file of its own in a folder; the first says which version they have."""

    def __init__(self, logdir: str, filename_suffix: str = "") -> None:
        os.makedirs(logdir, exist_ok=True)
        self._file: Any = None
        for number in itertools.count():  # two writers may begin in the same second
            name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}" + (
                f".{number}" if number else ""
            )
            self.path = os.path.join(logdir, name + filename_suffix)
            try:
                self._file = open(self.path, "xb", buffering=0)  # noqa: PTH123, SIM115
                break
            except FileExistsError:
                continue
        self.write(protos.Event(wall_time=time.time(), file_version="brain.Event:2"))

    def write(self, event: Any) -> None:
        """Appends one event."""
        data = event.SerializeToString()
        length = len(data).to_bytes(8, "little")
        checks = (masked_crc32c(length).to_bytes(4, "little"), masked_crc32c(data).to_bytes(4, "little"))
        self._file.write(length + checks[0] + data + checks[1])

    def flush(self) -> None:
        """All that was written is with the operating system already."""

    def close(self) -> None:
        self._file.close()


def summary_iterator(path: Any) -> Iterator[Any]:
    """The events of a file, in order.

    Raises:
      NotFoundError: there is no such file.
      DataLossError: the file is damaged, or its last record not whole.
    """
    path = os.fspath(path)
    try:
        for _, record in records_of(path, ""):
            yield protos.Event.FromString(bytes(record))
    except FileNotFoundError:
        raise errors.NotFoundError(None, None, f"{path}; No such file or directory") from None
    except DataLossError as error:
        raise errors.DataLossError(None, None, str(error)) from None

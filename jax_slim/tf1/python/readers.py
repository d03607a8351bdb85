"""`tf.TFRecordReader` and its kin: readers of the files whose names a queue holds."""

from typing import Any

from jax_slim.tf1.graph import building
from jax_slim.tf1.graph.tensors import Operation, Tensor


class ReaderBase:
    """Reads records of the files whose names a queue gives."""

    def __init__(self, reader_ref: Tensor, supports_serialize: bool = False) -> None:
        self._ref = reader_ref

    reader_ref = property(lambda self: self._ref)

    @staticmethod
    def _queue(queue: Any) -> Tensor:
        return queue if isinstance(queue, Tensor) else queue.queue_ref

    def read(self, queue: Any, name: str | None = None) -> Any:
        """(key, value) of the next record."""
        return building.make("ReaderReadV2", self._ref, self._queue(queue), name=name)

    def read_up_to(self, queue: Any, num_records: Any, name: str | None = None) -> Any:
        """(keys, values) of up to so many records."""
        return building.make("ReaderReadUpToV2", self._ref, self._queue(queue), num_records, name=name)

    def num_records_produced(self, name: str | None = None) -> Tensor:
        return building.make("ReaderNumRecordsProducedV2", self._ref, name=name)

    def num_work_units_completed(self, name: str | None = None) -> Tensor:
        return building.make("ReaderNumWorkUnitsCompletedV2", self._ref, name=name)

    def reset(self, name: str | None = None) -> Operation:
        return building.make("ReaderResetV2", self._ref, name=name)


class TFRecordReader(ReaderBase):
    """Reads TFRecord files."""

    def __init__(self, name: str | None = None, options: Any = None) -> None:
        packing = (
            ""
            if options is None
            else options.get_compression_type_string(options)
            if hasattr(options, "get_compression_type_string")
            else ""
        )
        super().__init__(building.make("TFRecordReaderV2", compression_type=packing, name=name))


class TextLineReader(ReaderBase):
    """Reads lines of text files."""

    def __init__(self, skip_header_lines: int | None = None, name: str | None = None) -> None:
        super().__init__(building.make("TextLineReaderV2", skip_header_lines=skip_header_lines or 0, name=name))


class WholeFileReader(ReaderBase):
    """Reads each file as one record; the key is its name."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(building.make("WholeFileReaderV2", name=name))


class IdentityReader(ReaderBase):
    """Gives the names themselves."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(building.make("IdentityReaderV2", name=name))


class FixedLengthRecordReader(ReaderBase):
    """Reads pieces of so many bytes."""

    def __init__(
        self,
        record_bytes: int,
        header_bytes: int | None = None,
        footer_bytes: int | None = None,
        hop_bytes: int | None = None,
        name: str | None = None,
        encoding: str | None = None,
    ) -> None:
        super().__init__(building.make(
            "FixedLengthRecordReaderV2", record_bytes=record_bytes, header_bytes=header_bytes or 0, footer_bytes=footer_bytes or 0,
            hop_bytes=hop_bytes or 0, encoding=encoding or "", name=name,
        ))  # fmt: skip

"""Input by queues: producers, readers, queues, batches."""

_BATCHING = ("batch", "batch_join", "maybe_batch", "maybe_batch_join", "shuffle_batch", "shuffle_batch_join", "maybe_shuffle_batch", "maybe_shuffle_batch_join")  # fmt: skip
_PRODUCERS = ("input_producer", "string_input_producer", "range_input_producer", "slice_input_producer", "limit_epochs", "match_filenames_once")  # fmt: skip
_READERS = (
    "ReaderBase",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
    "IdentityReader",
    "FixedLengthRecordReader",
)
_QUEUES = ("QueueBase", "FIFOQueue", "PaddingFIFOQueue", "RandomShuffleQueue", "PriorityQueue")
NAMES = {f"train.{name}": f"python.input:{name}" for name in _PRODUCERS}
NAMES |= {f"train.{name}": f"python.batching:{name}" for name in _BATCHING}
NAMES |= {name: f"python.queues:{name}" for name in _QUEUES}
NAMES |= {name: f"python.readers:{name}" for name in _READERS}
NAMES |= {f"queue.{name}": f"python.queues:{name}" for name in _QUEUES}
NAMES |= {f"io.{name}": f"python.queues:{name}" for name in _QUEUES}
NAMES |= {
    f"train.{name}": f"python.queue_runners:{name}"
    for name in ("QueueRunner", "add_queue_runner", "start_queue_runners")
}
NAMES |= {
    f"train.queue_runner.{name}": f"python.queue_runners:{name}"
    for name in ("QueueRunner", "add_queue_runner", "start_queue_runners")
}

"""Input by queues: producers, readers, queues, batches."""

_INPUT = ("batch", "batch_join", "maybe_batch", "maybe_batch_join", "shuffle_batch", "shuffle_batch_join", "maybe_shuffle_batch", "maybe_shuffle_batch_join",
          "input_producer", "string_input_producer", "range_input_producer", "slice_input_producer", "limit_epochs", "match_filenames_once")  # fmt: skip
_READERS = (
    "ReaderBase",
    "TFRecordReader",
    "TextLineReader",
    "WholeFileReader",
    "IdentityReader",
    "FixedLengthRecordReader",
)
_QUEUES = ("QueueBase", "FIFOQueue", "PaddingFIFOQueue", "RandomShuffleQueue", "PriorityQueue")
NAMES = {f"train.{name}": f"python.input:{name}" for name in _INPUT}
NAMES |= {name: f"python.queues:{name}" for name in (*_READERS, *_QUEUES)}
NAMES |= {f"queue.{name}": f"python.queues:{name}" for name in _QUEUES}
NAMES |= {f"io.{name}": f"python.queues:{name}" for name in _QUEUES}
NAMES |= {
    f"train.{name}": f"python.queues:{name}" for name in ("QueueRunner", "add_queue_runner", "start_queue_runners")
}
NAMES |= {
    f"train.queue_runner.{name}": f"python.queues:{name}"
    for name in ("QueueRunner", "add_queue_runner", "start_queue_runners")
}

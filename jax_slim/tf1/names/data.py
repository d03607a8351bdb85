"""tf.data and tf.contrib.data."""

_SET, _FILES, _ITERATORS = "python.dataset", "python.dataset_files", "python.iterators"
_OUTPUTS = (
    "make_one_shot_iterator",
    "make_initializable_iterator",
    "get_output_types",
    "get_output_shapes",
    "get_output_classes",
)
_EXPERIMENTAL = (
    "unbatch", "map_and_batch", "shuffle_and_repeat", "ignore_errors", "parallel_interleave", "enumerate_dataset", "take_while", "prefetch_to_device", "Counter", "AUTOTUNE",
)  # fmt: skip
NAMES = {
    "data.Dataset": f"{_SET}:Dataset",
    "data.Iterator": f"{_ITERATORS}:Iterator",
    "data.Options": f"{_SET}:Options",
    **{f"data.{name}": f"{_ITERATORS}:{name}" for name in _OUTPUTS},
    **{
        f"data.{name}": f"{_FILES}:{name}"
        for name in ("TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset")
    },
    **{f"data.experimental.{name}": f"{_FILES}:{name}" for name in _EXPERIMENTAL},
    **{
        f"contrib.data.{name}": f"{_FILES}:{name}"
        for name in (
            *_EXPERIMENTAL,
            "batch_and_drop_remainder",
            "padded_batch_and_drop_remainder",
            "TextLineDataset",
            "TFRecordDataset",
            "FixedLengthRecordDataset",
        )
    },
    "contrib.data.Dataset": f"{_SET}:Dataset",
    "contrib.data.Iterator": f"{_ITERATORS}:Iterator",
}

"""tf.data and tf.contrib.data."""

_SET, _FILES, _ITERATORS = "python.dataset", "python.dataset_files", "python.iterators"
_OUTPUTS = (
    "make_one_shot_iterator",
    "make_initializable_iterator",
    "get_output_types",
    "get_output_shapes",
    "get_output_classes",
)
_EXPERIMENTAL = {
    "dataset_files": "CsvDataset",
    "dataset_optionals": "Optional get_next_as_optional",
    "dataset_resampling": "rejection_resample",
    "dataset_tables": "make_csv_dataset make_batched_features_dataset parse_example_dataset",
    "dataset_groups": "Reducer RandomDataset bucket_by_sequence_length choose_from_datasets group_by_reducer group_by_window "
    "sample_from_datasets",
    "dataset_transformations": "AUTOTUNE Counter copy_to_device dense_to_sparse_batch enumerate_dataset get_single_element ignore_errors "
    "map_and_batch map_and_batch_with_legacy_function=map_and_batch parallel_interleave prefetch_to_device scan shuffle_and_repeat "
    "take_while unbatch unique",
}
_CONTRIB = {
    "dataset_files": "TextLineDataset TFRecordDataset FixedLengthRecordDataset",
    "dataset_transformations": "assert_element_shape batch_and_drop_remainder padded_batch_and_drop_remainder sliding_window_batch",
}


def _of(place: str, files: dict[str, str]) -> dict[str, str]:
    return {
        f"{place}.{name.partition('=')[0]}": f"python.{file}:{name.rpartition('=')[2]}"
        for file, names in files.items()
        for name in names.split()
    }


NAMES = {
    "data.Dataset": f"{_SET}:Dataset",
    "data.Iterator": f"{_ITERATORS}:Iterator",
    "data.Options": f"{_SET}:Options",
    **{f"data.{name}": f"{_ITERATORS}:{name}" for name in _OUTPUTS},
    **{
        f"data.{name}": f"{_FILES}:{name}"
        for name in ("TextLineDataset", "TFRecordDataset", "FixedLengthRecordDataset")
    },
    **_of("data.experimental", _EXPERIMENTAL),
    **_of("contrib.data", _EXPERIMENTAL),
    **_of("contrib.data", _CONTRIB),
    "contrib.data.Dataset": f"{_SET}:Dataset",
    "contrib.data.Iterator": f"{_ITERATORS}:Iterator",
}

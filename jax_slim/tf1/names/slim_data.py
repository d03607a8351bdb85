"""`tf.contrib.slim`'s data sets: descriptions, providers, decoders, readers, queues."""

_FILES = {
    "dataset": ("slim_data", "Dataset"),
    "data_provider": ("slim_data", "DataProvider"),
    "dataset_data_provider": ("slim_data", "DatasetDataProvider"),
    "parallel_reader": ("slim_data", "ParallelReader parallel_read single_pass_read get_data_files"),
    "prefetch_queue": ("slim_data", "prefetch_queue"),
    "queues": ("slim_data", "QueueRunners NestedQueueRunnerError"),
    "data_decoder": ("slim_data_decoders", "DataDecoder"),
    "tfexample_decoder": (
        "slim_data_decoders",
        "ItemHandler ItemHandlerCallback BoundingBox BoundingBoxSequence KeypointsSequence NumBoxesSequence Tensor LookupTensor BackupHandler SparseTensor Image TFExampleDecoder TFSequenceExampleDecoder",
    ),
}
NAMES: dict[str, str] = {}
for _file, (_place, _names) in _FILES.items():
    for _module in (f"contrib.slim.{_file}", f"contrib.slim.data.{_file}", f"contrib.slim.python.slim.data.{_file}"):
        for _name in _names.split():
            NAMES[f"{_module}.{_name}"] = f"contrib.{_place}:{_name}"
for _name in _FILES["queues"][1].split():
    NAMES[f"contrib.slim.python.slim.queues.{_name}"] = f"contrib.slim_data:{_name}"

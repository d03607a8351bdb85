"""`tf.contrib.tpu`, as for one device."""

_TPU = (
    "InputPipelineConfig TPUConfig RunConfig TPUEstimatorSpec TPUEstimator CrossShardOptimizer cross_replica_sum initialize_system shutdown_system "
    "rewrite batch_parallel shard repeat outside_compilation bfloat16_scope"
)
NAMES = {f"contrib.tpu.{_name}": f"contrib.tpu:{_name}" for _name in _TPU.split()}
for _file, _names in {
    "tpu_config": "TPUConfig RunConfig InputPipelineConfig",
    "tpu_estimator": "TPUEstimator TPUEstimatorSpec",
    "tpu_optimizer": "CrossShardOptimizer",
    "tpu": "rewrite initialize_system shutdown_system outside_compilation",
    "bfloat16": "bfloat16_scope",
}.items():
    NAMES.update({f"contrib.tpu.python.tpu.{_file}.{_name}": f"contrib.tpu:{_name}" for _name in _names.split()})
for _place in ("contrib.cluster_resolver", "distribute.cluster_resolver"):
    NAMES[f"{_place}.TPUClusterResolver"] = "contrib.tpu:TPUClusterResolver"
NAMES["contrib.tpu.AsyncCheckpointSaverHook"] = "python.hooks:CheckpointSaverHook"

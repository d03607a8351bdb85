"""`tf.train`: optimizers, schedules, averages, savers, sessions that are looked after."""

NAMES = {}
for _file, _names in {
    "python.optimizers": "Optimizer",
    "python.optimizers_descent": "GradientDescentOptimizer MomentumOptimizer AdagradOptimizer AdadeltaOptimizer RMSPropOptimizer AdamOptimizer",
    "python.optimizers_proximal": "FtrlOptimizer ProximalGradientDescentOptimizer ProximalAdagradOptimizer AdagradDAOptimizer",
    "python.optimizers_replicas": "SyncReplicasOptimizer",
    "python.schedules": "exponential_decay natural_exp_decay inverse_time_decay polynomial_decay piecewise_constant cosine_decay "
    "cosine_decay_restarts linear_cosine_decay noisy_linear_cosine_decay",
    "python.moving_averages": "ExponentialMovingAverage",
    "python.global_step": "global_step get_global_step create_global_step get_or_create_global_step assert_global_step",
    "python.saver": "Saver import_meta_graph",
    "python.meta_graph": "export_meta_graph",
    "python.checkpoint_management": "latest_checkpoint get_checkpoint_state update_checkpoint_state generate_checkpoint_state_proto "
    "checkpoint_exists get_checkpoint_mtimes remove_checkpoint load_checkpoint load_variable list_variables NewCheckpointReader checkpoints_iterator",
    "python.checkpoint_initialization": "init_from_checkpoint warm_start VocabInfo",
    "python.coordinator": "Coordinator LooperThread",
    "python.session_manager": "SessionManager",
    "python.supervisor": "Supervisor",
    "python.scaffold": "Scaffold",
    "python.monitored_session": "MonitoredTrainingSession MonitoredSession SingularMonitoredSession SessionCreator ChiefSessionCreator WorkerSessionCreator",
    "python.hook_base": "SessionRunHook SessionRunArgs SessionRunContext SessionRunValues",
    "python.hooks": "LoggingTensorHook StopAtStepHook CheckpointSaverHook CheckpointSaverListener StepCounterHook NanTensorHook NanLossDuringTrainingError "
    "SummarySaverHook GlobalStepWaiterHook FinalOpsHook FeedFnHook ProfilerHook SecondOrStepTimer",
    "python.cluster": "ClusterSpec Server replica_device_setter",
    "python.graph_util": "write_graph",
    "files.protos": "SaverDef ClusterDef JobDef ServerDef CheckpointState Example SequenceExample Features Feature FeatureList FeatureLists "
    "BytesList FloatList Int64List QueueRunnerDef",
}.items():  # fmt: skip
    NAMES.update({f"train.{_name}": f"{_file}:{_name}" for _name in _names.split()})
NAMES |= {
    "train.piecewise_constant_decay": "python.schedules:piecewise_constant",
    "train.BaseSaverBuilder": "python.saver_builder:SaverBuilder",
    "train.basic_train_loop": "python.supervisor:basic_train_loop",
    "train.get_or_create_global_step_read": "python.global_step:get_or_create_global_step_read",
    "train.assign_moving_average": "python.moving_averages:assign_moving_average",
    "train.weighted_moving_average": "python.moving_averages:weighted_moving_average",
    "DeviceSpec": "graph.devices:DeviceSpec",
    "io.write_graph": "python.graph_util:write_graph",
    "GraphDef": "files.protos:GraphDef",
    "NodeDef": "files.protos:NodeDef",
    "AttrValue": "files.protos:AttrValue",
    "NameAttrList": "files.protos:NameAttrList",
    "MetaGraphDef": "files.protos:MetaGraphDef",
    "TensorInfo": "files.protos:TensorInfo",
    "VariableDef": "files.protos:VariableDef",
    "train.VariableDef": "files.protos:VariableDef",
    "import_graph_def": "files.graph_defs:import_graph_def",
    "graph_util.import_graph_def": "files.graph_defs:import_graph_def",
    "python.training.saver.Saver": "python.saver:Saver",
    "python.training.saver.BaseSaverBuilder": "python.saver_builder:SaverBuilder",
    "python.training.saver.BulkSaverBuilder": "python.saver_builder:SaverBuilder",
    "python.training.moving_averages.assign_moving_average": "python.moving_averages:assign_moving_average",
    "python.training.moving_averages.weighted_moving_average": "python.moving_averages:weighted_moving_average",
    "python.framework.meta_graph.import_scoped_meta_graph": "python.meta_graph:import_scoped_meta_graph",
    "python.framework.meta_graph.export_scoped_meta_graph": "python.meta_graph:export_scoped_meta_graph",
    "python.framework.meta_graph.create_meta_graph_def": "python.meta_graph:create_meta_graph_def",
    "python.framework.meta_graph.add_collection_def": "python.meta_graph:add_collection_def",
    "python.framework.meta_graph.read_meta_graph_file": "python.meta_graph:read",
}

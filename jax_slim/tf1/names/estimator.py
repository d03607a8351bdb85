"""`tf.estimator`."""

NAMES: dict[str, str] = {}
for _file, _names in {
    "python.estimator": "Estimator",
    "python.estimator_specs": "EstimatorSpec ModeKeys RunConfig WarmStartSettings",
    "python.estimator_training": "TrainSpec EvalSpec train_and_evaluate Exporter FinalExporter LatestExporter BestExporter",
    "python.checkpoint_initialization": "VocabInfo",
    "python.estimator_canned": "DNNClassifier DNNRegressor LinearClassifier LinearRegressor DNNLinearCombinedClassifier DNNLinearCombinedRegressor "
    "BaselineClassifier BaselineRegressor",
    "python.hook_base": "SessionRunHook SessionRunArgs SessionRunContext SessionRunValues",
    "python.hooks": "LoggingTensorHook StopAtStepHook CheckpointSaverHook CheckpointSaverListener StepCounterHook NanTensorHook NanLossDuringTrainingError "
    "SummarySaverHook GlobalStepWaiterHook FinalOpsHook FeedFnHook ProfilerHook SecondOrStepTimer",
}.items():  # fmt: skip
    NAMES.update({f"estimator.{_name}": f"{_file}:{_name}" for _name in _names.split()})
for _name in ("numpy_input_fn", "pandas_input_fn"):
    NAMES[f"estimator.inputs.{_name}"] = f"python.estimator_inputs:{_name}"
for _name in (
    "ExportOutput",
    "ClassificationOutput",
    "RegressionOutput",
    "PredictOutput",
    "ServingInputReceiver",
    "TensorServingInputReceiver",
    "build_raw_serving_input_receiver_fn",
    "build_parsing_serving_input_receiver_fn",
):
    NAMES[f"estimator.export.{_name}"] = f"python.estimator_export:{_name}"
NAMES |= {
    "contrib.learn.ModeKeys": "python.estimator_specs:ModeKeys",
    "contrib.learn.RunConfig": "python.estimator_specs:RunConfig",
}

"""`tf.keras`: models, optimizers, losses, metrics and callbacks; `tf.train.Checkpoint`."""

NAMES: dict[str, str] = {}
for _file, _places, _names in (
    ("keras_models", ("keras", "keras.models"), "Model Sequential"),
    ("keras_models", ("keras", "keras.layers"), "Input"),
    ("keras_models", ("keras.layers",), "InputLayer"),
    ("keras_optimizers", ("keras.optimizers",), "Optimizer SGD RMSprop Adam Adagrad Adadelta Adamax get"),
    ("keras_callbacks", ("keras.callbacks",), "Callback History LambdaCallback EarlyStopping ModelCheckpoint LearningRateScheduler ReduceLROnPlateau TensorBoard"),
    ("keras_losses", ("keras.losses", "keras.metrics"), ("mean_absolute_percentage_error mean_squared_logarithmic_error hinge squared_hinge logcosh "
     "kullback_leibler_divergence poisson cosine_similarity get")),
    ("keras_losses", ("keras.losses",), "huber_loss"),
    ("keras_losses", ("keras.metrics",), "binary_accuracy categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy sparse_top_k_categorical_accuracy"),
    ("keras_layers", ("keras.metrics",), "categorical_crossentropy mean_squared_error"),
    ("keras_backend", ("keras.metrics",), "binary_crossentropy sparse_categorical_crossentropy mean_absolute_error"),
    ("keras_backend", ("keras.backend",), ("eval get_value set_value batch_get_value batch_set_value variable placeholder function dot batch_flatten ndim gradients "
     "softmax")),
    ("keras_base", ("keras.backend",), "set_learning_phase"),
    ("keras_sessions", ("keras.backend",), "get_session set_session clear_session"),
    ("trackables", ("train",), "Checkpoint CheckpointManager"),
):  # fmt: skip
    NAMES.update({f"{_place}.{_name}": f"python.{_file}:{_name}" for _place in _places for _name in _names.split()})
NAMES["contrib.checkpoint.CheckpointManager"] = NAMES["train.CheckpointManager"]
for _name in (
    "Loss BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError "
    "MeanSquaredLogarithmicError Huber Hinge SquaredHinge KLDivergence Poisson LogCosh"
).split():
    NAMES[f"keras.losses.{_name}"] = f"python.keras_loss_objects:{_name}"
NAMES["keras.layers.LayerNormalization"] = "python.keras_layers_more:LayerNormalization"
